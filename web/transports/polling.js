/**
 * Polling: ask, be answered at once, pause, ask again.
 *
 * The pause begins when the answer has come, so two requests are never under way (`setInterval` would start the next one
 * on a slow server while the last still waits). A hidden tab asks nothing, and catches up at once when it is shown.
 */

import { endOf, readBatch } from '../protocol.js';
import { ANSWER_TIMEOUT_MS, answer, content, failure, post, withQuery } from './http.js';

/** From an answer to the next request, in milliseconds. */
export const PAUSE_MS = 1_000;

/** @type {import('../protocol.js').Connect} */
export function connect(url, { cursor, onBatch, onState }) {
  const closing = new AbortController();
  // region: poll-loop
  async function follow() {
    for (let isFirst = true; ; isFirst = false) {
      const batch = await poll();
      closing.signal.throwIfAborted();
      if (isFirst) onState('connected');
      if (batch) {
        cursor = batch.cursor;
        onBatch(batch);
      }
      await pause(closing.signal);
      await shown(closing.signal);
    }
  }
  follow().catch((error) => {
    if (!closing.signal.aborted) onState('closed', endOf(error));
  });
  // endregion: poll-loop
  return { post: (draft) => post(url, draft), close: () => closing.abort() };

  /** One request: a batch, or nothing if nothing is new. */
  async function poll() {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    // The entity tag of a batch is its cursor, so the server can answer without content (RFC 9110 §13.1.2).
    const headers = new Headers(cursor === undefined ? {} : { 'if-none-match': `"${cursor}"` });
    const response = await answer(withQuery(url, { after: cursor }), { headers, signal });
    if (response.status === 304) return undefined;
    // region: poll-failed
    if (!response.ok) throw await failure(response);
    // endregion: poll-failed
    return readBatch(await content(response));
  }
}

/**
 * Done after {@link PAUSE_MS}; rejects when `signal` is aborted.
 * @param {AbortSignal} signal
 */
function pause(signal) {
  // region: pause
  return until(signal, (done) => {
    const timer = setTimeout(done, PAUSE_MS);
    return () => clearTimeout(timer);
  });
  // endregion: pause
}

/**
 * Done when the page can be seen; rejects when `signal` is aborted.
 * @param {AbortSignal} signal
 */
function shown(signal) {
  // region: shown
  if (document.visibilityState === 'visible') return undefined;
  return until(signal, (done) => {
    const look = () => document.visibilityState === 'visible' && done();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  });
  // endregion: shown
}

/**
 * Done when what `start` began says so; rejects when `signal` is aborted. Leaves nothing behind either way.
 * @param {AbortSignal} signal
 * @param {(done: () => void) => () => void} start begins to wait, and gives what ends the waiting
 * @returns {Promise<void>}
 */
function until(signal, start) {
  return new Promise((resolve, reject) => {
    const leave = () => (stop(), signal.removeEventListener('abort', abort));
    const abort = () => (leave(), reject(signal.reason));
    const stop = start(() => (leave(), resolve()));
    signal.addEventListener('abort', abort);
  });
}
