/** curl over HTTP/1.1 (polling, long polling) and over HTTP/2, with TLS and with prior knowledge. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { CurlStream, Program, curl, posting } from './programs.mjs';

/** @type {Program} */
let program;
/** @type {Record<string, string>} */
let url;

before(async () => {
  program = await Program.start('side-by-side');
  url = await program.transports();
});
after(() => program?.stop());

/** The cursor after the newest message. */
async function newest() {
  return JSON.parse((await curl(url.polling)).content).cursor;
}

/** The text of each message of a batch. */
function texts(batch) {
  return JSON.parse(batch).messages.map(({ text }) => text);
}

/** Runs curl, and gives what it prints. */
const run = (...args) => promisify(execFile)('curl', args);

/** How curl reaches each HTTP transport. */
const WAYS = {
  'HTTP/1.1, polling': { name: 'polling', args: ['--http1.1'], version: '1.1' },
  'HTTP/1.1, long polling': { name: 'long-polling', args: ['--http1.1'], version: '1.1' },
  'HTTP/2, TLS': { name: 'http2-streaming', args: ['--http2', '--insecure'], version: '2' },
  'HTTP/2, prior knowledge': { name: 'http2-streaming', args: ['--http2-prior-knowledge'], version: '2', cleartext: true },
};

for (const [way, { name, args, version, cleartext }] of Object.entries(WAYS)) {
  const at = (query = '') => (cleartext ? url[name].replace('https:', 'http:') : url[name]) + query;

  test(`${way}: posting, and the first message again for a repeated nonce`, async () => {
    const draft = { user: 'curl', text: `${way} caf\u00e9 \u{1f600}`, nonce: way.replace(/\W/g, '_') };
    const first = await curl(...args, ...posting(draft), at());
    assert.deepEqual([first.status, first.version], [201, version]);
    assert.equal(first.fields['content-type'], 'application/json');
    assert.equal(first.fields['cache-control'], 'no-store');
    assert.equal(first.fields['x-content-type-options'], 'nosniff');
    const { id, user, text, nonce } = JSON.parse(first.content);
    assert.deepEqual({ user, text, nonce }, draft);
    const again = await curl(...args, ...posting({ ...draft, text: 'another' }), at());
    assert.deepEqual([again.status, again.content], [200, first.content]);
    assert.equal(JSON.parse(again.content).id, id);
  });

  test(`${way}: refusals are problems`, async () => {
    for (const [status, ...request] of [
      [400, ...posting({}), '--data-binary', '{'],
      [422, ...posting({ user: 'curl', text: '' })],
      [415, '--data-binary', '{}'],
      [405, '--request', 'DELETE'],
      [403, '--header', 'origin: https://evil.example'],
      [421, '--header', 'host: evil.example'],
    ]) {
      const answer = await curl(...args, ...request, at());
      assert.equal(answer.status, status, `${request}: ${answer.content}`);
      assert.equal(answer.fields['content-type'], 'application/problem+json');
      assert.equal(JSON.parse(answer.content).status, status);
    }
    assert.equal((await curl(...args, at('?after=x'))).status, 400);
    assert.equal((await curl(...args, new URL('/nothing', at()).href)).status, 404);
  });

  test(`${way}: content in parts, content too large, and a client that asks first`, async () => {
    const draft = { user: 'curl', text: 'in parts' };
    // In HTTP/1.1 chunks, in HTTP/2 a length that is not told.
    const unknown = await curl(...args, '--header', 'transfer-encoding: chunked', ...posting(draft), at());
    assert.equal(unknown.status, 201);
    const expecting = await curl(...args, '--header', 'expect: 100-continue', ...posting(draft), at());
    assert.equal(expecting.status, 201);
    const large = { user: 'curl', text: 'x'.repeat(33_000) };
    for (const more of [[], ['--header', 'expect: 100-continue']]) {
      const answer = await curl(...args, ...more, ...posting(large), at());
      assert.equal(answer.status, 413, answer.content);
    }
  });

  test(`${way}: HEAD, the page, and whether it is ready`, async () => {
    const head = await curl(...args, '--head', at());
    assert.equal(head.status, 200);
    assert.equal(head.content.split('\r\n\r\n')[1], '', 'no content');
    for (const path of ['/', '/healthz']) {
      const answer = await curl(...args, new URL(path, at()).href);
      assert.deepEqual([answer.status, answer.version], [200, version], path);
    }
  });
}

test('polling: an entity tag, and 304 while nothing is new', async () => {
  const batch = await curl(url.polling);
  const { cursor } = JSON.parse(batch.content);
  assert.equal(batch.fields.etag, `"${cursor}"`);
  const at = `${url.polling}?after=${cursor}`;
  const same = await curl('--header', `if-none-match: W/"x", W/"${cursor}"`, at);
  assert.deepEqual([same.status, same.content, same.fields.etag], [304, '', `"${cursor}"`]);
  await curl(...posting({ user: 'curl', text: 'news' }), url.polling);
  const news = await curl('--header', `if-none-match: "${cursor}"`, at);
  assert.deepEqual([news.status, texts(news.content)], [200, ['news']]);
});

test('HTTP/1.1: curl reuses its connection, after a refusal too', async () => {
  for (const name of ['polling', 'long-polling']) {
    // The file of the second answer holds nothing; what curl says of it is how many connections it made for it.
    const two = ['--next', '--silent', '--write-out', '%{num_connects}', '--output', '/dev/null', url[name]];
    for (const first of [url[name], `${url[name]}?after=x`]) {
      assert.equal((await run('--silent', '--output', '/dev/null', first, ...two)).stdout, '0', first);
    }
  }
});

test('long polling: the answer comes with the message, and 204 without one', async () => {
  const cursor = await newest();
  const waiting = curl(`${url['long-polling']}?after=${cursor}`);
  await curl(...posting({ user: 'curl', text: 'waited for' }), url['long-polling']);
  const { status, content } = await waiting;
  assert.deepEqual([status, texts(content)], [200, ['waited for']]);
  const nothing = await curl(`${url['long-polling']}?after=${await newest()}&wait=1`);
  assert.deepEqual([nothing.status, nothing.content], [204, '']);
});

for (const way of ['HTTP/2, TLS', 'HTTP/2, prior knowledge']) {
  test(`${way}: a batch a line, as messages come, and on from a cursor`, async () => {
    const { args, cleartext } = WAYS[way];
    const at = cleartext ? url['http2-streaming'].replace('https:', 'http:') : url['http2-streaming'];
    const cursor = await newest();
    const stream = new CurlStream(...args, `${at}?after=${cursor}`);
    try {
      const first = JSON.parse(await stream.next());
      assert.deepEqual(first, { messages: [], cursor });
      for (const text of ['a'.repeat(126), '\u20ac'.repeat(2_000), 'two\nlines']) {
        await curl(...posting({ user: 'curl', text }), url.polling);
        const line = await stream.next();
        assert.deepEqual(texts(line), [text], 'one line for one message');
      }
    } finally {
      await stream.stop();
    }
    const again = new CurlStream(...args, `${at}?after=${cursor}`);
    try {
      assert.deepEqual(texts(await again.next()).length, 3, 'what came after the cursor comes again');
    } finally {
      await again.stop();
    }
  });
}

test('HTTP/2 streaming: HTTP/1.1 is told where to go', async () => {
  const cleartext = url['http2-streaming'].replace('https:', 'http:');
  const told = await curl('--http1.1', cleartext);
  assert.deepEqual([told.status, told.fields.location], [307, url['http2-streaming']]);
  assert.equal((await curl('--http1.1', ...posting({ user: 'curl', text: 'hi' }), cleartext)).status, 505);
});

test('WebSockets: what is no handshake is told what would be one', async () => {
  for (const name of ['raw-websocket', 'tungstenite-websocket']) {
    const at = url[name].replace('ws:', 'http:');
    const bare = await curl(at);
    assert.deepEqual([bare.status, bare.fields.upgrade], [426, 'websocket'], name);
    const posted = await curl(...posting({ user: 'curl', text: 'hi' }), at);
    assert.deepEqual([posted.status, posted.fields.allow.replace(' ', '')], [405, 'GET,HEAD'], name);
    const upgrade = ['connection: upgrade', 'upgrade: websocket'].flatMap((field) => ['--header', field]);
    const older = await curl(...upgrade, '--header', 'sec-websocket-version: 8', at);
    assert.deepEqual([older.status, older.fields['sec-websocket-version']], [426, '13'], name);
    const keyless = await curl(...upgrade, '--header', 'sec-websocket-version: 13', at);
    assert.equal(keyless.status, 400, name);
  }
});

test('a stop ends long polls and streams in good order, within 2 s', async () => {
  const stopping = await Program.start('side-by-side');
  const at = await stopping.transports();
  await curl(...posting({ user: 'curl', text: 'first' }), at.polling);
  const { cursor } = JSON.parse((await curl(at.polling)).content);
  const poll = new CurlStream('--verbose', '--write-out', '%{response_code}', `${at['long-polling']}?after=${cursor}`);
  await poll.says('> GET /messages');
  // It was sent before this one was, and so it is waited on when this one has its answer.
  await curl(new URL('/healthz', at['long-polling']).href);
  const tls = new CurlStream('--insecure', '--http2', at['http2-streaming']);
  const clear = new CurlStream('--http2-prior-knowledge', at['http2-streaming'].replace('https:', 'http:'));
  assert.deepEqual(texts(await tls.next()), ['first']);
  assert.deepEqual(texts(await clear.next()), ['first']);
  const asked = Date.now();
  assert.equal(await stopping.stop(), 0, 'its exit code');
  assert(Date.now() - asked < 2_500, `it stopped in ${Date.now() - asked} ms`);
  for (const stream of [tls, clear]) {
    assert.equal(await stream.next(), undefined);
    assert.equal(await stream.end(), 0, `curl's exit code: ${stream.log}`);
  }
  assert.equal(await poll.next(), '204', 'a poll is answered that nothing came for');
});
