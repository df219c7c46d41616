/** What a panel tells the side-by-side page of its transport: attempts to connect, and what its page was given. */

import { MAX_GIVEN } from './frame-channel.js';
import { isLoopback } from './log-client.js';

/**
 * What a panel was given. `age`: so many milliseconds after the server took it the message came; absent where the clocks
 * are two, and for what was said before the panel came up.
 * @typedef {{ id: number, nonce?: string, age?: number }} Given
 */

/**
 * `connect`, which tells the page what passes.
 * @param {import('./protocol.js').Connect} connect
 * @param {import('./frame-channel.js').PageChannel} channel
 * @returns {import('./protocol.js').Connect}
 */
export function reporting(connect, channel) {
  const upSince = Date.now();
  const isOneClock = isLoopback(location.hostname);
  return (url, following) => {
    channel.send({ type: 'attempt' });
    return connect(url, {
      ...following,
      onBatch(batch) {
        const now = Date.now();
        const given = batch.messages.slice(0, MAX_GIVEN).map(({ id, nonce, time }) => {
          const age = isOneClock && time >= upSince ? Math.max(now - time, 0) : undefined;
          return { id, nonce, age };
        });
        const isAnew = following.cursor === undefined || batch.reset === true;
        channel.send({ type: 'given', given, missed: batch.missed ?? 0, isAnew });
        following.onBatch(batch);
        // Only the first batch of a follower without a cursor begins anew.
        following = { ...following, cursor: batch.cursor };
      },
    });
  };
}
