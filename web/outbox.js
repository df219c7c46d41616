/**
 * The outbox: drafts on their way into the log, one under way at a time so that they arrive in the order they were written.
 * One whose answer was lost is posted again, for its nonce makes the log take it once.
 */

import { endOf, Refused } from './protocol.js';
import { RETRY } from './retry.js';

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

export class Outbox {
  /** @type {Post[]} */
  #posts = [];
  #isPosting = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #connection;
  #onPost;
  /** How it tries again, from the next failure on. */
  retrying = RETRY;

  /**
   * @param {() => import('./protocol.js').Connection | undefined} connection over which to post, if there is one now
   * @param {(post: Post) => void} onPost a post is new or has changed
   */
  constructor(connection, onPost) {
    this.#connection = connection;
    this.#onPost = onPost;
  }

  /** Whether {@link MAX_POSTS} are under way, and no more are taken. */
  get isFull() {
    return this.#posts.length >= MAX_POSTS;
  }

  /**
   * @param {import('./protocol.js').Draft} draft
   * @returns {Post | undefined} nothing if it {@link isFull}
   */
  add(draft) {
    if (this.isFull) return undefined;
    /** @type {Post} */
    const post = { draft, state: 'waiting', tries: 0 };
    this.#posts.push(post);
    this.#onPost(post);
    void this.send();
    return post;
  }

  /**
   * Sends a post that failed, or that waits, now.
   * @param {Post} post
   */
  sendAgain(post) {
    if (post.state !== 'failed' && post.state !== 'waiting') return;
    this.#change(post, { state: 'waiting', problem: undefined, retryAt: undefined });
    clearTimeout(this.#timer);
    void this.send();
  }

  /**
   * The accepted posts that this follower will not be given, for they are among the messages that it missed.
   * @param {number} newestId of the messages that it was given
   */
  takeMissed(newestId) {
    return this.#posts.flatMap((post) => {
      const { message } = post;
      if (!message || message.id > newestId) return [];
      this.remove(post);
      return [{ message, post }];
    });
  }

  /** Posts again what a log accepted that is gone. */
  repostAccepted() {
    for (const post of this.#posts) {
      if (post.state === 'accepted') this.#change(post, { state: 'waiting', message: undefined });
    }
    void this.send();
  }

  /**
   * The post that became `message`, which is done with it. A nonce counts for its user only.
   * @param {import('./protocol.js').Message} message
   */
  take({ nonce, user }) {
    const post = this.#posts.find(({ draft }) => draft.nonce === nonce && draft.user === user);
    if (post) this.remove(post);
    return post;
  }

  /** Sends what waits, one after the other, until nothing is left or something has to be waited for. */
  async send() {
    if (this.#isPosting) return;
    this.#isPosting = true;
    clearTimeout(this.#timer);
    for (;;) {
      const post = this.#posts.find(({ state }) => state === 'waiting');
      const connection = this.#connection();
      if (!post || !connection) break;
      const wait = (post.retryAt ?? 0) - Date.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.send(), wait);
        break;
      }
      await this.#sendOne(connection, post);
    }
    this.#isPosting = false;
  }

  /**
   * @param {import('./protocol.js').Connection} connection
   * @param {Post} post
   */
  async #sendOne(connection, post) {
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
    this.#onPost(post);
  }

  /**
   * Forgets a post.
   * @param {Post} post
   * @returns {boolean} whether it was there
   */
  remove(post) {
    const index = this.#posts.indexOf(post);
    if (index < 0) return false;
    this.#posts.splice(index, 1);
    return true;
  }
}
