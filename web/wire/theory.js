/**
 * What theory lets expect of the mean delivery time: from a message's place in the log to its arrival at the page.
 *
 * The only things that take time are the way, RTT / 2 each way, and the client's own rule of when it asks. Handling, on
 * either side, is taken as none; so is what a message takes to be sent once it is under way.
 *
 * - **Streams and sockets**: the message leaves at once. RTT / 2.
 * - **Polling**: the server is asked once every T = pause + RTT, for the pause begins when the answer has come. A message
 *   enters the log at any moment between two looks, T / 2 before the next one on average. T / 2 + RTT / 2, however
 *   messages are spaced, as long as they do not keep step with the polls.
 * - **Long polling**: an answer that leaves reaches the client RTT / 2 later, and its next request is there after RTT. A
 *   message of that time waits for the request, RTT / 2 on average; one that finds the request waiting leaves at once.
 *   Messages be a Poisson process (as the speaker's are), a = rate x RTT of them in a round trip. From one answer to the
 *   next, a messages on average fall into the round trip, and with probability e^-a none does: then one message finds
 *   the request waiting, and makes the next answer. So the share f = a / (a + e^-a) waits: RTT / 2 + f RTT / 2.
 *
 * Jitter is as often up as down and leaves means alone while it is no more than the delay (beyond, a delay below 0 would
 * be needed). What limits the rate, fails requests or stops the network makes another system, about which nothing is said.
 */

import { PAUSE_MS } from '../transports/polling.js';

/** @typedef {import('./protocol.js').Disturbances} Disturbances */

/**
 * @typedef {object} Expected
 * @property {number} [milliseconds] the mean; absent where the theory does not apply
 * @property {string} why the formula in words, or why there is none
 */

/**
 * The share of messages that arrive while no long poll waits, for Poisson arrivals.
 * @param {number} perRoundTrip messages a round trip, on average
 */
export function shareBetweenPolls(perRoundTrip) {
  return perRoundTrip / (perRoundTrip + Math.exp(-perRoundTrip));
}

/**
 * @param {string} transport
 * @param {Disturbances} disturbed
 * @param {number} perSecond messages, of all who write
 * @returns {Expected}
 */
export function expectedDelay(transport, disturbed, perSecond) {
  const obstacle = obstacleOf(disturbed);
  if (obstacle !== '') return { why: `Theory says nothing about ${obstacle}.` };
  const oneWay = disturbed.delay_ms;
  const roundTrip = 2 * oneWay;
  if (transport === 'polling') {
    const period = PAUSE_MS + roundTrip;
    return { milliseconds: period / 2 + oneWay, why: `T/2 + RTT/2: asked every T = ${period} ms (a pause of ${PAUSE_MS} ms and the RTT), RTT = ${roundTrip} ms` };
  }
  if (transport === 'long-polling') {
    const share = shareBetweenPolls((perSecond * roundTrip) / 1_000);
    const rate = Number(perSecond.toPrecision(2));
    return {
      milliseconds: oneWay + share * oneWay,
      why: `RTT/2 + f RTT/2: RTT = ${roundTrip} ms; f = ${share.toFixed(2)} of the messages, at ${rate} a second, find no request waiting`,
    };
  }
  return { milliseconds: oneWay, why: `RTT/2: sent at once; RTT = ${roundTrip} ms` };
}

/**
 * What keeps the theory from applying.
 * @param {Disturbances} disturbed
 */
function obstacleOf({ delay_ms, jitter_ms, bandwidth, slow_reader, fail_share }) {
  if (bandwidth > 0) return 'a limited bandwidth';
  if (slow_reader > 0) return 'a client that reads slowly';
  if (fail_share > 0) return 'requests that fail';
  return jitter_ms > delay_ms ? 'a jitter beyond the delay' : '';
}
