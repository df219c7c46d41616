/**
 * Follows the log over any transport and posts to it: reconnecting, back-off, order, and what is sent again.
 *
 * A transport's connection lives once and fails once. Above it, this client keeps the cursor from which the next
 * connection follows, so nothing is lost, and the newest id, so nothing is shown twice. Drafts wait in an outbox.
 */

import { Outbox } from './outbox.js';
import { endOf, newNonce } from './protocol.js';

/** A connection that lasted so long did work, so the next retry is at once again. In milliseconds. */
export const STABLE_MS = 900;

/** @typedef {import('./outbox.js').Post} Post */

/**
 * @typedef {object} State
 * @property {'connecting' | 'connected' | 'reconnecting' | 'offline'} name
 * @property {number} [retryAt] when it tries to connect, on the clock of `Date.now()`
 * @property {string} [reason] why there is no connection
 */

/**
 * What a client announces. Each is called after the client's own state has changed.
 * @typedef {object} Listener
 * @property {(state: State) => void} onState
 * @property {(arrived: { message: import('./protocol.js').Message, post?: Post }[], isHistory: boolean) => void} onMessages
 *   new messages, in order, each with the post of this client that it was; history is what a first connection or a reset finds
 * @property {(count: number) => void} onMissed so many earlier messages are no longer kept
 * @property {() => void} onReset the log was lost, and begins anew
 * @property {(post: Post) => void} onPost a post is new or has changed
 * @property {(post: Post) => void} onDiscarded
 */

export class LogClient {
  #connect;
  #url;
  #listener;
  /** @type {string | undefined} */
  #cursor;
  #newestId = 0;
  /** @type {import('./protocol.js').Connection | undefined} */
  #connection;
  #connectedSince = 0;
  #failures = 0;
  /** @type {State} */
  #state = { name: 'connecting' };
  #outbox;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reconnectTimer;

  /**
   * @param {import('./protocol.js').Connect} connect a transport
   * @param {URL} url of `/messages`
   * @param {Listener} listener
   */
  constructor(connect, url, listener) {
    this.#connect = connect;
    this.#url = url;
    this.#listener = listener;
    this.#outbox = new Outbox(() => (this.#state.name === 'connected' ? this.#connection : undefined), (post) => listener.onPost(post));
  }

  /** How it tries again, from the next failure on. */
  get retrying() {
    return this.#outbox.retrying;
  }

  set retrying(retrying) {
    this.#outbox.retrying = retrying;
  }

  get state() {
    return this.#state;
  }

  /** Whether no more posts are taken. */
  get isFull() {
    return this.#outbox.isFull;
  }

  /** Begins to follow. */
  start() {
    addEventListener('online', () => this.retry());
    addEventListener('offline', () => this.#offline());
    // A hidden tab's timers are slow; one that is looked at again has waited long enough.
    addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.retry();
    });
    this.#setState({ name: 'connecting' });
    this.#open();
  }

  /** Connects now if it is waiting to. */
  retry() {
    if (this.#connection) return;
    clearTimeout(this.#reconnectTimer);
    this.#open();
  }

  /**
   * Posts a draft, at the latest when there is a connection again.
   * @param {string} user
   * @param {string} text
   * @param {string} [nonce]
   * @returns {Post | undefined} nothing if it {@link isFull}
   */
  post(user, text, nonce = newNonce()) {
    return this.#outbox.add({ user, text, nonce });
  }

  /**
   * Sends a post that failed, or that waits, now.
   * @param {Post} post
   */
  sendAgain(post) {
    this.#outbox.sendAgain(post);
  }

  /**
   * Sends a post no more. If it did reach the log, it will be shown like any other.
   * @param {Post} post
   */
  discard(post) {
    if (!this.#outbox.remove(post)) return;
    this.#listener.onDiscarded(post);
    void this.#outbox.send();
  }

  #open() {
    let isOver = false;
    const connection = this.#connect(this.#url, {
      cursor: this.#cursor,
      onBatch: (batch) => {
        if (!isOver) this.#take(batch);
      },
      onState: (state, end) => {
        if (isOver) return;
        isOver = state === 'closed';
        if (isOver) this.#closed(end ?? endOf(undefined));
        else this.#connected();
      },
    });
    this.#connection = {
      ...connection,
      close() {
        isOver = true;
        connection.close();
      },
    };
  }

  #connected() {
    this.#connectedSince = performance.now();
    this.#setState({ name: 'connected' });
    void this.#outbox.send();
  }

  /** The device lost its network. A connection within the device lives on; another may look open for minutes. */
  #offline() {
    if (isLoopback(this.#url.hostname)) return;
    this.#connection?.close();
    if (this.#connection) this.#closed({ reason: 'this device has no network' });
    else this.#setState({ ...this.#state, name: 'offline' });
  }

  /** @param {import('./protocol.js').End} end */
  #closed({ reason, retryAfter = 0 }) {
    this.#connection = undefined;
    // region: count-failures
    const wasStable = this.#state.name === 'connected' && performance.now() - this.#connectedSince >= STABLE_MS;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    const delay = Math.max(this.retrying.wait(this.#failures - 1), retryAfter * 1000);
    // endregion: count-failures
    this.#setState({ name: navigator.onLine ? 'reconnecting' : 'offline', retryAt: Date.now() + delay, reason });
    this.#reconnectTimer = setTimeout(() => this.#open(), delay);
  }

  /** @param {import('./protocol.js').Batch} batch */
  #take(batch) {
    // region: take-batch
    const isHistory = this.#cursor === undefined || batch.reset === true;
    if (batch.reset) {
      this.#newestId = 0;
      this.#listener.onReset();
    }
    if (batch.missed) this.#listener.onMissed(batch.missed);
    const fresh = batch.messages.filter(({ id }) => id > this.#newestId);
    this.#newestId = Math.max(this.#newestId, ...fresh.map(({ id }) => id));
    this.#cursor = batch.cursor;
    const arrived = fresh.map((message) => ({ message, post: this.#outbox.take(message) }));
    if (!batch.reset) arrived.unshift(...this.#outbox.takeMissed(this.#newestId));
    if (arrived.length > 0) this.#listener.onMessages(arrived, isHistory);
    if (batch.reset) this.#outbox.repostAccepted();
    // endregion: take-batch
  }

  /** @param {State} state */
  #setState(state) {
    this.#state = state;
    this.#listener.onState(state);
  }
}

/**
 * Whether a host is this very device.
 * @param {string} hostname as in a URL
 */
export function isLoopback(hostname) {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
