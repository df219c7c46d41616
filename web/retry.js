/**
 * How a client tries again: when, and with what. This is the right way; `variants/retry-without-jitter.js` has the same
 * face and is wrong on purpose.
 */

/**
 * @typedef {object} Retry
 * @property {(failures: number) => number} wait milliseconds until the next try, after so many failures before this one
 * @property {(draft: import('./protocol.js').Draft) => import('./protocol.js').Draft} again what is posted again where no
 *   answer told whether the draft is in the log
 */

/** The base of the back-off, in milliseconds: the n-th wait is drawn from 0 to this times 2^(n-1). */
export const BACK_OFF_BASE_MS = 1_000;
/** The longest wait before connecting or posting again, in milliseconds, unless the server asks for more. */
export const BACK_OFF_MAX_MS = 30_000;

/** @type {Retry} */
export const RETRY = {
  /**
   * None after the first failure, then drawn evenly from 0 to a bound that doubles ("full jitter"), so that the clients of
   * a server that comes back do not all come back together.
   */
  wait(failures) {
    // region: back-off
    if (failures === 0) return 0;
    return Math.random() * Math.min(BACK_OFF_MAX_MS, BACK_OFF_BASE_MS * 2 ** (failures - 1));
    // endregion: back-off
  },
  /** The very same, for its nonce makes the log take it once. */
  again: (draft) => draft,
};
