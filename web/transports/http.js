/**
 * What the three transports over HTTP have in common: one request and its answer, and posting.
 *
 * `fetch` rejects only when there is no answer. A 500 is an answer: whoever does not look at the status goes on with it.
 */

import { isMessage, isProblem, Lost, parse, Refused } from '../protocol.js';

/** The longest wait for an answer that the server has no reason to delay, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Posts a draft: `201` for a new message, `200` for one that the log had already (a repeated nonce).
 * @param {URL} url
 * @param {import('../protocol.js').Draft} draft
 * @returns {Promise<import('../protocol.js').Message>}
 */
export async function post(url, draft) {
  const response = await answer(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(draft),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (!response.ok) throw await failure(response);
  const message = parse(await content(response));
  if (!isMessage(message)) throw new Lost('the server sent something that is no message');
  return message;
}

/**
 * The answer to a request, whatever its status.
 * @param {URL} url
 * @param {RequestInit} init
 * @throws {Lost} if there is none
 */
export async function answer(url, init) {
  try {
    return await fetch(url, { ...init, cache: 'no-store' });
  } catch (error) {
    throw lost(error);
  }
}

/**
 * The text that a response holds.
 * @param {Response} response
 * @throws {Lost} if it breaks off
 */
export async function content(response) {
  try {
    return await response.text();
  } catch (error) {
    throw lost(error);
  }
}

/**
 * What an answer other than success means. Below 500 the server refuses, and would again; from 500 on it failed. Of the
 * refusals 408 is no answer to what was asked: the request did not arrive whole.
 * @param {Response} response
 */
export async function failure(response) {
  // region: failure
  const { status } = response;
  const text = await response.text().catch(() => '');
  const problem = problemIn(response, text) ?? { status, title: `the server answered ${status}` };
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  if (problem.retryAfter === undefined && seconds >= 0) problem.retryAfter = seconds;
  if (status >= 500 || status === 408) {
    const detail = problem.detail === undefined ? '' : `: ${problem.detail}`;
    return new Lost(`the server answered ${status}${detail}`, problem.retryAfter);
  }
  return new Refused(problem);
  // endregion: failure
}

/**
 * @param {Response} response
 * @param {string} text
 */
function problemIn(response, text) {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return undefined;
  try {
    const value = parse(text);
    return isProblem(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} error what `fetch` threw */
function lost(error) {
  const isLate = error instanceof DOMException && error.name === 'TimeoutError';
  return new Lost(isLate ? 'the server did not answer in time' : 'the server cannot be reached');
}

/**
 * `url` with its query.
 * @param {URL} url
 * @param {Record<string, string | undefined>} query members that are undefined are left out
 */
export function withQuery(url, query) {
  const target = new URL(url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.set(name, value);
  }
  return target;
}
