/**
 * Measures what the side-by-side page costs while the speaker says 20 messages a second: frames a second, and the time
 * of the main thread of the page and its panels a message, without and with the wire's instruments.
 *
 * Time is that of the thread's processor, of Chromium's own tracing, so it says the same on a busy machine; frames a
 * second do not.
 */

import { connected, Crosstalk, launch, panel, TRANSPORTS } from './crosstalk.mjs';

/** @import { Browser, CDPSession } from 'playwright-core' */

const PER_SECOND = 20;
/** The most rows of a panel: what a message costs must be known where there are many. */
const ROWS = 500;
const MEASURED_MS = 10_000;

const crosstalk = await Crosstalk.start('--post-rate', '0');
const browser = await launch();
try {
  await crosstalk.speak(PER_SECOND);
  for (const hasWire of [false, true]) {
    const { frames, busy, longest } = await measure(browser, hasWire);
    const messages = (PER_SECOND * MEASURED_MS) / 1_000;
    console.log(`${hasWire ? 'with' : 'without'} the wire: ${frames.toFixed(1)} frames/s, longest frame ${longest.toFixed(0)} ms; ${[...busy].map(([process, ms]) => `${process} ${(ms / messages).toFixed(1)} ms a message (${((100 * ms) / MEASURED_MS).toFixed(0)} % of a core)`).join('; ')}`);
  }
} finally {
  await browser.close();
  await crosstalk.stop();
}

/**
 * @param {Browser} browser
 * @param {boolean} hasWire
 */
async function measure(browser, hasWire) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ignoreHTTPSErrors: true });
  try {
    if (!hasWire) await context.route('**/wire/events', (route) => route.fulfill({ status: 404 }));
    const page = await context.newPage();
    await page.goto(crosstalk.page);
    await connected(page);
    for (const name of TRANSPORTS) await panel(page, name).locator('.row').nth(ROWS - 1).waitFor({ state: 'attached', timeout: (2_000 * ROWS) / PER_SECOND });
    // Apart from the tracing, which costs frames, as counting them costs time.
    const { frames, longest } = await page.evaluate(countFrames, MEASURED_MS);
    const session = await browser.newBrowserCDPSession();
    const stop = await trace(session);
    await page.waitForTimeout(MEASURED_MS);
    const busy = busyOf(await stop());
    return { frames: (1_000 * frames) / MEASURED_MS, longest, busy };
  } finally {
    await context.close();
  }
}

/**
 * Runs in the page.
 * @param {number} milliseconds
 * @returns {Promise<{ frames: number, longest: number }>}
 */
function countFrames(milliseconds) {
  return new Promise((resolve) => {
    const start = performance.now();
    let [frames, before, longest] = [0, start, 0];
    const frame = (/** @type {number} */ now) => {
      frames += 1;
      longest = Math.max(longest, now - before);
      before = now;
      if (now - start >= milliseconds) resolve({ frames, longest });
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

/** @typedef {{ name: string, ph: string, pid: number, tid: number, tdur?: number, args: { name?: string } }} TraceEvent */

/** @param {CDPSession} session */
async function trace(session) {
  /** @type {TraceEvent[]} */
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(.../** @type {TraceEvent[]} */ (/** @type {unknown} */ (value))));
  await session.send('Tracing.start', { traceConfig: { includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline'], excludedCategories: ['*'] } });
  return async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    return events;
  };
}

/**
 * Milliseconds that the main threads of pages, and the compositor, were at work: those that did anything to speak of.
 * @param {TraceEvent[]} events
 */
function busyOf(events) {
  const names = new Map();
  for (const { ph, name, pid, tid, args } of events) if (ph === 'M' && name === 'thread_name') names.set(`${pid}/${tid}`, args.name);
  /** @type {Map<string, number>} */
  const busy = new Map();
  for (const { name, pid, tid, tdur = 0 } of events) {
    if (name !== 'ThreadControllerImpl::RunTask' && name !== 'RunTask') continue;
    const thread = `${names.get(`${pid}/${tid}`) ?? tid} of ${pid}`;
    busy.set(thread, (busy.get(thread) ?? 0) + tdur / 1_000);
  }
  return [...busy].filter(([, ms]) => ms > 100).sort(([, one], [, other]) => other - one);
}
