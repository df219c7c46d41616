/**
 * HTTP/2 streaming: one request whose response does not end; a batch is a line of it.
 *
 * Lines are not chunks: a chunk may end within a line, even within a character, and may hold several lines. An empty
 * line every 15 s says that the server is still there.
 */

import { endOf, Lost, readBatch } from '../protocol.js';
import { answer, failure, post, withQuery } from './http.js';

/** After so many milliseconds without a byte, three heartbeats, the connection counts as dead. */
export const SILENCE_MS = 45_000;
/** The longest line, in UTF-16 code units; a batch has at most 256 KiB. */
const MAX_LINE_LENGTH = 512 * 1024;

/** @type {import('../protocol.js').Connect} */
export function connect(url, { cursor, onBatch, onState }) {
  const closing = new AbortController();
  // region: stream-follow
  async function follow() {
    const silence = new Silence(SILENCE_MS);
    const signal = AbortSignal.any([closing.signal, silence.signal]);
    try {
      const response = await answer(withQuery(url, { after: cursor }), { signal });
      if (!response.ok) throw await failure(response);
      if (!response.body) throw new Lost('the response has no content');
      closing.signal.throwIfAborted();
      onState('connected');
      await readLines(response.body, silence);
      throw new Lost('the stream ended');
    } catch (error) {
      throw silence.signal.aborted ? new Lost(`nothing came for ${SILENCE_MS / 1000} s`) : error;
    } finally {
      silence.end();
    }
  }
  follow().catch((error) => {
    if (!closing.signal.aborted) onState('closed', endOf(error));
    closing.abort();
  });
  // endregion: stream-follow
  return { post: (draft) => post(url, draft), close: () => closing.abort() };

  /**
   * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
   * @param {Silence} silence
   */
  async function readLines(body, silence) {
    // region: read-lines
    const reader = body.getReader();
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      closing.signal.throwIfAborted();
      if (done) return;
      silence.broken();
      // `stream` keeps the bytes of a character that the chunk has only begun.
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_LENGTH) throw new Lost(`a line is longer than ${MAX_LINE_LENGTH}`);
      for (const line of lines) {
        if (line !== '') onBatch(readBatch(line));
      }
    }
    // endregion: read-lines
  }
}

/** Aborts its signal when nothing broke the silence for `milliseconds`. */
class Silence {
  #controller = new AbortController();
  #milliseconds;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {number} milliseconds */
  constructor(milliseconds) {
    this.#milliseconds = milliseconds;
    this.broken();
  }

  get signal() {
    return this.#controller.signal;
  }

  broken() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), this.#milliseconds);
  }

  end() {
    clearTimeout(this.#timer);
  }
}
