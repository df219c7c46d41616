/**
 * What the side-by-side page and its panels say to one another, by `postMessage`, and who may say it.
 *
 * Frames of other origins can send anything, so both ends look at the sender, at its origin, compared whole, and at the
 * shape of what came. Anything else is left alone.
 */

import { isObject } from './protocol.js';

/**
 * The page to a panel. `settings` comes first, when the panel has been loaded. `room`: so many pixels under the panel's
 * head are the page's, for its instruments.
 * @typedef {{ type: 'settings', name: string, theme: import('./theme-switch.js').Theme, isLive: boolean }
 *   | { type: 'post', text: string, nonce: string, sentAt: number }
 *   | { type: 'sent', nonce: string, sentAt: number }
 *   | { type: 'room', pixels: number }} ToPanel
 */

/**
 * A panel to the page. `timed`: a message took so many milliseconds. `head`: so many pixels down its head ends.
 * `trusted` comes from a tab that the page opened.
 * @typedef {{ type: 'ready' }
 *   | { type: 'sent', nonce: string, sentAt: number }
 *   | { type: 'delivered', figure: string }
 *   | { type: 'timed', id: number, milliseconds: number }
 *   | { type: 'state', isConnected: boolean }
 *   | { type: 'head', bottom: number }
 *   | { type: 'focused' }
 *   | { type: 'trusted' }} FromPanel
 */

/** The longest nonce and figure, and the longest text in UTF-16 code units, that are read. */
const MAX_LENGTH = 8_192;

/**
 * @param {unknown} value
 * @returns {value is number} finite, and not below 0
 */
function isAmount(value) {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isText(value) {
  return typeof value === 'string' && value.length <= MAX_LENGTH;
}

/**
 * @param {unknown} value
 * @returns {ToPanel | undefined}
 */
export function readToPanel(value) {
  if (!isObject(value)) return undefined;
  const { type, name, theme, isLive, text, nonce, sentAt, pixels } = value;
  if (type === 'settings' && isText(name) && typeof isLive === 'boolean') {
    if (theme === 'auto' || theme === 'light' || theme === 'dark') return { type, name, theme, isLive };
  }
  if (type === 'post' && isText(text) && isText(nonce) && typeof sentAt === 'number') return { type, text, nonce, sentAt };
  if (type === 'sent' && isText(nonce) && typeof sentAt === 'number') return { type, nonce, sentAt };
  if (type === 'room' && isAmount(pixels)) return { type, pixels };
  return undefined;
}

/**
 * @param {unknown} value
 * @returns {FromPanel | undefined}
 */
export function readFromPanel(value) {
  if (!isObject(value)) return undefined;
  const { type, nonce, sentAt, figure, id, milliseconds, isConnected, bottom } = value;
  if (type === 'ready' || type === 'focused' || type === 'trusted') return { type };
  if (type === 'sent' && isText(nonce) && typeof sentAt === 'number') return { type, nonce, sentAt };
  if (type === 'delivered' && isText(figure)) return { type, figure };
  if (type === 'timed' && isAmount(id) && isAmount(milliseconds)) return { type, id, milliseconds };
  if (type === 'state' && typeof isConnected === 'boolean') return { type, isConnected };
  if (type === 'head' && isAmount(bottom)) return { type, bottom };
  return undefined;
}

/** A panel's end: it hears its parent only, and only one on its own host. */
export class PageChannel {
  /** The page's origin, once it has spoken. @type {string | undefined} */
  #origin;

  /** @param {(message: ToPanel) => void} onMessage */
  constructor(onMessage) {
    addEventListener('message', ({ source, origin, data }) => {
      if (source !== parent || !isSameHost(origin)) return;
      const message = readToPanel(data);
      if (!message) return;
      this.#origin = origin;
      onMessage(message);
    });
  }

  /** @param {FromPanel} message lost if the page has not spoken yet */
  send(message) {
    if (this.#origin !== undefined) parent.postMessage(message, this.#origin);
  }
}

/** @param {string} origin */
function isSameHost(origin) {
  return URL.canParse(origin) && new URL(origin).hostname === location.hostname;
}
