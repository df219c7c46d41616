/**
 * The delivery times of one panel, from the log to the page: those of the last 15 seconds, to be drawn, and the mean of
 * all since the conditions last changed, to be held against the theory.
 */

import { SHOWN_MS } from './moving.js';

/** So many deliveries are kept to be drawn: those of the shown time at the fastest speaker and a little. */
const MAX_DOTS = 2_000;
/** A rate is told of so much time at least, in milliseconds. */
const MIN_RATE_MS = 2_000;

/** @typedef {{ at: number, milliseconds: number }} Dot a delivery: when it came, on the server's clock, and after how long */

export class Delays {
  /** Oldest first. @type {Dot[]} */
  dots = [];
  /** Dots so far, those forgotten too. */
  total = 0;
  /** When the conditions last changed, on the server's clock. */
  since = 0;
  #sum = 0;
  #count = 0;

  /**
   * @param {number} at
   * @param {number} milliseconds
   */
  add(at, milliseconds) {
    this.dots.push({ at, milliseconds });
    this.total += 1;
    if (this.dots.length > MAX_DOTS) this.dots.splice(0, this.dots.length - MAX_DOTS);
    // What was in the log before is of other conditions.
    if (at - milliseconds < this.since) return;
    this.#sum += milliseconds;
    this.#count += 1;
  }

  /**
   * The conditions are others from here on.
   * @param {number} now
   */
  begin(now) {
    this.since = now;
    this.#sum = 0;
    this.#count = 0;
  }

  /** The clock is another one. */
  clear() {
    this.dots = [];
    this.begin(0);
  }

  /** @param {number} now */
  forget(now) {
    const until = now - SHOWN_MS;
    const kept = this.dots.findIndex(({ at }) => at >= until);
    this.dots.splice(0, kept < 0 ? this.dots.length : kept);
  }

  /** Of all since the conditions changed; nothing before the first. */
  get mean() {
    return this.#count === 0 ? undefined : this.#sum / this.#count;
  }

  get count() {
    return this.#count;
  }

  /**
   * Messages a second since the conditions changed.
   * @param {number} now
   */
  perSecond(now) {
    return (1_000 * this.#count) / Math.max(now - this.since, MIN_RATE_MS);
  }

  /** The longest that is shown, in milliseconds. */
  get longest() {
    return this.dots.reduce((longest, { milliseconds }) => Math.max(longest, milliseconds), 0);
  }
}
