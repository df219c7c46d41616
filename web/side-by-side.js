/**
 * The side-by-side page: a frame for each transport, holding that transport's own chat page, and one composer for all.
 *
 * The page follows nothing itself. It says to its panels who writes and what to post, and passes on from each to the
 * others when a message was sent, so that all of them time the same post.
 */

import { now } from './delivery.js';
import { find, made } from './dom.js';
import { readFromPanel } from './frame-channel.js';
import * as protocol from './protocol.js';
import { keep, kept } from './settings.js';
import { ANSWER_TIMEOUT_MS, LOOK_AGAIN_MS, Panel } from './side-panel.js';
import { makeThemeSwitch, theme } from './theme-switch.js';
import { TRANSPORTS } from './transports.js';
import { Wire } from './wire/wire.js';

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
  controls: find('wire-controls', HTMLElement),
  themeSwitch: find('theme-switch', HTMLButtonElement),
};

/** How long the panels wait for the wire, in milliseconds. */
const WIRE_TIMEOUT_MS = 2_000;

/** @type {Panel[]} */
let panels = [];
/** @type {Wire | undefined} */
let wire;

void start();

async function start() {
  page.user.value = kept('name');
  makeThemeSwitch(page.themeSwitch, () => {
    for (const panel of panels) sendSettings(panel);
    wire?.themed();
  });
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
  }
  if (panels[0]) {
    select(panels[0]);
    setLive(panels[0]);
  }
  layOut();
  showComposer();
  // Where there is no keyboard on the screen to come up for it.
  if (matchMedia('(pointer: fine)').matches) (user() === '' ? page.user : page.text).focus();
  // Before the panels come: only who comes while somebody looks is on the wire.
  await Promise.race([startWire(), new Promise((resolve) => setTimeout(resolve, WIRE_TIMEOUT_MS))]);
  for (const panel of panels) void panel.look();
}

/** @param {Panel} panel */
function sendSettings(panel) {
  panel.send({ type: 'settings', name: user(), theme: theme(), isLive: panel.isLive });
}

function startWire() {
  const started = new Wire(
    panels.map(({ name, title }) => ({ name, title, shortTitle: TRANSPORTS.get(name)?.shortTitle ?? title })),
    () => {
      for (const panel of panels) {
        const element = started.elementOf(panel.name);
        if (element) panel.setInstruments(element);
      }
    },
    (isWrong) => panels.forEach((panel) => panel.send({ type: 'retry', isWrong })),
  );
  wire = started;
  page.controls.replaceWith(started.controls);
  page.panels.parentElement?.before(started.disturbances);
  page.panels.parentElement?.after(started.drawer);
  return started.start();
}

/** The panels that the server names, as soon as it does. */
async function listTransports() {
  for (;;) {
    try {
      const response = await fetch('/transports', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      const list = response.ok ? await response.json() : undefined;
      if (Array.isArray(list)) {
        return list.map(({ name, title, url }) => new Panel(String(name), String(title), originOf(String(url)), sendSettings));
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
    for (const panel of panels) sendSettings(panel);
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
    if (wire?.isRetryWrong) panel.send({ type: 'retry', isWrong: true });
    showComposer();
  } else if (message.type === 'delivered') panel.setFigure(message.figure);
  else if (message.type === 'timed') wire?.delivered(panel.name, message);
  else if (message.type === 'wire') wire?.openMessage(panel.name, message);
  else if (message.type === 'head') panel.setHead(message.bottom);
  else if (message.type === 'state') {
    wire?.state(panel.name, message.isConnected, panel.isConnected);
    panel.isConnected = message.isConnected;
  }
  else if (message.type === 'focused') setLive(panel);
  else if (message.type === 'attempt') wire?.attempted(panel.name);
  else if (message.type === 'given') wire?.given(panel.name, message);
  else if (message.type === 'renamed') wire?.renamed(message.before, message.nonce);
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
    if (panel.isReady) sendSettings(panel);
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
