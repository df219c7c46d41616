/**
 * WebSocket: one connection, both ways. Batches come as text messages, drafts leave as text messages.
 *
 * A draft has no answer of its own: the message comes back in a batch like everyone's, and the nonce tells whose it is.
 * Both WebSocket servers, the one by hand and the one of a library, are followed by this one module.
 */

import { areMessages, isBatch, isObject, isProblem, Lost, parse, Refused } from '../protocol.js';
import { ANSWER_TIMEOUT_MS } from './http.js';

/** The longest wait for the opening handshake and the first batch, in milliseconds. */
const OPENING_TIMEOUT_MS = 10_000;

/** The application's code for "the peer keeps to no protocol that we know" (RFC 6455 §7.4.2: 4000 to 4999 are ours). */
const NOT_UNDERSTOOD = 4000;

/**
 * @typedef {object} Waiting
 * @property {(message: import('../protocol.js').Message) => void} resolve
 * @property {(reason: Error) => void} reject
 */

/** @type {import('../protocol.js').Connect} */
export function connect(url, { cursor, onBatch, onState }) {
  const socket = new WebSocket(socketUrl(url, cursor), ['json']);
  /** Drafts under way, by nonce. @type {Map<string, Waiting>} */
  const waiting = new Map();
  let isConnected = false;
  let isOver = false;
  const opening = setTimeout(() => over('the server did not answer in time'), OPENING_TIMEOUT_MS);

  // region: socket-events
  socket.addEventListener('message', ({ data }) => {
    if (isOver) return;
    try {
      heard(parse(String(data)));
    } catch (error) {
      socket.close(NOT_UNDERSTOOD);
      over(error instanceof Error ? error.message : String(error));
    }
  });
  // `error` says nothing that a page may know; `close` follows it.
  socket.addEventListener('close', ({ code, reason }) => over(sentenceOf(code, reason)));
  // endregion: socket-events

  return {
    post,
    close() {
      isOver = true;
      settle('the connection was closed');
      socket.close();
    },
  };

  /**
   * @param {unknown} value
   * @throws {Lost} if it is none of what a server sends
   */
  function heard(value) {
    // region: socket-heard
    if (isBatch(value)) {
      clearTimeout(opening);
      if (!isConnected) onState('connected');
      isConnected = true;
      onBatch(value);
      value.messages.forEach(answered);
    } else if (isObject(value) && areMessages(value.messages)) {
      // A repeated nonce: the draft is in the log already. It says nothing of order and place.
      value.messages.forEach(answered);
    } else if (isProblem(value)) {
      const refused = new Refused(value);
      if (value.nonce === undefined || !waiting.has(value.nonce)) throw new Lost(refused.message);
      waiting.get(value.nonce)?.reject(refused);
    } else {
      throw new Lost('the server sent something that is no batch');
    }
    // endregion: socket-heard
  }

  /** @param {import('../protocol.js').Message} message */
  function answered(message) {
    if (message.nonce !== undefined) waiting.get(message.nonce)?.resolve(message);
  }

  /**
   * @param {import('../protocol.js').Draft} draft
   * @returns {Promise<import('../protocol.js').Message>}
   */
  function post(draft) {
    // region: socket-post
    if (isOver || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Lost('there is no connection'));
    const late = setTimeout(() => {
      // A socket whose other end has vanished looks open; the missing answer is the first sign.
      socket.close();
      over('the server did not answer in time');
    }, ANSWER_TIMEOUT_MS);
    /** @type {Promise<import('../protocol.js').Message>} */
    const answer = new Promise((resolve, reject) => waiting.set(draft.nonce, { resolve, reject }));
    socket.send(JSON.stringify(draft));
    return answer.finally(() => {
      clearTimeout(late);
      waiting.delete(draft.nonce);
    });
    // endregion: socket-post
  }

  /** @param {string} reason */
  function over(reason) {
    clearTimeout(opening);
    if (isOver) return;
    isOver = true;
    socket.close();
    settle(reason);
    onState('closed', { reason });
  }

  /** @param {string} reason */
  function settle(reason) {
    clearTimeout(opening);
    for (const { reject } of waiting.values()) reject(new Lost(reason));
  }
}

/**
 * `ws` for a page over http, `wss` for one over https, on the page's own host.
 * @param {URL} url
 * @param {string | undefined} cursor
 */
function socketUrl(url, cursor) {
  // region: socket-url
  const target = new URL(url);
  target.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (cursor !== undefined) target.searchParams.set('after', cursor);
  // endregion: socket-url
  return target;
}

/**
 * Why it closed, from the status code (RFC 6455 §7.4.1).
 * @param {number} code
 * @param {string} reason
 */
function sentenceOf(code, reason) {
  const told = reason === '' ? '' : `: ${reason}`;
  if (code === 1001) return `the server stops (1001)${told}`;
  if (code === 1006) return 'the connection broke or was refused (1006)';
  return `the server closed the connection (${code})${told}`;
}
