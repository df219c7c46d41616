/**
 * Follows the log over any transport and posts to it: reconnecting, back-off, order, and what is sent again.
 *
 * A transport's connection lives once and fails once. Above it, this client keeps the cursor from which the next
 * connection follows, so nothing is lost, and the newest id, so nothing is shown twice. Drafts wait in an outbox, one
 * under way at a time so that they arrive in the order they were written; one whose answer was lost is posted again, for
 * its nonce makes the log take it once.
 */

import { endOf, newNonce, Refused } from './protocol.js';
import { RETRY } from './retry.js';

/** A connection that lasted so long did work, so the next retry is at once again. In milliseconds. */
export const STABLE_MS = 900;
/** The most posts that are kept until they are seen in the log. */
export const MAX_POSTS = 32;
/** What a refusal for too many posts waits if it does not say how long, in seconds. */
const DEFAULT_RETRY_AFTER_S = 1;

/**
 * A draft on its way into the log.
 * @typedef {object} Post
 * @property {import('./protocol.js').Draft} draft
 * @property {'sending' | 'waiting' | 'accepted' | 'failed'} state sending: under way. waiting: for a connection, its turn
 *   or the next try. accepted: in the log, and not yet seen by this follower. failed: refused
 * @property {string} [problem] what kept it, if something did
 * @property {number} [retryAt] when it is tried again, on the clock of `Date.now()`
 * @property {number} tries so many were in vain
 * @property {import('./protocol.js').Message} [message] what it became, once accepted
 */

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
  /** @type {Post[]} */
  #posts = [];
  #isPosting = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reconnectTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #postTimer;
  /** How it tries again, from the next failure on. */
  retrying = RETRY;

  /**
   * @param {import('./protocol.js').Connect} connect a transport
   * @param {URL} url of `/messages`
   * @param {Listener} listener
   */
  constructor(connect, url, listener) {
    this.#connect = connect;
    this.#url = url;
    this.#listener = listener;
  }

  get state() {
    return this.#state;
  }

  /** Whether {@link MAX_POSTS} are under way, and no more are taken. */
  get isFull() {
    return this.#posts.length >= MAX_POSTS;
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
    if (this.isFull) return undefined;
    /** @type {Post} */
    const post = { draft: { user, text, nonce }, state: 'waiting', tries: 0 };
    this.#posts.push(post);
    this.#listener.onPost(post);
    void this.#sendWaiting();
    return post;
  }

  /**
   * Sends a post that failed, or that waits, now.
   * @param {Post} post
   */
  sendAgain(post) {
    if (post.state !== 'failed' && post.state !== 'waiting') return;
    this.#change(post, { state: 'waiting', problem: undefined, retryAt: undefined });
    clearTimeout(this.#postTimer);
    void this.#sendWaiting();
  }

  /**
   * Sends a post no more. If it did reach the log, it will be shown like any other.
   * @param {Post} post
   */
  discard(post) {
    if (!this.#remove(post)) return;
    this.#listener.onDiscarded(post);
    void this.#sendWaiting();
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
    void this.#sendWaiting();
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
    const wasStable = this.#state.name === 'connected' && performance.now() - this.#connectedSince >= STABLE_MS;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    const delay = Math.max(this.retrying.wait(this.#failures - 1), retryAfter * 1000);
    this.#setState({ name: navigator.onLine ? 'reconnecting' : 'offline', retryAt: Date.now() + delay, reason });
    this.#reconnectTimer = setTimeout(() => this.#open(), delay);
  }

  /** @param {import('./protocol.js').Batch} batch */
  #take(batch) {
    const isHistory = this.#cursor === undefined || batch.reset === true;
    if (batch.reset) {
      this.#newestId = 0;
      this.#listener.onReset();
    }
    if (batch.missed) this.#listener.onMissed(batch.missed);
    const fresh = batch.messages.filter(({ id }) => id > this.#newestId);
    this.#newestId = Math.max(this.#newestId, ...fresh.map(({ id }) => id));
    this.#cursor = batch.cursor;
    const arrived = fresh.map((message) => ({ message, post: this.#takePost(message) }));
    if (!batch.reset) arrived.unshift(...this.#takeMissedPosts());
    if (arrived.length > 0) this.#listener.onMessages(arrived, isHistory);
    if (batch.reset) this.#repostAccepted();
  }

  /** The accepted posts that this follower will not be given, for they are among the messages that it missed. */
  #takeMissedPosts() {
    return this.#posts.flatMap((post) => {
      const { message } = post;
      if (!message || message.id > this.#newestId) return [];
      this.#remove(post);
      return [{ message, post }];
    });
  }

  /** Posts again what a log accepted that is gone. */
  #repostAccepted() {
    for (const post of this.#posts) {
      if (post.state === 'accepted') this.#change(post, { state: 'waiting', message: undefined });
    }
    void this.#sendWaiting();
  }

  /**
   * The post that became `message`, which is done with it. A nonce counts for its user only.
   * @param {import('./protocol.js').Message} message
   */
  #takePost({ nonce, user }) {
    const post = this.#posts.find(({ draft }) => draft.nonce === nonce && draft.user === user);
    if (post) this.#remove(post);
    return post;
  }

  /** Sends what waits, one after the other, until nothing is left or something has to be waited for. */
  async #sendWaiting() {
    if (this.#isPosting) return;
    this.#isPosting = true;
    clearTimeout(this.#postTimer);
    for (;;) {
      const post = this.#posts.find(({ state }) => state === 'waiting');
      const connection = this.#connection;
      if (!post || !connection || this.#state.name !== 'connected') break;
      const wait = (post.retryAt ?? 0) - Date.now();
      if (wait > 0) {
        this.#postTimer = setTimeout(() => this.#sendWaiting(), wait);
        break;
      }
      await this.#send(connection, post);
    }
    this.#isPosting = false;
  }

  /**
   * @param {import('./protocol.js').Connection} connection
   * @param {Post} post
   */
  async #send(connection, post) {
    this.#change(post, { state: 'sending', retryAt: undefined });
    try {
      const message = await connection.post(post.draft);
      this.#change(post, { state: 'accepted', problem: undefined, message });
    } catch (error) {
      const { reason, retryAfter } = endOf(error);
      const status = error instanceof Refused ? error.problem.status : undefined;
      if (status === undefined) {
        const delay = Math.max(this.retrying.wait(post.tries), (retryAfter ?? 0) * 1000);
        const draft = this.retrying.again(post.draft);
        this.#change(post, { draft, state: 'waiting', problem: reason, retryAt: Date.now() + delay, tries: post.tries + 1 });
      } else if (status === 429 || status === 503) {
        const delay = (retryAfter ?? DEFAULT_RETRY_AFTER_S) * 1000;
        this.#change(post, { state: 'waiting', problem: reason, retryAt: Date.now() + delay });
      } else {
        this.#change(post, { state: 'failed', problem: reason });
      }
    }
  }

  /**
   * @param {Post} post
   * @param {Partial<Post>} changes
   */
  #change(post, changes) {
    // Shown or discarded meanwhile: nothing about it is news.
    if (!this.#posts.includes(post)) return;
    Object.assign(post, changes);
    this.#listener.onPost(post);
  }

  /**
   * @param {Post} post
   * @returns {boolean} whether it was there
   */
  #remove(post) {
    const index = this.#posts.indexOf(post);
    if (index < 0) return false;
    this.#posts.splice(index, 1);
    return true;
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
