/** npm ws on both WebSockets. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';

import { Program, WEBSOCKETS, soon } from './programs.mjs';

/** A WebSocket of npm ws, whose messages and end can be awaited. */
class Client {
  /**
   * @param {string} url
   * @param {object} options
   * @param {string[]} protocols
   */
  constructor(url, options = {}, protocols = ['json']) {
    this.socket = new WebSocket(url, protocols, options);
    /** @type {string[]} */
    this.texts = [];
    this.socket.on('message', (data, isBinary) => {
      assert.equal(isBinary, false);
      this.texts.push(data.toString());
      this.socket.emit('text');
    });
    this.closed = once(this.socket, 'close');
  }

  /** Connects, and reads the first batch. */
  static async connect(url, options, protocols) {
    const client = new Client(url, options, protocols);
    await soon('the handshake', once(client.socket, 'open'));
    client.first = await client.batch();
    return client;
  }

  /** The next text message. */
  async text() {
    while (this.texts.length === 0) await soon('a message', once(this.socket, 'text'));
    return this.texts.shift() ?? '';
  }

  async batch() {
    const batch = JSON.parse(await this.text());
    assert(Array.isArray(batch.messages), JSON.stringify(batch));
    return batch;
  }

  /** The next messages, until there are `count`. */
  async messages(count) {
    const messages = [];
    while (messages.length < count) messages.push(...(await this.batch()).messages);
    return messages;
  }

  send(draft) {
    this.socket.send(typeof draft === 'string' ? draft : JSON.stringify(draft));
  }

  /** The close code that ws has for the end; 1005 for a Close without one, 1006 for none. */
  async end() {
    const [code, reason] = await soon('the end', this.closed);
    return [code, reason.toString()];
  }

  async stop() {
    this.socket.terminate();
    await this.closed;
  }
}

/** The answer to a handshake that is refused. */
async function refusal(url, options, protocols) {
  const socket = new WebSocket(url, protocols, options);
  const [request, response] = await soon('a refusal', once(socket, 'unexpected-response'));
  let content = '';
  for await (const part of response.setEncoding('utf8')) content += part;
  request.destroy();
  return { status: response.statusCode, fields: response.headers, problem: JSON.parse(content) };
}

for (const name of WEBSOCKETS) {
  describe(name, () => {
    /** @type {Program} */
    let program;
    let url = '';
    before(async () => {
      program = await Program.start(name);
      url = `${program.address.replace('http:', 'ws:')}messages`;
    });
    after(() => program?.stop());

    test('posting and following', async () => {
      const [poster, follower] = await Promise.all([Client.connect(url), Client.connect(url)]);
      assert.equal(poster.socket.protocol, 'json');
      const draft = { user: 'ws', text: 'caf\u00e9 \u{1f600}\n<b>', nonce: 'n-1' };
      poster.send(draft);
      const [batch, seen] = [await poster.text(), await follower.text()];
      assert.equal(batch, seen, 'the poster gets what everyone gets');
      const [{ user, text, nonce }] = JSON.parse(batch).messages;
      assert.deepEqual({ user, text, nonce }, draft);
      poster.send({ ...draft, text: 'again' });
      const again = JSON.parse(await poster.text());
      assert.deepEqual(again, { messages: JSON.parse(batch).messages }, 'without a cursor, the first message again');
      poster.send({ user: 'ws', text: '', nonce: 'n-2' });
      const { status, nonce: refused } = JSON.parse(await poster.text());
      assert.deepEqual([status, refused], [422, 'n-2']);
      poster.send('{');
      assert.equal(JSON.parse(await poster.text()).status, 400);
      await Promise.all([poster.stop(), follower.stop()]);
    });

    test('resuming from a cursor', async () => {
      const earlier = await Client.connect(url);
      const { cursor } = earlier.first;
      await earlier.stop();
      const poster = await Client.connect(url);
      for (const text of ['one', 'two', 'three']) poster.send({ user: 'ws', text });
      await poster.messages(3);
      const resumed = await Client.connect(`${url}?after=${cursor}`);
      assert.deepEqual(resumed.first.messages.map(({ text }) => text), ['one', 'two', 'three']);
      const caughtUp = await Client.connect(`${url}?after=${resumed.first.cursor}`);
      assert.deepEqual(caughtUp.first, { messages: [], cursor: resumed.first.cursor });
      const foreign = await Client.connect(`${url}?after=another-1`);
      assert.equal(foreign.first.reset, true);
      await Promise.all([poster, resumed, caughtUp, foreign].map((client) => client.stop()));
    });

    test('each form of a length, both ways', async () => {
      const client = await Client.connect(url);
      const { cursor } = client.first;
      for (const length of [1, 20, 126, 2_000]) {
        client.send({ user: 'ws', text: '\u20ac'.repeat(length) });
        const [{ text }] = await client.messages(1);
        assert.equal(text, '\u20ac'.repeat(length));
      }
      const begin = '{"user":"ws","text":"padded","x":"';
      for (const length of [125, 126, 127, 32 * 1024]) {
        client.send(`${begin}${'x'.repeat(length - begin.length - 2)}"}`);
        const [{ text }] = await client.messages(1);
        assert.equal(text, 'padded', `a draft of ${length} octets`);
      }
      for (let count = 0; count < 10; count += 1) client.send({ user: 'ws', text: '\u{1f600}'.repeat(2_000) });
      await client.messages(10);
      const resumed = new Client(`${url}?after=${cursor}`);
      const large = await resumed.text();
      assert(Buffer.byteLength(large) > 65_536, 'a batch whose length takes 8 octets');
      assert.equal(JSON.parse(large).messages.length, 18);
      await Promise.all([client.stop(), resumed.stop()]);
    });

    test('fragments, and frames that come together', async () => {
      const client = await Client.connect(url);
      const json = Buffer.from(JSON.stringify({ user: 'ws', text: '\u{1f600}'.repeat(20) }));
      for (let at = 0; at < json.length; at += 7) {
        client.socket.send(json.subarray(at, at + 7), { binary: false, fin: at + 7 >= json.length });
        if (at === 7) client.socket.ping('between');
      }
      await soon('a pong', once(client.socket, 'pong'));
      assert.equal((await client.messages(1))[0].text, '\u{1f600}'.repeat(20));
      for (let count = 0; count < 100; count += 1) client.send({ user: 'ws', text: String(count) });
      const texts = (await client.messages(100)).map(({ text }) => text);
      assert.deepEqual(texts, Array.from({ length: 100 }, (_, count) => String(count)));
      await client.stop();
    });

    test('ping and pong', async () => {
      const client = await Client.connect(url);
      for (const data of [Buffer.alloc(0), Buffer.from([0xff, 0]), Buffer.alloc(125, 'x')]) {
        client.socket.ping(data);
        const [pong] = await soon('a pong', once(client.socket, 'pong'));
        assert.deepEqual(pong, data);
      }
      client.socket.pong('unasked');
      client.send({ user: 'ws', text: 'after a pong' });
      assert.equal((await client.messages(1))[0].text, 'after a pong');
      await client.stop();
    });

    test('permessage-deflate: posting and following, by everyone the same', async () => {
      const plain = await Client.connect(url, { perMessageDeflate: false });
      assert.equal(plain.socket.extensions, '', 'never unasked');
      const small = { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9 };
      const offers = [{ threshold: 0 }, small, { threshold: 0, clientNoContextTakeover: true }];
      const clients = await Promise.all(
        offers.map((perMessageDeflate) => Client.connect(url, { perMessageDeflate })),
      );
      for (const client of clients) {
        assert.equal(client.socket.extensions, name === 'raw-websocket' ? 'permessage-deflate' : '');
        for (const text of ['caf\u00e9', 'to be or not to be '.repeat(100), '\u{1f600}'.repeat(2_000)]) {
          client.send({ user: 'ws', text });
          const batch = await plain.text();
          assert.equal(JSON.parse(batch).messages[0].text, text);
          for (const other of clients) assert.equal(await other.text(), batch);
        }
      }
      const retained = await Client.connect(url, { perMessageDeflate: true });
      assert.equal(retained.first.messages.at(-1).text, '\u{1f600}'.repeat(2_000));
      clients[0].send('x'.repeat(32 * 1024 + 1));
      assert.equal((await clients[0].end())[0], 1009, 'too large once it is inflated');
      await Promise.all([plain, retained, clients[1], clients[2]].map((client) => client.stop()));
    });

    test('the subprotocol is json if it is offered', async () => {
      for (const [offers, picked] of [[['json'], 'json'], [['chat', 'json'], 'json'], [[], '']]) {
        const client = await Client.connect(url, {}, offers);
        assert.equal(client.socket.protocol, picked, `${offers}`);
        await client.stop();
      }
      // ws wants one of its offers; the server picks none.
      const socket = new WebSocket(url, ['chat']);
      const [error] = await soon('an error', once(socket, 'error'));
      assert.match(error.message, /no subprotocol/);
    });

    test('close codes', async () => {
      for (const [code, reason] of [[1000, ''], [1001, 'leaving'], [3000, 'r'.repeat(123)], [4999, 'caf\u00e9']]) {
        const client = await Client.connect(url);
        client.socket.close(code, reason);
        assert.equal((await client.end())[0], code);
      }
      const empty = await Client.connect(url);
      empty.socket.close();
      assert.deepEqual(await empty.end(), [1005, ''], 'an empty Close is answered by an empty one');
      const binary = await Client.connect(url);
      binary.socket.send(Buffer.from('{}'), { binary: true });
      assert.equal((await binary.end())[0], 1003);
      const large = await Client.connect(url);
      large.send('x'.repeat(32 * 1024 + 1));
      assert.equal((await large.end())[0], 1009);
      const notText = await Client.connect(url);
      notText.socket.send(Buffer.from([0xc3, 0x28]), { binary: false });
      assert.equal((await notText.end())[0], 1007);
      const refused = await Client.connect(url);
      for (let count = 0; count < 64; count += 1) refused.send('{');
      assert.equal((await refused.end())[0], 1008);
      assert.equal(refused.texts.length, 64, 'each is answered');
      const flood = await Client.connect(url);
      for (let count = 0; count < 2_000; count += 1) flood.socket.ping();
      assert.equal((await flood.end())[0], 1008);
    });

    test('handshakes that are refused', async () => {
      const version = await refusal(url, { protocolVersion: 8 });
      assert.deepEqual([version.status, version.fields['sec-websocket-version']], [426, '13']);
      for (const [status, at, options] of [
        [400, `${url}?after=x`, {}],
        [400, `${url}?after=`, {}],
        [403, url, { origin: 'https://evil.example' }],
        [403, url, { origin: 'null' }],
        [421, url, { headers: { host: 'evil.example' } }],
        [404, url.replace('messages', 'nothing'), {}],
      ]) {
        const answer = await refusal(at, options);
        assert.deepEqual([answer.status, answer.problem.status], [status, status], at);
        assert.equal(answer.fields['content-type'], 'application/problem+json');
      }
      const own = await Client.connect(url, { origin: program.address.slice(0, -1) });
      await own.stop();
    });

    test('a stop is 1001', async () => {
      const stopping = await Program.start(name);
      const at = `${stopping.address.replace('http:', 'ws:')}messages`;
      const clients = await Promise.all([Client.connect(at), Client.connect(at), Client.connect(at)]);
      const code = stopping.stop();
      for (const client of clients) assert.equal((await client.end())[0], 1001);
      assert.equal(await code, 0, 'its exit code');
    });
  });
}
