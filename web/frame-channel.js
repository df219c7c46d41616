/**
 * What the side-by-side page and its panels say to one another, by `postMessage`, and who may say it.
 *
 * Frames of other origins can send anything, so both ends look at the sender, at its origin, compared whole, and at the
 * shape of what came. Anything else is left alone.
 */

import { isObject } from './protocol.js';

/**
 * The page to a panel. `settings` comes first, when the panel has been loaded. `room`: so many pixels under the panel's
 * head are the page's, for its instruments; where there are any, each message can be looked at on the wire. `retry`: try
 * again in the right way, or in the one that is wrong on purpose.
 * @typedef {{ type: 'settings', name: string, theme: import('./theme-switch.js').Theme, isLive: boolean }
 *   | { type: 'post', text: string, nonce: string, sentAt: number }
 *   | { type: 'sent', nonce: string, sentAt: number }
 *   | { type: 'room', pixels: number }
 *   | { type: 'retry', isWrong: boolean }} ToPanel
 */

/**
 * A panel to the page. `timed`: a message came. `head`: so many pixels down its head ends. `wire`: somebody wants to see
 * the bytes of a message that was shown at `at`. `attempt`: it connects. `given`: its transport gave it a batch, after which
 * nothing of before counts if it begins anew. `renamed`: a draft is posted again under another nonce. `trusted` comes from
 * a tab that the page opened.
 * @typedef {{ type: 'ready' }
 *   | { type: 'sent', nonce: string, sentAt: number }
 *   | { type: 'delivered', figure: string }
 *   | ({ type: 'timed' } & Timed)
 *   | ({ type: 'wire' } & WireWish)
 *   | { type: 'state', isConnected: boolean }
 *   | { type: 'head', bottom: number }
 *   | { type: 'focused' }
 *   | { type: 'attempt' }
 *   | { type: 'given', given: import('./panel-reports.js').Given[], missed: number, isAnew: boolean }
 *   | { type: 'renamed', before: string, nonce: string }
 *   | { type: 'trusted' }} FromPanel
 */

/** @typedef {import('./delivery.js').Timed} Timed */
/** @typedef {{ id: number, at: number, text: string, nonce?: string }} WireWish */

/** The longest nonce and figure, and the longest text in UTF-16 code units, that are read. */
const MAX_LENGTH = 8_192;
/** The most messages of one report; a batch has at most as many. */
export const MAX_GIVEN = 256;

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
  const { type, name, theme, isLive, text, nonce, sentAt, pixels, isWrong } = value;
  if (type === 'settings' && isText(name) && typeof isLive === 'boolean') {
    if (theme === 'auto' || theme === 'light' || theme === 'dark') return { type, name, theme, isLive };
  }
  if (type === 'post' && isText(text) && isText(nonce) && typeof sentAt === 'number') return { type, text, nonce, sentAt };
  if (type === 'sent' && isText(nonce) && typeof sentAt === 'number') return { type, nonce, sentAt };
  if (type === 'room' && isAmount(pixels)) return { type, pixels };
  if (type === 'retry' && typeof isWrong === 'boolean') return { type, isWrong };
  return undefined;
}

/**
 * @param {unknown} value
 * @returns {FromPanel | undefined}
 */
export function readFromPanel(value) {
  if (!isObject(value)) return undefined;
  const { type, nonce, sentAt, figure, id, at, text, milliseconds, isFromLog, isConnected, bottom, given, missed, isAnew, before } = value;
  if (type === 'ready' || type === 'focused' || type === 'trusted' || type === 'attempt') return { type };
  if (type === 'sent' && isText(nonce) && typeof sentAt === 'number') return { type, nonce, sentAt };
  if (type === 'delivered' && isText(figure)) return { type, figure };
  if (type === 'timed' && isAmount(id) && isAmount(at) && isAmount(milliseconds) && typeof isFromLog === 'boolean') return { type, id, at, milliseconds, isFromLog };
  if (type === 'wire' && isAmount(id) && isAmount(at) && isText(text)) return { type, id, at, text, nonce: isText(nonce) ? nonce : undefined };
  if (type === 'state' && typeof isConnected === 'boolean') return { type, isConnected };
  if (type === 'head' && isAmount(bottom)) return { type, bottom };
  if (type === 'given' && areGiven(given) && isAmount(missed) && typeof isAnew === 'boolean') return { type, given, missed, isAnew };
  if (type === 'renamed' && isText(before) && isText(nonce)) return { type, before, nonce };
  return undefined;
}

/**
 * @param {unknown} value
 * @returns {value is import('./panel-reports.js').Given[]}
 */
function areGiven(value) {
  if (!Array.isArray(value) || value.length > MAX_GIVEN) return false;
  return value.every((one) => isObject(one) && isAmount(one.id) && (one.nonce === undefined || isText(one.nonce)) && (one.age === undefined || isAmount(one.age)));
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
