/**
 * Wrong on purpose: a retry without jitter, which posts what it has no answer for as if it were new.
 *
 * The wait is always the same, so all clients that lost their server in one moment come back in one moment, again and
 * again: the server that is just getting up meets them all at once. And a lost answer is taken for a lost draft. It may
 * be in the log already; under a new nonce the log cannot know it again, and what was said once stands there twice.
 * `retry.js`, of the same face, does both right.
 */

import { newNonce } from '../protocol.js';

/** From a failure to the next try, in milliseconds, each time. */
export const RETRY_MS = 1_000;

/**
 * @param {(before: string, nonce: string) => void} onRenamed a draft is posted again under another nonce
 * @returns {import('../retry.js').Retry}
 */
export function retryWithoutJitter(onRenamed) {
  return {
    wait: () => RETRY_MS,
    again(draft) {
      const nonce = newNonce();
      onRenamed(draft.nonce, nonce);
      return { ...draft, nonce };
    },
  };
}
