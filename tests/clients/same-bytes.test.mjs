/** One log: whichever transport a message is posted by, all five show the same octets of JSON for it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';

import { CurlStream, Program, TRANSPORTS, WEBSOCKETS, curl, posting, soon } from './programs.mjs';

/** @type {Program} */
let program;
/** @type {Record<string, string>} */
let url;

before(async () => {
  program = await Program.start('side-by-side');
  url = await program.transports();
  assert.deepEqual(Object.keys(url), TRANSPORTS);
});
after(() => program?.stop());

/** The octets of the first batch after `cursor`, by each transport. */
const READ = {
  polling: async (at) => (await curl(at)).content,
  'long-polling': async (at) => (await curl(at)).content,
  'http2-streaming': async (at) => {
    const stream = new CurlStream('--insecure', '--http2', at);
    const line = await stream.next();
    await stream.stop();
    return line;
  },
  'raw-websocket': read,
  'tungstenite-websocket': read,
};

async function read(at) {
  const socket = new WebSocket(at, 'json');
  const [data] = await soon('the first batch', once(socket, 'message'));
  socket.terminate();
  return data.toString();
}

async function post(name, draft) {
  if (!WEBSOCKETS.includes(name)) {
    assert.equal((await curl('--insecure', ...posting(draft), url[name])).status, 201);
    return;
  }
  const socket = new WebSocket(url[name], 'json');
  await soon('the handshake', once(socket, 'open'));
  socket.send(JSON.stringify(draft));
  // The message itself is the answer.
  for await (const [data] of onMessage(socket)) {
    if (JSON.parse(data.toString()).messages.some(({ nonce }) => nonce === draft.nonce)) break;
  }
  socket.terminate();
}

async function* onMessage(socket) {
  const texts = [];
  socket.on('message', (data) => {
    texts.push([data]);
    socket.emit('more');
  });
  for (;;) {
    while (texts.length === 0) await soon('a message', once(socket, 'more'));
    yield texts.shift();
  }
}

for (const name of TRANSPORTS) {
  test(`posted by ${name}, the same octets on all`, async () => {
    const { cursor } = JSON.parse((await curl(url.polling)).content);
    const draft = { user: '\u00c5sa "A" \\', text: '</script>\n\t\u2028 caf\u00e9 \u{1f600} \u200b e\u0301', nonce: `by_${name}` };
    await post(name, draft);
    const batches = await Promise.all(TRANSPORTS.map((reader) => READ[reader](`${url[reader]}?after=${cursor}`)));
    const [first] = batches;
    const { id, time, ...shown } = JSON.parse(first).messages[0];
    assert.deepEqual(shown, draft);
    assert(Number.isInteger(id) && Number.isInteger(time));
    batches.forEach((batch, at) => assert.equal(batch.trimEnd(), first, `${TRANSPORTS[at]} and polling`));
  });
}
