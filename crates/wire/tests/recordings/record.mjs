#!/usr/bin/env node
/**
 * Records what real clients and the five transports say to each other, for the tests of `wire`.
 *
 *     crates/wire/tests/recordings/record.mjs
 *
 * The servers are those of target/release/side-by-side, or of the folder CROSSTALK_BIN_DIR. Clients: curl, npm ws
 * (tests/clients: npm ci), Python websockets (target/clients: tests/clients/run makes it), Chromium (CHROMIUM or
 * /usr/bin/chromium, by playwright-core in tests/browser: npm ci).
 *
 * A relay stands before each transport and stores what passes, a JSON object a line in the order seen: who sent it, and
 * the octets in base64. TLS ends at the relay, on either side, with the same protocol (ALPN): it is HTTP/2 inside that
 * is stored. A file is written for each connection; it replaces the one there was.
 */

import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../../../..');
process.env.CROSSTALK_BIN_DIR ??= join(root, 'target/release');
const { Program, soon } = await import(join(root, 'tests/clients/programs.mjs'));
const WebSocket = createRequire(join(root, 'tests/clients/package.json'))('ws');
const { chromium } = createRequire(join(root, 'tests/browser/package.json'))('playwright-core');
const run = promisify(execFile);

const program = await Program.start('side-by-side');
const urls = await program.transports();
/** The server's own certificate, and its key, in one file. */
const pem = await readFile(join(program.data, 'certificate.pem'));

/** A relay before one transport; each of its connections is stored. */
class Relay extends EventEmitter {
  /** @type {{ from: string, octets: Buffer }[][]} */
  connections = [];

  /** @param {string} transport @param {boolean} tls */
  static async start(transport, tls = false) {
    const relay = new Relay();
    const port = Number(new URL(urls[transport].replace(/^ws/, 'http')).port);
    const accept = (client) => {
      const parts = [];
      relay.connections.push(parts);
      const server = tls
        ? connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
        : connectTcp({ port, host: '127.0.0.1' });
      for (const [from, socket, peer] of [['client', client, server], ['server', server, client]]) {
        socket.on('data', (octets) => {
          parts.push({ from, octets });
          peer.write(octets);
          relay.emit('octets');
        });
        socket.on('end', () => peer.end());
        socket.on('error', () => peer.destroy());
      }
    };
    relay.server = tls
      ? createTlsServer({ cert: pem, key: pem, ALPNProtocols: ['h2'] }, accept)
      : createTcpServer(accept);
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    relay.url = `${tls ? 'https' : 'http'}://127.0.0.1:${relay.server.address().port}`;
    return relay;
  }

  /** Waits until one side of the first connection has said this. */
  async until(side, text) {
    while (!said(this.connections[0] ?? [], side).includes(text)) await soon(text, once(this, 'octets'));
  }

  /** Writes the first connection that `is` takes. */
  async write(name, is = () => true) {
    const chosen = this.connections.filter((parts) => is(said(parts, 'client'), said(parts, 'server')));
    if (chosen.length === 0) throw new Error(`${name}: no connection to write, of ${this.connections.length}`);
    const lines = chosen[0].map(({ from, octets }) => JSON.stringify({ from, octets: octets.toString('base64') }));
    await writeFile(join(here, `${name}.jsonl`), `${lines.join('\n')}\n`);
    console.log(`${name}: ${chosen[0].length} parts, ${chosen.length} of ${this.connections.length} connections`);
    this.server.close();
  }
}

/** All that a side said, as text of one octet a character. */
const said = (parts, side) => parts.filter(({ from }) => from === side).map(({ octets }) => octets.toString('latin1')).join('');

const draft = (text) => JSON.stringify({ user: 'ada', text });
const json = ['-H', 'content-type: application/json', '--data'];

/** Runs curl; that its time is over is how a stream's end is made here. */
async function curl(...args) {
  try {
    return (await run('curl', ['--silent', '--max-time', '2', ...args])).stdout;
  } catch (error) {
    if (error.code !== 28) throw error;
    return error.stdout;
  }
}

/** Polling: post, read, ask for the head alone, be refused; on another connection nothing new, and a post in chunks. */
async function curlPolling() {
  const relay = await Relay.start('polling');
  const url = `${relay.url}/messages`;
  await curl(
    url, ...json, draft('hello by polling'), '--next',
    '--silent', url, '--next',
    '--silent', url, '-H', 'if-none-match: "none", W/"x"', '--next',
    '--silent', '--head', url, '--next',
    '--silent', `${relay.url}/nowhere`,
  );
  await relay.write('curl-polling');
  const chunked = await Relay.start('polling');
  const body = ['-H', 'content-type: application/json', '-H', 'transfer-encoding: chunked', '--data', draft('in chunks')];
  const etag = /etag: (.*)\r/i.exec(await curl('--head', `${chunked.url}/messages`))?.[1] ?? '';
  const unchanged = [`${chunked.url}/messages`, '-H', `if-none-match: ${etag}`];
  await curl(...unchanged, '--next', '--silent', `${chunked.url}/messages`, ...body);
  await chunked.write('curl-polling-chunked', (client) => client.includes('in chunks'));
}

/** Long polling: a post that a held request is answered by, and a wait that ends without one. */
async function curlLongPolling() {
  const relay = await Relay.start('long-polling');
  const { cursor } = JSON.parse(await curl(`${urls['long-polling']}`));
  const after = `${relay.url}/messages?after=${cursor}`;
  const held = curl(`${after}&wait=0`, '--next', '--silent', `${after}&wait=25`);
  await relay.until('client', 'wait=25');
  await curl(urls['long-polling'], ...json, draft('hello by long polling'));
  await held;
  await relay.write('curl-long-polling');
}

/** HTTP/2: a post and the stream on one connection, inside TLS; the stream alone in cleartext, with a post from elsewhere. */
async function curlHttp2() {
  const relay = await Relay.start('http2-streaming', true);
  const options = ['--http2', '--insecure', '--silent'];
  const stream = ['--max-time', '1', '--no-buffer', `${relay.url}/messages`];
  await curl(...options, `${relay.url}/messages`, ...json, draft('hello by HTTP/2'), '--next', ...options, ...stream);
  await relay.write('curl-h2');
  const clear = await Relay.start('http2-streaming');
  const followed = curl('--http2-prior-knowledge', '--max-time', '1', '--no-buffer', `${clear.url}/messages`);
  await clear.until('server', '"cursor"');
  await curl(urls.polling, ...json, draft('hello by cleartext HTTP/2'));
  await followed;
  await clear.write('curl-h2c');
}

/** npm ws: plain and compressed, a text of 126 octets and more, fragments, a ping, a close with a reason. */
async function npmWs() {
  for (const [name, transport, perMessageDeflate] of [
    ['ws-raw', 'raw-websocket', false],
    ['ws-raw-deflate', 'raw-websocket', { threshold: 0 }],
    ['ws-tungstenite', 'tungstenite-websocket', false],
  ]) {
    const relay = await Relay.start(transport);
    const socket = new WebSocket(`${relay.url.replace('http', 'ws')}/messages`, ['json'], { perMessageDeflate });
    await soon('the first batch', once(socket, 'message'));
    socket.send(draft(`hello by ${name}`));
    await soon('the message', once(socket, 'message'));
    const [first, second] = [draft('caffè – ☕'), draft('x'.repeat(200))];
    const octets = Buffer.from(first);
    const cut = octets.indexOf(0xc3) + 1;
    socket.send(octets.subarray(0, cut), { fin: false, binary: false });
    socket.ping('are you there?');
    socket.send(octets.subarray(cut), { fin: true, binary: false });
    await soon('the message in fragments', once(socket, 'message'));
    socket.send(second);
    await soon('the long message', once(socket, 'message'));
    socket.close(1000, 'bye');
    await soon('the close', once(socket, 'close'));
    await relay.write(name);
  }
}

/** Python websockets, with its own compression. */
async function pythonWebsockets() {
  const relay = await Relay.start('raw-websocket');
  const script = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], subprotocols=["json"]) as socket:
        await socket.recv()
        for text in ("hello by Python websockets", "hello again by Python websockets"):
            await socket.send('{"user":"ada","text":"%s"}' % text)
            await socket.recv()
        await (await socket.ping(b"ping"))
asyncio.run(main())`;
  await run(join(root, 'target/clients/bin/python'), ['-c', script, `${relay.url.replace('http', 'ws')}/messages`]);
  await relay.write('websockets-raw');
}

/**
 * Chromium with the modules of the chat's own page, without the page, so that the recording is small: one message
 * posted and followed.
 */
async function browser() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  for (const transport of ['polling', 'long-polling', 'http2-streaming', 'raw-websocket', 'tungstenite-websocket']) {
    const isWebSocket = transport.endsWith('-websocket');
    const relay = await Relay.start(transport, transport === 'http2-streaming');
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`${relay.url}/healthz`);
    const text = `hello by Chromium, ${transport}`;
    await page.evaluate(
      async ({ module, url, text }) => {
        const { connect } = await import(`/transports/${module}.js`);
        await new Promise((resolve) => {
          const onBatch = ({ messages }) => {
            if (messages.some((message) => message.text === text)) resolve(undefined);
          };
          const onState = (state) => {
            if (state === 'connected') queueMicrotask(() => connection.post({ user: 'ada', text, nonce: crypto.randomUUID() }));
          };
          const connection = connect(url, { onBatch, onState });
        });
      },
      {
        module: isWebSocket ? 'websocket' : transport,
        url: `${isWebSocket ? relay.url.replace('http', 'ws') : relay.url}/messages`,
        text,
      },
    );
    await context.close();
    const mark = { 'polling': 'POST /messages', 'long-polling': 'POST /messages', 'http2-streaming': 'PRI * HTTP/2.0' };
    await relay.write(`chromium-${transport}`, (client) => client.includes(mark[transport] ?? 'Sec-WebSocket-Key'));
  }
  await browser.close();
}

try {
  for (const record of [curlPolling, curlLongPolling, curlHttp2, npmWs, pythonWebsockets, browser]) await record();
} finally {
  await program.stop();
}
