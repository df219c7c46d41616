/** A panel of the side-by-side page: the frame of one transport's own page, with room for the page's instruments in it. */

import { made } from './dom.js';
import { theme } from './theme-switch.js';
import { TRANSPORTS } from './transports.js';

/** From one look at a server that cannot be shown to the next, in milliseconds. */
export const LOOK_AGAIN_MS = 2_000;
/** The longest wait for a server's answer, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 3_000;
/** The longest wait for a panel to speak once its frame is loaded, in milliseconds. */
const PANEL_TIMEOUT_MS = 10_000;

/** One transport: its frame, or why there is none. */
export class Panel {
  #frame = document.createElement('iframe');
  #notice = made('div', 'panel-notice');
  #isLooking = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #figure = made('span', 'tab-figure', '–');
  isReady = false;
  isLive = false;
  isConnected = false;
  #onLoad;
  /** What the page puts under the panel's head. @type {HTMLElement | undefined} */
  #instruments;
  /** Where the panel's head ends, in pixels; nothing until it says so. @type {number | undefined} */
  #headBottom;
  #sizes = new ResizeObserver(() => this.#sendRoom());

  /**
   * @param {string} name
   * @param {string} title
   * @param {string} origin
   * @param {(panel: Panel) => void} onLoad its frame was loaded, and waits for settings
   */
  constructor(name, title, origin, onLoad) {
    this.#onLoad = onLoad;
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

  /** @param {HTMLElement} element for the place under the panel's head */
  setInstruments(element) {
    this.#instruments = element;
    this.element.prepend(element);
    this.#sizes.observe(element);
    this.#placeInstruments();
  }

  /** @param {number} bottom where the panel's head ends, in pixels */
  setHead(bottom) {
    this.#headBottom = bottom;
    this.#placeInstruments();
  }

  #placeInstruments() {
    const element = this.#instruments;
    if (!element) return;
    element.hidden = this.#headBottom === undefined || !this.#frame.isConnected;
    element.style.top = `${this.#headBottom ?? 0}px`;
    this.#sendRoom();
  }

  #sendRoom() {
    const element = this.#instruments;
    if (element) this.send({ type: 'room', pixels: element.hidden ? 0 : element.offsetHeight });
  }

  /** @param {string} figure */
  setFigure(figure) {
    this.#figure.textContent = figure;
  }

  ready() {
    clearTimeout(this.#timer);
    this.isReady = true;
    this.#sendRoom();
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
    this.#fill(this.#frame);
  }

  /** @param {HTMLElement} content */
  #fill(content) {
    for (const old of [this.#frame, this.#notice]) if (old !== content) old.remove();
    this.element.append(content);
    this.#headBottom = undefined;
    this.#placeInstruments();
  }

  #loaded() {
    this.isReady = false;
    this.#onLoad(this);
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
    if (!this.#notice.isConnected) this.#fill(this.#notice);
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
