/**
 * Long polling: ask, and the server answers when there is something to say, or after 25 s without.
 *
 * The next request leaves as soon as the answer has come. What is posted in between is not lost: the cursor names it.
 */

import { endOf, readBatch } from '../protocol.js';
import { ANSWER_TIMEOUT_MS, answer, content, failure, post, withQuery } from './http.js';

/** How long the server may keep a request waiting, in seconds. */
export const WAIT_S = 25;

/** @type {import('../protocol.js').Connect} */
export function connect(url, { cursor, onBatch, onState }) {
  const closing = new AbortController();
  // region: hold-loop
  async function follow() {
    // The first answer says that there is a connection, and must not take 25 s for it.
    for (let wait = 0, isFirst = true; ; wait = WAIT_S, isFirst = false) {
      const batch = await poll(wait);
      closing.signal.throwIfAborted();
      if (isFirst) onState('connected');
      if (batch) {
        cursor = batch.cursor;
        onBatch(batch);
      }
    }
  }
  follow().catch((error) => {
    if (!closing.signal.aborted) onState('closed', endOf(error));
  });
  // endregion: hold-loop
  return { post: (draft) => post(url, draft), close: () => closing.abort() };

  /**
   * One request: a batch, or nothing if nothing came while it waited.
   * @param {number} wait seconds
   */
  async function poll(wait) {
    // region: hold-once
    const timeout = AbortSignal.timeout(wait * 1000 + ANSWER_TIMEOUT_MS);
    const signal = AbortSignal.any([closing.signal, timeout]);
    const response = await answer(withQuery(url, { after: cursor, wait: String(wait) }), { signal });
    if (response.status === 204) return undefined;
    if (!response.ok) throw await failure(response);
    return readBatch(await content(response));
    // endregion: hold-once
  }
}
