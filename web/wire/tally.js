/**
 * What a panel lost, got twice and got late, counted from what its transport gave its page. Three numbers that stay quiet
 * as long as they are 0.
 *
 * Ids of the log count up by 1, so an id that was passed over is a message that this panel will never show, but for those
 * of which the server said that they are no longer kept (`missed`).
 */

import { made, setText } from '../dom.js';

/** A message is late that comes so many milliseconds after the log took it. */
export const LATE_MS = 2_000;
/** So many of the newest nonces, and of the ids passed over, are remembered. */
const MAX_REMEMBERED = 1_024;

/** @typedef {'lost' | 'doubled' | 'late'} Fault */

/** @type {readonly [Fault, string, string][]} */
const FAULTS = [
  ['lost', '✕', 'Messages of the log that this panel passed over and will never show. Those that the server says are no longer kept do not count.'],
  ['doubled', '2×', 'Messages that came twice: the same one again, or what was said once and stands in the log twice.'],
  ['late', '◷', `Messages that came more than ${LATE_MS / 1_000} s after the log took them. What a network holds back comes late by any transport; a right one does not lose it.`],
];

export class Tally {
  element = made('dl', 'tally');
  counts = { lost: 0, doubled: 0, late: 0 };
  /** @type {number | undefined} */
  #newest;
  #passedOver = new Set();
  /** What each nonce was first. @type {Map<string, number>} */
  #said = new Map();
  #originalOf;
  /** @type {Map<Fault, { pair: HTMLElement, value: HTMLElement }>} */
  #parts = new Map();

  /** @param {(nonce: string) => string} originalOf the first nonce of a draft that was posted again under another */
  constructor(originalOf) {
    this.#originalOf = originalOf;
    for (const [fault, sign, meaning] of FAULTS) {
      const pair = made('div', fault);
      pair.title = meaning;
      const shape = made('span', 'sign', sign);
      shape.setAttribute('aria-hidden', 'true');
      const name = made('dt', '');
      name.append(shape, fault);
      const value = made('dd', '', '0');
      pair.append(name, value);
      this.#parts.set(fault, { pair, value });
      this.element.append(pair);
    }
  }

  /**
   * A batch came.
   * @param {{ given: import('../panel-reports.js').Given[], missed: number, isAnew: boolean }} batch
   */
  given({ given, missed, isAnew }) {
    if (isAnew) {
      this.#newest = undefined;
      this.#said.clear();
    } else if (this.#newest !== undefined) this.#newest += missed;
    for (const { id, nonce, age = 0 } of given) {
      this.#came(id);
      if (nonce !== undefined) this.#wasSaid(this.#originalOf(nonce), id, isAnew);
      if (age > LATE_MS) this.counts.late += 1;
    }
  }

  /** @param {number} id */
  #came(id) {
    const newest = this.#newest ?? id - 1;
    if (id <= newest) {
      // One that was passed over and comes after all is behind what is shown, and stays lost.
      if (!this.#passedOver.delete(id)) this.counts.doubled += 1;
      return;
    }
    this.counts.lost += id - newest - 1;
    for (let lost = Math.max(newest + 1, id - MAX_REMEMBERED); lost < id; lost += 1) remember(this.#passedOver, lost);
    this.#newest = id;
  }

  /**
   * @param {string} nonce
   * @param {number} id
   * @param {boolean} isFound in what was there already
   */
  #wasSaid(nonce, id, isFound) {
    const first = this.#said.get(nonce);
    if (first !== undefined && first !== id && !isFound) this.counts.doubled += 1;
    this.#said.set(nonce, first ?? id);
    forgetOldest(this.#said);
  }

  /** Counts anew from here. */
  reset() {
    this.counts = { lost: 0, doubled: 0, late: 0 };
  }

  show() {
    for (const [fault, { pair, value }] of this.#parts) {
      setText(value, this.counts[fault].toLocaleString('en'));
      pair.classList.toggle('is-on', this.counts[fault] > 0);
    }
  }
}

/** Drafts that were posted again under another nonce, by one client or another. */
export class Renamed {
  /** The first nonce, by the later ones. @type {Map<string, string>} */
  #first = new Map();

  /**
   * @param {string} before
   * @param {string} nonce
   */
  add(before, nonce) {
    this.#first.set(nonce, this.originalOf(before));
    forgetOldest(this.#first);
  }

  /** @param {string} nonce */
  originalOf(nonce) {
    return this.#first.get(nonce) ?? nonce;
  }
}

/**
 * @param {Set<number>} ids
 * @param {number} id
 */
function remember(ids, id) {
  ids.add(id);
  forgetOldest(ids);
}

/** @param {Set<number> | Map<string, unknown>} kept */
function forgetOldest(kept) {
  const [oldest] = kept.keys();
  if (kept.size > MAX_REMEMBERED && oldest !== undefined) /** @type {Set<unknown>} */ (kept).delete(oldest);
}
