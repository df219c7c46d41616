/**
 * How long messages took: from the moment their poster pressed Enter to the moment they are on this page.
 *
 * Both moments are on one browser's clock: `performance.timeOrigin + performance.now()` is comparable between its pages.
 * A message from elsewhere has only the server's time; that is used where server and browser share a clock, on loopback.
 * Nothing is ever estimated: what cannot be measured is a dash.
 */

/** So many moments of either kind are kept for their other half. */
const MAX_MOMENTS = 512;

/** Now, in milliseconds since the Unix epoch, with fractions. */
export function now() {
  return performance.timeOrigin + performance.now();
}

/**
 * @typedef {object} Delivery
 * @property {number | undefined} milliseconds
 * @property {'enter' | 'server' | undefined} since from which moment it is counted
 */

/**
 * A message that came.
 * @typedef {object} Timed
 * @property {number} id
 * @property {number} at when it was put on the page, as {@link now} gives it
 * @property {number} milliseconds it took
 * @property {boolean} isFromLog counted from its place in the log; else from Enter
 */

export class Deliveries {
  /** When posts were sent, by nonce. @type {Map<string, number>} */
  #sent = new Map();
  /** Messages and when they were shown, by nonce, if it was not known when they were sent. @type {Map<string, { id: number, at: number }>} */
  #shown = new Map();
  /** The nonce of the newest message shown. @type {string | undefined} */
  #newest;
  /** @type {Delivery} */
  #last = { milliseconds: undefined, since: undefined };
  #isOneClock;
  #onChange;
  /** @type {((timed: Timed) => void) | undefined} */
  #onTimed;

  /**
   * @param {boolean} isOneClock whether the server's clock is this browser's
   * @param {(last: Delivery) => void} onChange
   * @param {(timed: Timed) => void} [onTimed] of each message, by the one clock that is known to be the same: from the log,
   *   or from Enter where the server has another clock
   */
  constructor(isOneClock, onChange, onTimed) {
    this.#isOneClock = isOneClock;
    this.#onChange = onChange;
    this.#onTimed = onTimed;
  }

  get last() {
    return this.#last;
  }

  /**
   * A post was sent, here or on another page of this browser. It may be heard of after its message was shown.
   * @param {string} nonce
   * @param {number} sentAt as {@link now} gives it
   */
  sent(nonce, sentAt) {
    put(this.#sent, nonce, sentAt);
    const shown = this.#shown.get(nonce);
    if (!shown) return;
    if (this.#newest === nonce) this.#set(shown.at - sentAt, 'enter');
    if (!this.#isOneClock) this.#timed(shown.id, shown.at, shown.at - sentAt, false);
  }

  /**
   * A message has just been put on this page.
   * @param {import('./protocol.js').Message} message
   * @param {boolean} isHistory whether it was found, not delivered
   */
  shown({ id, nonce, time }, isHistory) {
    const shownAt = now();
    const sentAt = nonce === undefined ? undefined : this.#sent.get(nonce);
    this.#newest = nonce;
    if (nonce !== undefined && sentAt === undefined) put(this.#shown, nonce, { id, at: shownAt });
    if (sentAt !== undefined) this.#set(shownAt - sentAt, 'enter');
    else if (!isHistory && this.#isOneClock) this.#set(Date.now() - time, 'server');
    else if (!isHistory) this.#set(undefined, undefined);
    if (isHistory) return;
    if (this.#isOneClock) this.#timed(id, shownAt, Date.now() - time, true);
    else if (sentAt !== undefined) this.#timed(id, shownAt, shownAt - sentAt, false);
  }

  /**
   * @param {number} id
   * @param {number} at
   * @param {number} milliseconds
   * @param {boolean} isFromLog
   */
  #timed(id, at, milliseconds, isFromLog) {
    if (milliseconds > -1) this.#onTimed?.({ id, at, milliseconds: Math.max(milliseconds, 0), isFromLog });
  }

  /**
   * @param {number | undefined} milliseconds
   * @param {Delivery['since']} since
   */
  #set(milliseconds, since) {
    // A clock that was put back between the two moments leaves nothing to tell.
    const isTrue = milliseconds !== undefined && milliseconds > -1;
    this.#last = isTrue ? { milliseconds: Math.max(milliseconds, 0), since } : { milliseconds: undefined, since: undefined };
    this.#onChange(this.#last);
  }
}

/**
 * @template Moment
 * @param {Map<string, Moment>} moments
 * @param {string} nonce
 * @param {Moment} moment
 */
function put(moments, nonce, moment) {
  moments.set(nonce, moment);
  for (const oldest of moments.keys()) {
    if (moments.size <= MAX_MOMENTS) return;
    moments.delete(oldest);
  }
}

/**
 * A duration to be read from afar: whole milliseconds with two significant digits, then hundredths of seconds.
 * @param {number | undefined} milliseconds
 */
export function duration(milliseconds) {
  if (milliseconds === undefined) return '–';
  if (milliseconds < 1) return '< 1 ms';
  const digits = milliseconds < 100 ? Math.round(milliseconds) : Math.round(milliseconds / 10) * 10;
  if (digits < 1_000) return `${digits} ms`;
  if (milliseconds < 9_995) return `${(milliseconds / 1_000).toFixed(2)} s`;
  if (milliseconds < 99_500) return `${Math.round(milliseconds / 1_000)} s`;
  if (milliseconds < 5_970_000) return `${Math.round(milliseconds / 60_000)} min`;
  return `${Math.round(milliseconds / 3_600_000)} h`;
}

/**
 * What the figure says, in a sentence.
 * @param {Delivery} delivery
 */
export function explained({ milliseconds, since }) {
  if (milliseconds === undefined) return 'Last delivery: from Enter to the message on this page. Not known yet.';
  if (since === 'enter') return "Last delivery: from the moment Enter was pressed to the message on this page, on this browser's clock.";
  return "Last delivery: from the server's time of the message to the message on this page; both use this device's clock, in whole milliseconds.";
}
