/**
 * The chat's protocol as all transports share it: what goes over the wire, and the rules a draft must keep.
 *
 * The chat is one append-only log. A client posts drafts to it, and follows it from a cursor.
 */

/**
 * What a client posts.
 * @typedef {object} Draft
 * @property {string} user 1 to 32 Unicode scalar values, without control characters
 * @property {string} text 1 to 2,000 Unicode scalar values
 * @property {string} nonce 1 to 64 of `[A-Za-z0-9_-]`; makes posting the same draft again safe
 */

/**
 * A draft that the log accepted.
 * @typedef {object} Message
 * @property {number} id counts up from 1 by 1
 * @property {string} user
 * @property {string} text
 * @property {number} time the server's clock, milliseconds since the Unix epoch
 * @property {string} [nonce] if the draft had one
 */

/**
 * What followers get.
 * @typedef {object} Batch
 * @property {Message[]} messages oldest first
 * @property {string} cursor follow from here for what comes next; opaque
 * @property {number} [missed] so many messages after the cursor of before are no longer kept
 * @property {boolean} [reset] the cursor of before is of a log that is gone; this batch starts at the oldest message kept
 */

/**
 * An error as the server tells it (RFC 9457).
 * @typedef {object} Problem
 * @property {number} status
 * @property {string} title
 * @property {string} [detail]
 * @property {string} [nonce] of the draft that was refused
 * @property {number} [retryAfter] seconds
 */

/**
 * How a connection ended, in words, and the seconds that the server asked to wait before the next.
 * @typedef {{ reason: string, retryAfter?: number }} End
 */

/**
 * @callback OnState
 * @param {'connected' | 'closed'} state `connected` at the first answer; `closed` once, when it failed, and nothing after it
 * @param {End} [end] with `closed`
 * @returns {void}
 */

/**
 * One use of a transport: it follows from `cursor` until it fails or is closed, and never starts again by itself.
 * @typedef {object} Following
 * @property {string | undefined} cursor absent: from the oldest message kept
 * @property {(batch: Batch) => void} onBatch
 * @property {OnState} onState
 */

/**
 * @typedef {object} Connection
 * @property {(draft: Draft) => Promise<Message>} post gives the message that the log made of the draft;
 *   rejects with {@link Refused} or, when no answer came, with {@link Lost}
 * @property {() => void} close stops following; nothing is called back after it
 */

/**
 * The one face of every transport. `url` is that of `/messages`.
 * @typedef {(url: URL, following: Following) => Connection} Connect
 */

/** The longest name, in Unicode scalar values. */
export const MAX_USER_SCALARS = 32;
/** The longest text, in Unicode scalar values. */
export const MAX_TEXT_SCALARS = 2000;

/** The server read the draft, or would not, and says why not. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

/** No answer that can be relied upon: the draft may or may not be in the log. */
export class Lost extends Error {
  /**
   * @param {string} reason
   * @param {number} [retryAfter] seconds that the server asked to wait
   */
  constructor(reason, retryAfter) {
    super(reason);
    this.retryAfter = retryAfter;
  }
}

/**
 * How many Unicode scalar values `text` has: the server's unit, where `length` counts UTF-16 code units.
 * @param {string} text
 */
export function scalars(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * A name as the server stores it: without white space around it. `trim()` would not do, it knows another white space.
 * @param {string} user
 */
export function trimmed(user) {
  return user.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
}

/**
 * The rule that a trimmed name breaks, as a sentence; none if it keeps them all.
 * @param {string} user
 * @returns {string | undefined}
 */
export function userProblem(user) {
  const count = scalars(user);
  if (count === 0) return 'A name is needed.';
  if (count > MAX_USER_SCALARS) return `A name has at most ${MAX_USER_SCALARS} characters; this one has ${count}.`;
  if (/\p{Cc}/u.test(user)) return 'A name cannot hold control characters.';
  if (/\p{Cs}/u.test(user)) return 'The name holds half of a surrogate pair.';
  return undefined;
}

/**
 * The rule that a text breaks, as a sentence; none if it keeps them all.
 * @param {string} text
 * @returns {string | undefined}
 */
export function textProblem(text) {
  const count = scalars(text);
  if (/^\p{White_Space}*$/u.test(text)) return 'A message needs more than white space.';
  if (count > MAX_TEXT_SCALARS) {
    const [most, has] = [MAX_TEXT_SCALARS.toLocaleString('en'), count.toLocaleString('en')];
    return `A message has at most ${most} characters; this one has ${has}.`;
  }
  if (/[^\P{Cc}\n\t]/u.test(text)) return 'A message cannot hold control characters other than line ends and tabs.';
  if (/\p{Cs}/u.test(text)) return 'The message holds half of a surrogate pair.';
  return undefined;
}

/** A nonce that nobody else has: 128 random bits. `randomUUID` would need a secure context. */
export function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The batch that `json` is.
 * @param {string} json
 * @returns {Batch}
 * @throws {Lost} if it is none
 */
export function readBatch(json) {
  const value = parse(json);
  if (!isBatch(value)) throw new Lost('the server sent something that is no batch');
  return value;
}

/**
 * @param {string} json
 * @returns {unknown}
 * @throws {Lost} if it is no JSON
 */
export function parse(json) {
  try {
    return JSON.parse(json);
  } catch {
    throw new Lost('the server sent something that is no JSON');
  }
}

/**
 * @param {unknown} value
 * @returns {value is Batch}
 */
export function isBatch(value) {
  return isObject(value) && typeof value.cursor === 'string' && areMessages(value.messages);
}

/**
 * @param {unknown} value
 * @returns {value is Message[]}
 */
export function areMessages(value) {
  return Array.isArray(value) && value.every(isMessage);
}

/**
 * @param {unknown} value
 * @returns {value is Message}
 */
export function isMessage(value) {
  return (
    isObject(value) &&
    Number.isSafeInteger(value.id) &&
    typeof value.user === 'string' &&
    typeof value.text === 'string' &&
    typeof value.time === 'number'
  );
}

/**
 * @param {unknown} value
 * @returns {value is Problem}
 */
export function isProblem(value) {
  return isObject(value) && typeof value.status === 'number' && typeof value.title === 'string';
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * Why and how a connection ended, from what was thrown.
 * @param {unknown} error
 * @returns {End}
 */
export function endOf(error) {
  if (error instanceof Lost) return { reason: error.message, retryAfter: error.retryAfter };
  if (error instanceof Refused) return { reason: error.message, retryAfter: error.problem.retryAfter };
  return { reason: 'the server cannot be reached' };
}
