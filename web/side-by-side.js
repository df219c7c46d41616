/**
 * The side-by-side page: a frame for each transport, holding that transport's own chat page, and one composer for all.
 *
 * The page follows nothing itself. It says to its panels who writes and what to post, and passes on from each to the
 * others when a message was sent, so that all of them time the same post.
 */

import { now } from './delivery.js';
import { readFromPanel } from './frame-channel.js';
import * as protocol from './protocol.js';
import { keep, kept } from './settings.js';
import { makeThemeSwitch, theme } from './theme-switch.js';
import { TRANSPORTS } from './transports.js';

/** From one look at a server that cannot be shown to the next, in milliseconds. */
const LOOK_AGAIN_MS = 2_000;
/** The longest wait for a server's answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 3_000;
/** The longest wait for a panel to speak once its frame is loaded, in milliseconds. */
const PANEL_TIMEOUT_MS = 10_000;
/** Narrower than this the panels are tabs. */
const TABS = matchMedia('(width < 900px)');

const page = {
  say: find('say', HTMLFormElement),
  user: find('user', HTMLInputElement),
  text: find('text', HTMLInputElement),
  target: find('target', HTMLSelectElement),
  send: find('send', HTMLButtonElement),
  hint: find('hint', HTMLElement),
  tabs: find('tabs', HTMLElement),
  panels: find('panels', HTMLElement),
  themeSwitch: find('theme-switch', HTMLButtonElement),
};

/** One transport: its frame, or why there is none. */
class Panel {
  #frame = document.createElement('iframe');
  #notice = made('div', 'panel-notice');
  #isLooking = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #figure = made('span', 'tab-figure', '–');
  isReady = false;
  isLive = false;

  /**
   * @param {string} name
   * @param {string} title
   * @param {string} origin
   */
  constructor(name, title, origin) {
    this.name = name;
    this.title = title;
    this.origin = origin;
    this.element = made('div', 'side-panel');
    this.element.id = `panel-${name}`;
    this.element.dataset.transport = name;
    this.#frame.title = title;
    this.#frame.addEventListener('load', () => this.#loaded());
    this.#notice.append(made('h2', '', title));
    const follows = TRANSPORTS.get(name)?.follows;
    if (follows !== undefined) this.#notice.append(made('p', 'follows', follows));

    this.tab = made('button', '');
    this.tab.id = `tab-${name}`;
    this.tab.type = 'button';
    this.tab.dataset.transport = name;
    this.tab.setAttribute('role', 'tab');
    this.tab.setAttribute('aria-controls', this.element.id);
    this.tab.append(made('span', '', TRANSPORTS.get(name)?.shortTitle ?? title), this.#figure);
  }

  /** @param {MessageEventSource | null} source */
  isFrom(source) {
    return source !== null && source === this.#frame.contentWindow;
  }

  /** @param {import('./frame-channel.js').ToPanel} message */
  send(message) {
    if (this.isReady || message.type === 'settings') this.#frame.contentWindow?.postMessage(message, this.origin);
  }

  sendSettings() {
    this.send({ type: 'settings', name: user(), theme: theme(), isLive: this.isLive });
  }

  /** @param {string} figure */
  setFigure(figure) {
    this.#figure.textContent = figure;
  }

  ready() {
    clearTimeout(this.#timer);
    this.isReady = true;
  }

  /** Looks whether the server can be shown, and shows it; again and again until it can. */
  async look() {
    if (this.#isLooking || this.#frame.isConnected) return;
    this.#isLooking = true;
    clearTimeout(this.#timer);
    try {
      // The answer cannot be read, being another origin's; that there is one says enough.
      await fetch(`${this.origin}/healthz`, { mode: 'no-cors', cache: 'no-store', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      this.#show();
    } catch {
      await this.#explain();
      this.#lookAgain();
    }
    this.#isLooking = false;
  }

  #lookAgain() {
    this.#timer = setTimeout(() => this.look(), LOOK_AGAIN_MS);
  }

  #show() {
    this.#frame.src = `${this.origin}/?panel&theme=${theme()}`;
    this.element.replaceChildren(this.#frame);
  }

  #loaded() {
    this.isReady = false;
    this.sendSettings();
    // A browser's own error page never speaks.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#frame.remove();
      void this.look();
    }, PANEL_TIMEOUT_MS);
  }

  async #explain() {
    // No answer over https while this page's own server, the same program, answers: the browser refuses the certificate.
    const isUntrusted = this.origin.startsWith('https:') && (await isUp());
    const kind = isUntrusted ? 'untrusted' : 'down';
    if (this.#notice.dataset.kind !== kind || !this.#notice.isConnected) {
      this.#notice.dataset.kind = kind;
      this.#notice.querySelector('.state')?.remove();
      for (const old of this.#notice.querySelectorAll('.remedy')) old.remove();
      this.#notice.append(...(isUntrusted ? this.#trustRemedy() : downRemedy(this.origin)));
    }
    if (!this.#notice.isConnected) this.element.replaceChildren(this.#notice);
  }

  #trustRemedy() {
    const sentence = 'Your browser does not trust the certificate that this server made for itself: open its page, tell the browser to go on, and you are led back here.';
    const button = made('button', 'remedy trust-button', 'Open it and trust the certificate');
    button.type = 'button';
    button.addEventListener('click', () => {
      // With an opener, so that the tab can tell this page and close itself.
      window.open(`${this.origin}/?trust=${location.port}`, '_blank');
    });
    return [stateLine('not trusted yet'), made('p', 'remedy sentence', sentence), button];
  }
}

/** @param {string} origin */
function downRemedy(origin) {
  const sentence = `Nothing answers at ${new URL(origin).host}; the panel comes back by itself when its server does.`;
  return [stateLine('no answer'), made('p', 'remedy sentence', sentence)];
}

/** @param {string} words */
function stateLine(words) {
  const line = made('p', 'state remedy');
  line.dataset.state = 'offline';
  const dot = made('span', 'dot');
  dot.setAttribute('aria-hidden', 'true');
  line.append(dot, words);
  return line;
}

/** Whether this page's own server answers. */
async function isUp() {
  try {
    const response = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return response.ok;
  } catch {
    return false;
  }
}

/** @type {Panel[]} */
let panels = [];

void start();

async function start() {
  page.user.value = kept('name');
  makeThemeSwitch(page.themeSwitch, () => panels.forEach((panel) => panel.sendSettings()));
  listen();
  showComposer();
  panels = await listTransports();
  for (const panel of panels) {
    page.panels.append(panel.element);
    page.tabs.append(panel.tab);
    panel.tab.addEventListener('click', () => select(panel));
    const option = made('option', '', panel.title);
    option.value = panel.name;
    page.target.append(option);
    void panel.look();
  }
  if (panels[0]) {
    select(panels[0]);
    setLive(panels[0]);
  }
  layOut();
  showComposer();
  // Where there is no keyboard on the screen to come up for it.
  if (matchMedia('(pointer: fine)').matches) (user() === '' ? page.user : page.text).focus();
}

/** The panels that the server names, as soon as it does. */
async function listTransports() {
  for (;;) {
    try {
      const response = await fetch('/transports', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      const list = response.ok ? await response.json() : undefined;
      if (Array.isArray(list)) {
        return list.map(({ name, title, url }) => new Panel(String(name), String(title), originOf(String(url))));
      }
    } catch {
      // As when it answers with an error: asked again below.
    }
    page.hint.textContent = 'The server does not answer; it is asked again.';
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/**
 * The origin of the page that a transport's server serves.
 * @param {string} url of its `/messages`
 */
function originOf(url) {
  return new URL(url.replace(/^ws/, 'http')).origin;
}

function listen() {
  page.say.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  page.text.addEventListener('input', showComposer);
  page.user.addEventListener('input', () => {
    showComposer();
    keep('name', user());
    for (const panel of panels) panel.sendSettings();
  });
  page.target.addEventListener('change', showComposer);
  page.tabs.addEventListener('keydown', onTabKey);
  TABS.addEventListener('change', layOut);
  addEventListener('focus', () => panels.forEach((panel) => panel.look()));
  addEventListener('message', ({ source, origin, data }) => {
    const message = readFromPanel(data);
    if (!message) return;
    const panel = panels.find((panel) => panel.origin === origin);
    if (!panel) return;
    if (message.type === 'trusted') void panel.look();
    else if (panel.isFrom(source)) hear(panel, message);
  });
}

/**
 * @param {Panel} panel
 * @param {import('./frame-channel.js').FromPanel} message
 */
function hear(panel, message) {
  if (message.type === 'ready') {
    panel.ready();
    showComposer();
  } else if (message.type === 'delivered') panel.setFigure(message.figure);
  else if (message.type === 'focused') setLive(panel);
  else if (message.type === 'sent') {
    for (const other of panels) if (other !== panel) other.send(message);
  }
}

/**
 * Lets one panel speak to screen readers: five would say every message five times.
 * @param {Panel} live
 */
function setLive(live) {
  for (const panel of panels) {
    const isLive = panel === live;
    if (panel.isLive === isLive) continue;
    panel.isLive = isLive;
    if (panel.isReady) panel.sendSettings();
  }
}

// The composer.

function user() {
  return protocol.trimmed(page.user.value);
}

/** The panels that the composer speaks to. */
function targets() {
  return panels.filter(({ name }) => page.target.value === '' || page.target.value === name);
}

/** What keeps the composer from sending, as a sentence. */
function obstacle() {
  if (protocol.scalars(user()) === 0) return 'Your name is needed first.';
  const broken = protocol.userProblem(user()) ?? (page.text.value === '' ? undefined : protocol.textProblem(page.text.value));
  if (broken !== undefined) return broken;
  if (panels.length > 0 && !targets().some(({ isReady }) => isReady)) return 'No panel that could send it has come up yet.';
  return undefined;
}

function submit() {
  const sentAt = now();
  const text = page.text.value;
  if (text === '' || obstacle() !== undefined) {
    if (protocol.userProblem(user()) !== undefined) page.user.focus();
    return;
  }
  page.text.value = '';
  for (const panel of targets()) {
    panel.send({ type: 'post', text, nonce: protocol.newNonce(), sentAt });
  }
  showComposer();
}

function showComposer() {
  const why = obstacle();
  const hasName = protocol.userProblem(user()) === undefined;
  page.text.disabled = !hasName;
  page.text.placeholder = hasName ? 'Say something' : 'Your name first';
  page.send.disabled = why !== undefined || page.text.value === '';
  page.send.title = why ?? (page.text.value === '' ? 'There is nothing to send yet.' : 'Enter sends');
  page.user.setAttribute('aria-invalid', String(page.user.value !== '' && !hasName));
  const left = protocol.MAX_TEXT_SCALARS - protocol.scalars(page.text.value);
  const near = left < 400 ? `${left.toLocaleString('en')} characters left.` : '';
  const hint = why ?? near;
  if (page.hint.textContent !== hint) page.hint.textContent = hint;
}

// Tabs, where there is little room.

/** @param {Panel} chosen */
function select(chosen) {
  for (const panel of panels) {
    const isShown = panel === chosen;
    panel.element.classList.toggle('is-shown', isShown);
    panel.tab.setAttribute('aria-selected', String(isShown));
    panel.tab.tabIndex = isShown ? 0 : -1;
  }
}

/** @param {KeyboardEvent} event */
function onTabKey({ key }) {
  const steps = new Map([['ArrowRight', 1], ['ArrowLeft', -1]]);
  const shown = panels.findIndex(({ tab }) => tab.getAttribute('aria-selected') === 'true');
  const next = key === 'Home' ? 0 : key === 'End' ? panels.length - 1 : shown + (steps.get(key) ?? NaN);
  const panel = panels[(next + panels.length) % panels.length];
  if (!panel) return;
  select(panel);
  panel.tab.focus();
}

/** Tab panels are only that where there are tabs; elsewhere the frame's title names each. */
function layOut() {
  for (const { element, tab } of panels) {
    if (TABS.matches) {
      element.setAttribute('role', 'tabpanel');
      element.setAttribute('aria-labelledby', tab.id);
    } else {
      element.removeAttribute('role');
      element.removeAttribute('aria-labelledby');
    }
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className
 * @param {string} [text]
 */
function made(name, className, text) {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no #${id}`);
  return element;
}
