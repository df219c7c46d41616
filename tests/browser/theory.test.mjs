/** The mean delivery times that theory.js gives, against clients that ask as ours do, simulated. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAUSE_MS } from '../../web/transports/polling.js';
import { expectedDelay, shareBetweenPolls } from '../../web/wire/theory.js';

const QUIET = { delay_ms: 0, jitter_ms: 0, bandwidth: 0, slow_reader: 0, fail_share: 0 };
const MESSAGES = 200_000;

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function drawn() {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The moments of a Poisson process, in milliseconds.
 * @param {number} perSecond
 */
function poisson(perSecond) {
  const draw = drawn();
  let at = 0;
  return Array.from({ length: MESSAGES }, () => (at -= (1_000 * Math.log(1 - draw())) / perSecond));
}

/**
 * The mean delivery time of a client that asks, is answered at `looks(next message, last look)`, and is given all that
 * is in the log then.
 * @param {number[]} arrivals
 * @param {number} oneWay
 * @param {(next: number, last: number) => number} look
 */
function mean(arrivals, oneWay, look) {
  let total = 0;
  let last = 0;
  for (let index = 0; index < arrivals.length; ) {
    last = look(arrivals[index] ?? 0, last);
    for (; (arrivals[index] ?? Infinity) <= last; index += 1) total += last - (arrivals[index] ?? 0) + oneWay;
  }
  return total / arrivals.length;
}

/**
 * @param {number} measured
 * @param {number | undefined} expected
 * @param {string} what
 */
function near(measured, expected, what) {
  assert.ok(expected !== undefined && Math.abs(measured - expected) < 0.01 * expected, `${what}: simulated ${measured}, theory ${expected}`);
}

for (const delay of [5, 50, 200, 1_000]) {
  for (const perSecond of [0.2, 2, 5, 50]) {
    test(`${delay} ms each way, ${perSecond} messages a second`, () => {
      const arrivals = poisson(perSecond);
      const disturbed = { ...QUIET, delay_ms: delay };
      const long = mean(arrivals, delay, (next, last) => Math.max(next, last + 2 * delay));
      near(long, expectedDelay('long-polling', disturbed, perSecond).milliseconds, 'long polling');
      const period = PAUSE_MS + 2 * delay;
      const polled = mean(arrivals, delay, (next, last) => last + Math.max(1, Math.ceil((next - last) / period)) * period);
      near(polled, expectedDelay('polling', disturbed, perSecond).milliseconds, 'polling');
      for (const name of ['http2-streaming', 'raw-websocket', 'tungstenite-websocket']) {
        assert.equal(expectedDelay(name, disturbed, perSecond).milliseconds, delay);
      }
    });
  }
}

test('evenly spaced messages are another system: what the speaker must not be', () => {
  const even = Array.from({ length: MESSAGES }, (_, index) => index * 1_000);
  const measured = mean(even, 200, (next, last) => Math.max(next, last + 400));
  assert.equal(Math.round(measured), 200, 'every message finds a request waiting');
  assert.ok((expectedDelay('long-polling', { ...QUIET, delay_ms: 200 }, 1).milliseconds ?? 0) > 270);
});

test('the share of messages between long polls goes from none to all', () => {
  assert.equal(shareBetweenPolls(0), 0);
  assert.ok(Math.abs(shareBetweenPolls(2) - 2 / (2 + Math.exp(-2))) < 1e-12);
  assert.ok(shareBetweenPolls(50) > 0.999);
});

test('where the theory says nothing, no number is given', () => {
  for (const change of [{ bandwidth: 1_024 }, { slow_reader: 1_024 }, { fail_share: 0.5 }, { jitter_ms: 10 }]) {
    const { milliseconds, why } = expectedDelay('polling', { ...QUIET, ...change }, 5);
    assert.equal(milliseconds, undefined);
    assert.match(why, /^Theory says nothing about /);
  }
  assert.equal(expectedDelay('raw-websocket', { ...QUIET, delay_ms: 100, jitter_ms: 100 }, 5).milliseconds, 100);
});
