/**
 * What the wire view counts is what passed, to the octet: a relay that only counts stands between clients that others
 * wrote and each transport, and sees the same. With held requests, batches, large messages, compression, refusals,
 * failures, cuts, a blackhole and a restart in between.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import WebSocket from 'ws';

import { CurlStream, Program, TRANSPORTS, WEBSOCKETS, posting, soon } from './programs.mjs';
import { Relay } from './relay.mjs';

/** One octet, some with escapes, 4 KiB, and 6,000 octets: the last two have the most characters there may be. */
const TEXTS = ['a', '"caf\u00e9" \\ \u{1f600}', '\u20ac'.repeat(96) + '\u00fc'.repeat(1_904), '\u20ac'.repeat(2_000)];

/** @type {Program} */
let program;
/** The port of each transport. @type {Record<string, number>} */
let ports;
/** @type {Relay[]} */
let relays;
/** Somebody looks at the wire. The tap is there for connections that come then. @type {AbortController} */
let watching;

beforeEach(async () => {
  program = await Program.start('side-by-side');
  const urls = await program.transports();
  ports = Object.fromEntries(TRANSPORTS.map((name) => [name, Number(new URL(urls[name].replace(/^ws/, 'http')).port)]));
  relays = [];
  watching = new AbortController();
  await fetch(`${program.address}wire/events`, { signal: watching.signal });
});
afterEach(async () => {
  watching.abort();
  await program?.stop();
  for (const relay of relays) relay.listener.close();
});

async function relayed(port, intoTls) {
  const relay = await Relay.start(port, intoTls);
  relays.push(relay);
  return relay;
}

/** What the page is told of a transport at first. */
async function told(name) {
  const response = await fetch(`${program.address}wire/events`);
  let text = '';
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes('\n\n')) break;
  }
  return JSON.parse(text.slice('data: '.length, text.indexOf('\n\n'))).transports[name];
}

async function tell(method, path, content) {
  const response = await fetch(`${program.address}wire/${path}`, { method, body: content && JSON.stringify(content) });
  assert(response.ok, `${path}: ${response.status}`);
}

/** Waits until something is so that tells nobody when it is. */
async function until(what, isSo) {
  let isOver = false;
  const asking = (async () => {
    while (!isOver && !(await isSo())) await new Promise((done) => setTimeout(done, 20));
  })();
  await soon(what, asking).finally(() => (isOver = true));
}

/** Waits for the end of all connections, and compares. Gives what was counted. */
async function assertCounted(t, name, relay) {
  await until('the end of all connections', async () => relay.open === 0 && (await told(name)).connections === 0);
  const { counts } = await told(name);
  const { client, server } = counts.octets;
  assert.deepEqual({ client: client.tcp, server: server.tcp }, relay.seen, `${name}: what the relay saw`);
  for (const { tcp, tls, plain, fields, framing, envelope, payload, other } of [client, server]) {
    assert.equal(fields + framing + envelope + payload + other, plain, `${name}: the parts are the whole`);
    assert.equal(tls, tcp - plain, name);
  }
  const of = (side) => `${relay.seen[side]} octets of the ${side}`;
  t.diagnostic(`${counts.connections} connections, ${counts.requests} requests, ${of('client')}, ${of('server')}`);
  return counts;
}

/** Whether a connection to a port is taken; nothing is said on it. */
function opens(port) {
  const socket = connectTcp(port, '127.0.0.1');
  const opened = new Promise((done) => socket.on('connect', () => done(true)).on('error', () => done(false)));
  return opened.finally(() => socket.destroy());
}

/** Runs curl, whatever comes of it; gives its exit code and output. */
function curl(...args) {
  const options = ['--silent', '--insecure', '--max-time', '20', ...args];
  return new Promise((done) => {
    execFile('curl', options, { maxBuffer: 1 << 24 }, (error, output) => done({ code: error?.code ?? 0, output }));
  });
}

/** Posts past the transport `name`, so that a follower of it is told something. */
async function say(name, text) {
  const another = name === 'polling' ? 'long-polling' : 'polling';
  const { output } = await curl(...posting({ user: 'ann', text }), `http://127.0.0.1:${ports[another]}/messages`);
  assert(JSON.parse(output).text === text, output);
}

/** What all HTTP transports are asked, in curl's way. */
async function converse(at, ...version) {
  const messages = `${at}/messages`;
  for (const [number, text] of TEXTS.entries()) {
    const draft = posting({ user: 'curl', text, nonce: `n-${number}` });
    assert.equal((await curl(...version, ...draft, messages)).code, 0);
    // The first message again.
    await curl(...version, ...draft, messages);
  }
  const draft = posting({ user: 'curl', text: 'in chunks' });
  await curl(...version, '--header', 'transfer-encoding: chunked', ...draft, messages);
  await curl(...version, '--header', 'expect: 100-continue', ...draft, messages);
  // Refused: after it was read, before, by the head, and by the route. Then the page, and heads alone.
  await curl(...version, ...posting({ user: 'curl', text: '' }), messages);
  await curl(...version, ...posting({ user: 'curl', text: 'x'.repeat(33_000) }), messages);
  await curl(...version, '--header', 'origin: https://evil.example', messages);
  await curl(...version, `${at}/nowhere`, '--next', '--silent', '--insecure', ...version, `${at}/`);
  await curl(...version, '--head', `${at}/`, '--next', '--silent', '--insecure', ...version, '--head', messages);
}

/** Failures and a blackhole, in the midst of requests. */
async function disturb(name, at, ...version) {
  await tell('PUT', `disturbances/${name}`, { fail_share: 1 });
  await curl(...version, `${at}/messages`);
  await curl(...version, ...posting({ user: 'curl', text: 'not now' }), `${at}/messages`);
  await tell('PUT', `disturbances/${name}`, { fail_share: 0, delay_ms: 30, jitter_ms: 30 });
  await curl(...version, ...posting({ user: 'curl', text: 'late' }), `${at}/messages`);
  await tell('POST', `blackhole/${name}`, { seconds: 1 });
  const held = curl(...version, ...posting({ user: 'curl', text: 'held' }), `${at}/messages`);
  assert.equal((await held).code, 0);
  await tell('PUT', `disturbances/${name}`, { delay_ms: 0, jitter_ms: 0 });
}

test('polling: counts are what a relay saw', async (t) => {
  const relay = await relayed(ports.polling);
  const at = `http://127.0.0.1:${relay.port}`;
  await converse(at, '--http1.1');
  const { output } = await curl(`${at}/messages`);
  const { cursor } = JSON.parse(output);
  await curl('--header', `if-none-match: "${cursor}"`, `${at}/messages?after=${cursor}`);
  for (let count = 0; count < 100; count += 1) await say('polling', `message ${count} of a batch`);
  await curl(`${at}/messages?after=${cursor}`, '--next', '--silent', `${at}/messages`);
  await disturb('polling', at, '--http1.1');
  await tell('POST', 'restart/polling', { seconds: 1 });
  // Nothing is said meanwhile: a request that a closing port takes with it has passed the relay and reaches nobody.
  for (const is of [false, true]) await until(`the port to be ${is ? 'open' : 'closed'}`, async () => (await opens(ports.polling)) === is);
  await curl(`${at}/messages`);
  const counts = await assertCounted(t, 'polling', relay);
  assert(counts.octets.server.payload > 20_000 && counts.octets.server.other > 1_000, 'history, and the page');
});

test('long polling: counts are what a relay saw', async (t) => {
  const relay = await relayed(ports['long-polling']);
  const at = `http://127.0.0.1:${relay.port}`;
  await converse(at, '--http1.1');
  for (const text of TEXTS) {
    const { cursor } = JSON.parse((await curl(`${at}/messages`)).output);
    const held = curl(`${at}/messages?after=${cursor}&wait=20`);
    await say('long-polling', text);
    assert.equal(JSON.parse((await held).output).messages[0].text, text);
    await curl(`${at}/messages?wait=0&after=${cursor}`);
  }
  await disturb('long-polling', at, '--http1.1');
  const { cursor } = JSON.parse((await curl(`${at}/messages`)).output);
  assert.equal((await curl(`${at}/messages?after=${cursor}&wait=1`)).output, '', '204');
  // Cut while the request is held: when the tap has told of it, all that was said has passed.
  const { requests } = (await told('long-polling')).counts;
  const cut = curl(`${at}/messages?after=${cursor}&wait=20`);
  await until('the held request', async () => (await told('long-polling')).counts.requests > requests);
  await tell('POST', 'cut/long-polling');
  assert((await cut).code > 0, 'reset');
  await assertCounted(t, 'long-polling', relay);
});

for (const cleartext of [false, true]) {
  test(`HTTP/2 ${cleartext ? 'in cleartext' : 'in TLS'}: counts are what a relay saw`, async (t) => {
    const relay = await relayed(ports['http2-streaming']);
    const [scheme, version] = cleartext ? ['http', '--http2-prior-knowledge'] : ['https', '--http2'];
    const at = `${scheme}://127.0.0.1:${relay.port}`;
    await converse(at, version);
    if (!cleartext) await converse(at, version, '--tls-max', '1.2');
    const stream = new CurlStream('--insecure', version, `${at}/messages`);
    await stream.next();
    for (const text of TEXTS) {
      await say('http2-streaming', text);
      assert.equal(JSON.parse(await stream.next()).messages[0].text, text);
    }
    await disturb('http2-streaming', at, version);
    // Late and held.
    await Promise.all([stream.next(), stream.next()]);
    await tell('POST', 'cut/http2-streaming');
    assert((await stream.end()) > 0, 'reset');
    const { octets } = await assertCounted(t, 'http2-streaming', relay);
    for (const side of [octets.client, octets.server]) assert.equal(side.tls > 500, !cleartext, JSON.stringify(side));
  });
}

test('HTTP/2 in TLS: plaintext is what its client saw', async (t) => {
  const cipher = await relayed(ports['http2-streaming']);
  const clear = await relayed(cipher.port, true);
  const at = `http://127.0.0.1:${clear.port}`;
  await converse(at, '--http2-prior-knowledge');
  const stream = new CurlStream('--http2-prior-knowledge', `${at}/messages`);
  await stream.next();
  for (const text of TEXTS) {
    await say('http2-streaming', text);
    await stream.next();
  }
  await tell('PUT', 'disturbances/http2-streaming', { delay_ms: 30, bandwidth: 20_000 });
  await say('http2-streaming', TEXTS[3]);
  await stream.next();
  await stream.stop();
  await tell('PUT', 'disturbances/http2-streaming', { delay_ms: 0, bandwidth: 0 });
  const { octets } = await assertCounted(t, 'http2-streaming', cipher);
  assert.deepEqual({ client: octets.client.plain, server: octets.server.plain }, clear.seen);
});

for (const name of WEBSOCKETS) {
  for (const perMessageDeflate of [false, { threshold: 0 }]) {
    test(`${name}${perMessageDeflate ? ', deflate' : ''}: counts are what a relay saw`, async (t) => {
      const relay = await relayed(ports[name]);
      const url = `ws://127.0.0.1:${relay.port}/messages`;
      await converse(`http://127.0.0.1:${relay.port}`, '--http1.1');
      const client = await Follower.connect(url, { perMessageDeflate });
      for (const text of TEXTS) {
        client.send({ user: 'ws', text });
        assert.equal((await client.next()).text, text);
        client.socket.ping('ping');
        await soon('a pong', once(client.socket, 'pong'));
      }
      for (let count = 0; count < 100; count += 1) client.send({ user: 'ws', text: `message ${count} of a burst` });
      for (let count = 0; count < 100; count += 1) await client.next();
      await tell('POST', `blackhole/${name}`, { seconds: 1 });
      client.send({ user: 'ws', text: 'held' });
      await client.next();
      client.socket.close(1000, 'enough');
      await soon('the closing handshake', client.ended);
      // What was retained, in one batch; then reset, half a frame said, broken, failed.
      for (const end of [
        () => tell('POST', `cut/${name}`),
        (socket) => socket._socket.end(Buffer.from([0x81, 0xfe, 0x01])),
        (socket) => socket.send(Buffer.from('{}'), { binary: true }),
        (socket) => socket._socket.write(Buffer.alloc(14, 0xff)),
        async (socket) => {
          await tell('PUT', `disturbances/${name}`, { fail_share: 1 });
          socket.send('{}');
        },
      ]) {
        const follower = await Follower.connect(url, { perMessageDeflate });
        await follower.next();
        await end(follower.socket);
        await soon('the end', follower.ended);
      }
      await tell('PUT', `disturbances/${name}`, { fail_share: 0 });
      const { octets } = await assertCounted(t, name, relay);
      assert(octets.client.framing > 700 && octets.server.payload > 0, JSON.stringify(octets));
    });
  }
}

/** A WebSocket of npm ws, message by message. */
class Follower {
  messages = [];

  static async connect(url, options) {
    const follower = new Follower();
    follower.socket = new WebSocket(url, 'json', options);
    follower.ended = once(follower.socket, 'close');
    follower.socket.on('error', () => {});
    follower.socket.on('message', (data) => {
      follower.messages.push(...(JSON.parse(data.toString()).messages ?? []));
      follower.socket.emit('news');
    });
    await soon('the handshake', once(follower.socket, 'open'));
    return follower;
  }

  send(draft) {
    this.socket.send(JSON.stringify(draft));
  }

  async next() {
    while (this.messages.length === 0) await soon('a message', once(this.socket, 'news'));
    return this.messages.shift();
  }
}
