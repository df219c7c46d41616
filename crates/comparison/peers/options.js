// The command line of all peers: --port PORT (default: a free one), --history MESSAGES (default: 256).

import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, history: { type: 'string', default: '256' } },
});

export const HISTORY = Number(values.history);

/** Listens on loopback, and says where. */
export function listen(server) {
  server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 }, () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}/`);
  });
}
