/**
 * All five in a real browser over a network that is disturbed without end: connections cut, a blackhole, servers that
 * restart, half of all requests failing, one after another, while somebody says something five times a second and
 * every panel posts now and then. Each message must come to each panel once, in the log's order.
 *
 *     CROSSTALK_BIN=../../target/release/side-by-side node disturbed.mjs [SECONDS]
 *
 * The page keeps only the newest rows, and the log the newest 256 messages, so both are read as they come. The log itself
 * is read by a client of this file's own, over polling's server, as disturbed as all. A panel that is away for longer than
 * the log keeps is told how many messages it missed; no disturbance here lasts so long, so that is a loss here, too.
 */

import assert from 'node:assert/strict';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { connected, Crosstalk, launch, panel, TRANSPORTS } from './crosstalk.mjs';

/** @import { Browser, Page } from 'playwright-core' */

/** Messages that the speaker says a second. */
const PER_SECOND = 5;
/** From one post of a panel's own to the next, of any panel, in milliseconds. */
const POST_EVERY_MS = 1_500;
/** The longest that all may take to be whole when nothing is disturbed any more, in milliseconds: two longest back-offs. */
const RECOVERY_MS = 60_000;
/** From one look at the log to the next, in milliseconds. */
const LOOK_EVERY_MS = 250;

/**
 * What is done to all transports, and for how long it is left to have its effect, in milliseconds.
 * @type {{ name: string, method: string, path: string, content?: object, lasts: number }[]}
 */
const DISTURBANCES = [
  { name: 'cut', method: 'POST', path: 'cut/all', lasts: 4_000 },
  { name: 'blackhole', method: 'POST', path: 'blackhole/all', content: { seconds: 4 }, lasts: 6_000 },
  { name: 'restart', method: 'POST', path: 'restart/all', content: { seconds: 2 }, lasts: 7_000 },
  { name: 'half of all fail', method: 'PUT', path: 'disturbances/all', content: { fail_share: 0.5 }, lasts: 7_000 },
  { name: 'none', method: 'PUT', path: 'disturbances/all', content: { fail_share: 0 }, lasts: 2_000 },
];

/** @typedef {{ user: string, text: string, at: number }} Row when it was shown, by the clock of `Date.now()` */

/**
 * What one panel showed.
 * @typedef {object} Shown
 * @property {Row[]} rows messages, in the order in which they came
 * @property {string[]} lines what it said of itself
 */

/** Reads the log to its end, again and again, whatever happens to the server that it asks. */
class LogReader {
  /** @type {{ id: number, user: string, text: string, time: number }[]} */
  messages = [];
  #cursor = '';
  #url;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /** Reads what is new; false if the server gave no answer. */
  async look() {
    const after = this.#cursor === '' ? '' : `?after=${this.#cursor}`;
    const response = await fetch(`${this.#url}${after}`, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    const batch = response?.ok ? await response.json().catch(() => undefined) : undefined;
    if (!batch) return false;
    assert.equal(batch.missed, undefined, 'the log was read too late, which proves nothing');
    assert.equal(batch.reset, undefined, 'it is the same log');
    this.messages.push(...batch.messages);
    this.#cursor = batch.cursor;
    return true;
  }

  /** @param {() => boolean} isOver */
  async follow(isOver) {
    while (!isOver()) {
      await this.look();
      await pause(LOOK_EVERY_MS);
    }
    while (!(await this.look())) await pause(LOOK_EVERY_MS);
  }
}

/**
 * Disturbs for so many seconds, and says what came of it.
 * @param {Browser} browser
 * @param {number} seconds
 */
export async function disturbed(browser, seconds) {
  const crosstalk = await Crosstalk.start('--post-rate', '0');
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 }, ignoreHTTPSErrors: true });
  try {
    const shown = new Map(TRANSPORTS.map((name) => [name, /** @type {Shown} */ ({ rows: [], lines: [] })]));
    await context.exposeBinding('crosstalkShown', ({ frame }, /** @type {{ rows: Row[], lines: string[] }} */ news) => {
      const port = Number(new URL(frame.url()).port);
      const of = shown.get(TRANSPORTS[port - crosstalk.port - 1] ?? '');
      of?.rows.push(...news.rows);
      of?.lines.push(...news.lines);
    });
    await context.addInitScript(watch);
    const page = await context.newPage();
    await page.goto(crosstalk.page);
    await connected(page);
    return await run(crosstalk, page, shown, seconds);
  } finally {
    await context.close();
    await crosstalk.stop();
  }
}

/** In each frame: tells what is added to the conversation. */
function watch() {
  // The page asks for the name; a frame of another scheme may be denied its storage.
  if (parent === window) localStorage.setItem('crosstalk.name', 'Ada');
  if (!new URLSearchParams(location.search).has('panel')) return;
  // Looked up anew: a frame in a process of its own gets another one once it is attached.
  const tell = (/** @type {object} */ news) => Reflect.get(window, 'crosstalkShown')(news);
  const text = (/** @type {Element} */ row, /** @type {string} */ of) => row.querySelector(of)?.textContent ?? '';
  const observer = new MutationObserver((mutations) => {
    const added = mutations.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node instanceof Element);
    const messages = added.filter((row) => row.classList.contains('message'));
    const rows = messages.map((row) => ({ user: text(row, '.user'), text: text(row, '.text'), at: Date.now() }));
    const lines = added.filter((row) => row.classList.contains('system')).map(({ textContent }) => textContent ?? '');
    tell({ rows, lines });
  });
  addEventListener('DOMContentLoaded', () => {
    const messages = document.getElementById('messages');
    if (messages) observer.observe(messages, { childList: true, subtree: true });
  });
}

/**
 * @param {Crosstalk} crosstalk
 * @param {Page} page
 * @param {Map<string, Shown>} shown
 * @param {number} seconds
 */
async function run(crosstalk, page, shown, seconds) {
  /** As the page's own controls do. @param {{ method: string, path: string, content?: object }} what */
  const tell = async ({ method, path, content }) => {
    const body = content && JSON.stringify(content);
    const status = await page.evaluate(
      async ([to, init]) => (await fetch(to, init)).status,
      /** @type {const} */ ([`/wire/${path}`, { method, body }]),
    );
    assert.ok(status < 300, `${path} was answered ${status}`);
  };
  const ends = Date.now() + seconds * 1_000;
  let isOver = false;
  const log = new LogReader(`${crosstalk.origin('polling')}/messages`);
  const reading = log.follow(() => isOver);
  await tell({ method: 'PUT', path: 'speaker', content: { per_second: PER_SECOND } });
  const [done, posts] = await Promise.all([disturb(tell, ends), post(page, ends)]);
  await tell({ method: 'PUT', path: 'speaker', content: { per_second: 0 } });
  await tell({ method: 'PUT', path: 'disturbances/all', content: { fail_share: 0 } });
  // Nobody says anything any more once no panel has a post under way.
  await within(RECOVERY_MS, async () => {
    const waiting = await Promise.all(TRANSPORTS.map((name) => panel(page, name).locator('.post').count()));
    return waiting.every((count) => count === 0);
  });
  isOver = true;
  await reading;
  const last = log.messages.length;
  await within(RECOVERY_MS, async () => [...shown.values()].every(({ rows }) => rows.length >= last));
  return { done, posts, log: log.messages, shown };
}

/**
 * One disturbance after another.
 * @param {(what: typeof DISTURBANCES[number]) => Promise<void>} tell
 * @param {number} ends
 */
async function disturb(tell, ends) {
  const done = new Map(DISTURBANCES.map(({ name }) => [name, 0]));
  while (Date.now() < ends) {
    for (const what of DISTURBANCES) {
      if (Date.now() >= ends) break;
      await tell(what);
      done.set(what.name, (done.get(what.name) ?? 0) + 1);
      await pause(Math.min(what.lasts, ends - Date.now()));
    }
  }
  done.delete('none');
  return done;
}

/**
 * Writes in one panel after another, short texts and long ones. Gives what was written.
 * @param {Page} page
 * @param {number} ends
 */
async function post(page, ends) {
  /** @type {string[]} */
  const posts = [];
  while (Date.now() < ends - POST_EVERY_MS) {
    const name = TRANSPORTS[posts.length % TRANSPORTS.length] ?? '';
    const text = `own ${posts.length + 1}, by ${name}${posts.length % 4 === 3 ? ' \u00fcber und \u00fcber'.repeat(120) : ''}`;
    await panel(page, name).locator('#text').fill(text);
    await panel(page, name).locator('#text').press('Enter');
    posts.push(text);
    await pause(POST_EVERY_MS);
  }
  return posts;
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((over) => setTimeout(over, Math.max(0, milliseconds)));
}

/**
 * Waits until something is so, at most so long; whether it is so is judged by whoever asks.
 * @param {number} milliseconds
 * @param {() => Promise<boolean>} isSo
 */
async function within(milliseconds, isSo) {
  const ends = Date.now() + milliseconds;
  while (Date.now() < ends && !(await isSo())) await pause(100);
}

/**
 * What of the log a panel did not show, showed twice, or showed in another order; and the longest that one took, in milliseconds.
 * @param {{ user: string, text: string, time: number }[]} log
 * @param {Shown} shown
 */
export function compared(log, { rows, lines }) {
  // Each text is said once, so it tells its message.
  const place = new Map(log.map(({ text }, index) => [text, index]));
  const places = rows.map(({ text }) => place.get(text) ?? -1);
  const seen = new Set(places);
  const brief = (/** @type {{ text: string }} */ { text }) => text.slice(0, 40);
  const time = (/** @type {string} */ text) => log[place.get(text) ?? -1]?.time ?? Infinity;
  return {
    shown: rows.length,
    lost: log.filter((_, index) => !seen.has(index)).map(brief),
    doubled: rows.filter((_, at) => places.lastIndexOf(places[at] ?? -1, at - 1) >= 0 && at > 0).map(brief),
    unknown: rows.filter(({ text }) => !place.has(text)).map(brief),
    disordered: places.filter((index, at) => index < (places[at - 1] ?? -1)).length,
    missed: lines.filter((line) => line.includes('no longer kept')),
    slowest: Math.max(0, ...rows.map(({ text, at }) => at - time(text))),
  };
}

/**
 * Fails unless all was shown once, in order, everywhere. Gives the sentences of a report.
 * @param {Awaited<ReturnType<typeof disturbed>>} result
 */
export function judged({ done, posts, log, shown }) {
  const counts = [...done].map(([name, count]) => `${name} ${count}`).join(', ');
  const report = [`${counts}; ${log.length} messages in the log, ${posts.length} of them written in panels`];
  const found = TRANSPORTS.map((name) => /** @type {const} */ ([name, compared(log, shown.get(name) ?? { rows: [], lines: [] })]));
  for (const [name, { shown: rows, lost, doubled, disordered, slowest }] of found) {
    const kinds = `${lost.length} lost, ${doubled.length} doubled, ${disordered} out of order`;
    report.push(`${name.padEnd(22)} ${rows} shown, ${kinds}, the slowest took ${(slowest / 1_000).toFixed(1)} s`);
  }
  const texts = report.join('\n');
  assert.deepEqual(log.map(({ id }) => id), log.map((_, index) => index + 1), `the log as it was read is whole\n${texts}`);
  for (const text of posts) assert.equal(log.filter((message) => message.text === text).length, 1, `${text.slice(0, 40)} is in the log once`);
  for (const [name, { lost, doubled, unknown, disordered, missed }] of found) {
    const expected = { lost: [], doubled: [], unknown: [], disordered: 0, missed: [] };
    assert.deepEqual({ lost, doubled, unknown, disordered, missed }, expected, `${name}\n${texts}`);
  }
  return report;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const seconds = Number(argv[2] ?? 300);
  if (!(seconds > 0)) throw new Error('usage: disturbed.mjs [SECONDS]');
  const browser = await launch();
  try {
    console.log(`disturbing for ${seconds} s`);
    console.log(judged(await disturbed(browser, seconds)).join('\n'));
  } finally {
    await browser.close();
  }
}
