/** The page's modules without a page: what needs a scripted server or a clock of its own. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, mock, test } from 'node:test';
import { Deliveries, duration, now } from '../../web/delivery.js';
import { readFromPanel, readToPanel } from '../../web/frame-channel.js';
import { LogClient } from '../../web/log-client.js';
import { MAX_POSTS } from '../../web/outbox.js';
import { Lost, Refused, scalars, textProblem, trimmed, userProblem } from '../../web/protocol.js';
import { BACK_OFF_MAX_MS } from '../../web/retry.js';
import { connect as connectHttp2, SILENCE_MS } from '../../web/transports/http2-streaming.js';

/** @import { Batch, Connection, Draft, Following, Message } from '../../web/protocol.js' */
/** @import { State } from '../../web/log-client.js' */
/** @import { Post } from '../../web/outbox.js' */

const URL_OF_MESSAGES = new URL('http://localhost:8083/messages');
const realFetch = globalThis.fetch;

before(() => {
  // The parts of a window that the modules use.
  Object.assign(globalThis, { addEventListener: () => undefined });
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: true }, configurable: true });
});
beforeEach(() => mock.timers.reset());
after(() => {
  globalThis.fetch = realFetch;
});

/**
 * @param {number} id
 * @param {string} [nonce]
 * @returns {Message}
 */
function message(id, nonce) {
  return { id, user: 'brian', text: `text ${id}`, time: 1_763_600_000_000, nonce };
}

// The rules of a draft.

test('lengths are counted in scalar values, white space is that of Unicode', () => {
  assert.equal(scalars('a🙂é'), 3);
  assert.equal(trimmed('\u0085\u2003 Ada \u00a0'), 'Ada');
  assert.equal(trimmed('\ufeffAda'), '\ufeffAda');
  assert.equal(userProblem('🙂'.repeat(32)), undefined);
  assert.match(userProblem('🙂'.repeat(33)) ?? '', /at most 32 characters; this one has 33/);
  assert.match(userProblem('a\tb') ?? '', /control/);
  assert.equal(textProblem('x'.repeat(2000)), undefined);
  assert.match(textProblem('x'.repeat(2001)) ?? '', /at most 2,000 characters; this one has 2,001/);
  assert.equal(textProblem('a\n\tb'), undefined);
  assert.match(textProblem('a\0b') ?? '', /control/);
  assert.match(textProblem(' \n\u3000') ?? '', /white space/);
  assert.match(textProblem('\ud800') ?? '', /surrogate/);
});

// HTTP/2 streaming: lines are not chunks.

/**
 * Follows a response of these chunks and gives what was heard.
 * @param {Uint8Array<ArrayBuffer>[]} chunks
 */
async function streamed(chunks) {
  globalThis.fetch = async () => new Response(new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  }));
  /** @type {Batch[]} */
  const batches = [];
  /** @type {string[]} */
  const states = [];
  await new Promise((resolve) => {
    connectHttp2(URL_OF_MESSAGES, {
      cursor: undefined,
      onBatch: (batch) => batches.push(batch),
      onState: (state, end) => {
        states.push(end ? `${state}: ${end.reason}` : state);
        if (state === 'closed') resolve(undefined);
      },
    });
  });
  return { batches, states };
}

test('http2-streaming: a stream cut at any byte gives the same batches', async () => {
  const lines = [
    { messages: [{ ...message(1), text: 'héllo 🙂 \u2028' }], cursor: 'e-1' },
    { messages: [message(2), message(3)], cursor: 'e-3' },
  ];
  const bytes = new TextEncoder().encode(`\n${JSON.stringify(lines[0])}\n\n\n${JSON.stringify(lines[1])}\n`);
  const expected = JSON.parse(JSON.stringify(lines));
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const { batches, states } = await streamed([bytes.slice(0, cut), bytes.slice(cut)]);
    assert.deepEqual(batches, expected, `cut at byte ${cut}`);
    assert.deepEqual(states, ['connected', 'closed: the stream ended']);
  }
  const single = await streamed(Array.from(bytes, (byte) => Uint8Array.of(byte)));
  assert.deepEqual(single.batches, expected);
});

test('http2-streaming: a line that is no batch ends the connection, as does a line without end', async () => {
  const encode = (/** @type {string} */ text) => new TextEncoder().encode(text);
  assert.match((await streamed([encode('{"messages":1}\n')])).states[1] ?? '', /no batch/);
  assert.match((await streamed([encode('<html>\n')])).states[1] ?? '', /no JSON/);
  assert.match((await streamed([encode('x'.repeat(600_000))])).states[1] ?? '', /longer than/);
});

test('http2-streaming: heartbeats keep it alive, silence ends it', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  /** @type {ReadableStreamDefaultController<Uint8Array>[]} */
  const streams = [];
  globalThis.fetch = async (_, init) => {
    const body = new ReadableStream({ start: (controller) => void streams.push(controller) });
    init?.signal?.addEventListener('abort', () => streams[0]?.error(init.signal?.reason));
    return new Response(body);
  };
  /** @type {string | undefined} */
  let reason;
  let isConnected = false;
  connectHttp2(URL_OF_MESSAGES, {
    cursor: undefined,
    onBatch: () => undefined,
    onState: (state, end) => {
      isConnected ||= state === 'connected';
      reason = end?.reason;
    },
  });
  await until(() => isConnected);
  for (let beat = 0; beat < 4; beat += 1) {
    mock.timers.tick(SILENCE_MS - 1);
    streams[0]?.enqueue(Uint8Array.of(10));
    await turns();
  }
  assert.equal(reason, undefined);
  mock.timers.tick(SILENCE_MS);
  await until(() => reason !== undefined);
  assert.match(reason ?? '', /nothing came for 45 s/);
});

test('an error status ends the connection with the problem and its wait', async () => {
  const problem = { type: 'about:blank', status: 503, title: 'Service Unavailable', detail: 'too many connections' };
  globalThis.fetch = async () =>
    new Response(JSON.stringify(problem), {
      status: 503,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '7' },
    });
  const end = await new Promise((resolve) => {
    connectHttp2(URL_OF_MESSAGES, { cursor: undefined, onBatch: () => undefined, onState: (_, ended) => resolve(ended) });
  });
  assert.deepEqual(end, { reason: 'the server answered 503: too many connections', retryAfter: 7 });
});

// The client above the transports.

/** A client over a transport that the test plays. */
class Scripted {
  /** @type {Following[]} */
  connections = [];
  /** @type {{ draft: Draft, resolve: (message: Message) => void, reject: (error: Error) => void }[]} */
  posts = [];
  /** @type {string[]} */
  heard = [];
  /** @type {State[]} */
  states = [];
  /** @type {Post[]} */
  waiting = [];

  constructor() {
    this.client = new LogClient((_, following) => this.#connect(following), URL_OF_MESSAGES, {
      onState: (state) => this.states.push(state),
      onMessages: (arrived, isHistory) => {
        for (const { message, post } of arrived) {
          this.heard.push(`${message.id}${post ? ' own' : ''}${isHistory ? ' history' : ''}`);
          if (post) this.waiting.splice(this.waiting.indexOf(post), 1);
        }
      },
      onMissed: (count) => this.heard.push(`missed ${count}`),
      onReset: () => this.heard.push('reset'),
      onPost: (post) => this.waiting.includes(post) || this.waiting.push(post),
      onDiscarded: (post) => this.waiting.splice(this.waiting.indexOf(post), 1),
    });
    this.client.start();
  }

  /**
   * @param {Following} following
   * @returns {Connection}
   */
  #connect(following) {
    this.connections.push(following);
    return {
      post: (draft) => new Promise((resolve, reject) => this.posts.push({ draft, resolve, reject })),
      close: () => undefined,
    };
  }

  get connection() {
    const last = this.connections.at(-1);
    assert.ok(last);
    return last;
  }

  get lastPost() {
    const last = this.posts.at(-1);
    assert.ok(last);
    return last;
  }
}

test('log-client: follows from its cursor, shows nothing twice, tells what was missed and reset', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { client, connections, heard } = new Scripted();
  assert.equal(client.state.name, 'connecting');
  const [first] = connections;
  assert.equal(first?.cursor, undefined);
  first?.onState('connected');
  first?.onBatch({ messages: [message(1), message(2)], cursor: 'a-2' });
  first?.onBatch({ messages: [message(2), message(3)], cursor: 'a-3' });
  first?.onState('closed', { reason: 'cut' });
  mock.timers.tick(0);
  const [, second] = connections;
  assert.equal(second?.cursor, 'a-3');
  first?.onBatch({ messages: [message(4)], cursor: 'a-4' });
  second?.onState('connected');
  second?.onBatch({ messages: [message(9)], cursor: 'a-9', missed: 5 });
  second?.onBatch({ messages: [message(1)], cursor: 'b-1', reset: true });
  second?.onBatch({ messages: [message(2)], cursor: 'b-2' });
  assert.deepEqual(heard, ['1 history', '2 history', '3', 'missed 5', '9', 'reset', '1 history', '2']);
});

test('log-client: retries at once, then later and later with jitter, at once again after a connection that lasted', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let clock = 0;
  mock.method(performance, 'now', () => clock);
  mock.method(Math, 'random', () => 0.999999);
  const scripted = new Scripted();
  const waits = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    scripted.connection.onState('closed', { reason: 'refused' });
    const wait = (scripted.client.state.retryAt ?? NaN) - Date.now();
    waits.push(Math.round(wait / 1000));
    mock.timers.tick(Math.ceil(wait));
    assert.equal(scripted.connections.length, attempt + 2);
  }
  assert.deepEqual(waits, [0, 1, 2, 4, 8, 16, 30, 30, 30]);
  assert.equal(BACK_OFF_MAX_MS, 30_000);

  // One that is closed as soon as it is open did not work, and is not hammered.
  scripted.connection.onState('connected');
  scripted.connection.onState('closed', { reason: 'closed' });
  assert.ok((scripted.client.state.retryAt ?? 0) - Date.now() > 29_000);
  mock.timers.tick(30_000);
  scripted.connection.onState('connected');
  clock += 1_000;
  scripted.connection.onState('closed', { reason: 'closed' });
  assert.equal((scripted.client.state.retryAt ?? 0) - Date.now(), 0);
  mock.timers.tick(0);
  scripted.connection.onState('closed', { reason: 'busy', retryAfter: 90 });
  assert.equal((scripted.client.state.retryAt ?? 0) - Date.now(), 90_000);
  mock.restoreAll();
});

test('log-client: a post whose answer was lost is sent again with its nonce, in its turn', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const scripted = new Scripted();
  scripted.client.post('brian', 'one');
  scripted.client.post('brian', 'two');
  assert.equal(scripted.posts.length, 0, 'not before there is a connection');
  scripted.connection.onState('connected');
  scripted.connection.onBatch({ messages: [], cursor: 'a-0' });
  assert.equal(scripted.posts.length, 1, 'one at a time, so that the order is kept');
  const nonce = scripted.lastPost.draft.nonce;
  scripted.lastPost.reject(new Lost('cut'));
  await turns();
  assert.equal(scripted.lastPost.draft.nonce, nonce);
  assert.equal(scripted.posts.length, 2);
  scripted.lastPost.resolve(message(1, nonce));
  await turns();
  assert.equal(scripted.waiting[0]?.state, 'accepted');
  assert.equal(scripted.lastPost.draft.text, 'two');
  scripted.connection.onBatch({ messages: [message(1, nonce)], cursor: 'a-1' });
  assert.deepEqual(scripted.heard, ['1 own']);
  assert.equal(scripted.waiting.length, 1);
});

test('log-client: waits as long as it is told to, and a refused draft is left to the user', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const scripted = new Scripted();
  scripted.connection.onState('connected');
  const post = scripted.client.post('brian', 'hi');
  assert.ok(post);
  scripted.lastPost.reject(new Refused({ status: 429, title: 'Too Many Requests', retryAfter: 3 }));
  await turns();
  mock.timers.tick(2_999);
  await turns();
  assert.equal(scripted.posts.length, 1);
  mock.timers.tick(1);
  await turns();
  assert.equal(scripted.posts.length, 2);
  scripted.lastPost.reject(new Refused({ status: 422, title: 'Unprocessable Content', detail: 'text: too long' }));
  await turns();
  assert.deepEqual([post.state, post.problem], ['failed', 'text: too long']);
  scripted.client.sendAgain(post);
  assert.equal(scripted.posts.length, 3);
  scripted.client.discard(post);
  assert.deepEqual(scripted.waiting, []);
});

test('log-client: what a lost log had accepted is posted again', async () => {
  const scripted = new Scripted();
  scripted.connection.onState('connected');
  scripted.connection.onBatch({ messages: [message(7)], cursor: 'a-7' });
  const post = scripted.client.post('brian', 'hi');
  assert.ok(post);
  scripted.lastPost.resolve(message(8, post.draft.nonce));
  await turns();
  scripted.connection.onBatch({ messages: [], cursor: 'b-0', reset: true });
  assert.equal(scripted.posts.length, 2);
  assert.equal(scripted.lastPost.draft.nonce, post.draft.nonce);
  scripted.lastPost.resolve(message(1, post.draft.nonce));
  await turns();
  scripted.connection.onBatch({ messages: [message(1, post.draft.nonce)], cursor: 'b-1' });
  assert.deepEqual(scripted.heard, ['7 history', 'reset', '1 own']);
});

test('log-client: an own message among the missed ones is shown, from its answer', async () => {
  const scripted = new Scripted();
  scripted.connection.onState('connected');
  scripted.connection.onBatch({ messages: [message(7)], cursor: 'a-7' });
  const post = scripted.client.post('brian', 'hi');
  assert.ok(post);
  scripted.lastPost.resolve(message(8, post.draft.nonce));
  await turns();
  scripted.connection.onBatch({ messages: [message(20)], cursor: 'a-20', missed: 12 });
  assert.deepEqual(scripted.heard, ['7 history', 'missed 12', '8 own', '20']);
});

test('log-client: takes only so many posts', () => {
  const { client } = new Scripted();
  for (let count = 0; count < MAX_POSTS; count += 1) assert.ok(client.post('brian', 'hi'));
  assert.equal(client.post('brian', 'hi'), undefined);
});

// Delivery times.

test('durations have two significant digits in milliseconds, hundredths of seconds from one on, and never a guess', () => {
  const figures = [undefined, 0, 0.4, 1, 3.4, 47.2, 344, 999, 1_020, 9_994, 9_996, 59_000, 120_000, 7_200_000];
  assert.deepEqual(figures.map(duration), [
    '–', '< 1 ms', '< 1 ms', '1 ms', '3 ms', '47 ms', '340 ms', '1.00 s', '1.02 s', '9.99 s', '10 s', '59 s', '2 min', '2 h',
  ]);
});

test('a delivery is timed from Enter, whichever of its two halves is heard of first', () => {
  /** @type {(number | undefined)[]} */
  const figures = [];
  const deliveries = new Deliveries(false, ({ milliseconds }) => figures.push(milliseconds));
  deliveries.shown(message(1), true);
  assert.deepEqual(figures, [], 'history is not delivered');
  deliveries.sent('n2', now() - 50);
  deliveries.shown(message(2, 'n2'), false);
  assert.ok((figures[0] ?? 0) >= 50 && (figures[0] ?? 0) < 1_000);
  deliveries.shown(message(3, 'n3'), false);
  assert.equal(figures[1], undefined, 'from elsewhere, and another clock: not known');
  deliveries.sent('n3', now() - 80);
  assert.ok((figures[2] ?? 0) >= 79);
  deliveries.shown(message(4, 'n4'), false);
  deliveries.sent('n4', now() + 5_000);
  assert.equal(figures.at(-1), undefined, 'a clock that was put back');
});

test('every message of a batch is timed, not only the newest: from Enter where the server has another clock', () => {
  /** @type {number[]} */
  const timed = [];
  const deliveries = new Deliveries(false, () => {}, ({ id, milliseconds, isFromLog }) => {
    assert.ok(milliseconds >= 0 && milliseconds < 1_000);
    assert.equal(isFromLog, false);
    timed.push(id);
  });
  deliveries.sent('n2', now() - 50);
  deliveries.shown(message(1), true);
  for (const one of [message(2, 'n2'), message(3, 'n3'), message(4, 'n4')]) deliveries.shown(one, false);
  assert.deepEqual(timed, [2], 'the others came from another clock');
  deliveries.sent('n3', now() - 50);
  deliveries.sent('n4', now() - 50);
  assert.deepEqual(timed, [2, 3, 4]);
});

test('with one clock every message is timed from its place in the log, also one that was sent from here', () => {
  /** @type {import('../../web/delivery.js').Timed[]} */
  const timed = [];
  /** @type {import('../../web/delivery.js').Delivery[]} */
  const last = [];
  const deliveries = new Deliveries(true, (delivery) => last.push(delivery), (one) => timed.push(one));
  deliveries.shown({ ...message(1), time: Date.now() - 9_000 }, true);
  assert.deepEqual(timed, [], 'history is not delivered');
  deliveries.sent('n2', now() - 700);
  deliveries.shown({ ...message(2, 'n2'), time: Date.now() - 300 }, false);
  deliveries.shown({ ...message(3, 'n3'), time: Date.now() - 300 }, false);
  deliveries.sent('n3', now() - 700);
  assert.deepEqual(timed.map(({ id, isFromLog }) => [id, isFromLog]), [[2, true], [3, true]]);
  for (const { milliseconds, at } of timed) assert.ok(milliseconds >= 300 && milliseconds < 600 && at <= now());
  assert.deepEqual(last.map(({ since }) => since), ['enter', 'server', 'enter'], 'what is shown last is what its poster waited');
});

// What panels and page say to one another.

test('messages between frames are read by shape, and nothing else of them', () => {
  assert.deepEqual(readToPanel({ type: 'sent', nonce: 'n', sentAt: 1, more: 2 }), { type: 'sent', nonce: 'n', sentAt: 1 });
  for (const wrong of [null, 1, 'ready', {}, { type: 'post' }, { type: 'settings', name: 1, theme: 'dark', isLive: true }, { type: 'settings', name: '', theme: 'pink', isLive: true }]) {
    assert.equal(readToPanel(wrong), undefined);
    assert.equal(readFromPanel(wrong), undefined);
  }
  assert.deepEqual(readToPanel({ type: 'room', pixels: 190.5 }), { type: 'room', pixels: 190.5 });
  assert.deepEqual(readFromPanel({ type: 'timed', id: 7, at: 9, milliseconds: 1.5, isFromLog: true, more: 1 }), { type: 'timed', id: 7, at: 9, milliseconds: 1.5, isFromLog: true });
  assert.deepEqual(readFromPanel({ type: 'wire', id: 7, at: 9, text: 'hi', nonce: 'n', more: 1 }), { type: 'wire', id: 7, at: 9, text: 'hi', nonce: 'n' });
  assert.deepEqual(readFromPanel({ type: 'state', isConnected: true }), { type: 'state', isConnected: true });
  assert.deepEqual(readFromPanel({ type: 'head', bottom: 160 }), { type: 'head', bottom: 160 });
  for (const wrong of [{ type: 'timed', id: 7 }, { type: 'timed', id: 7, at: 9, milliseconds: -1, isFromLog: true }, { type: 'wire', id: 7, at: 9 }, { type: 'wire', id: '7', at: 9, text: '' }, { type: 'state', isConnected: 1 }, { type: 'head', bottom: Infinity }]) {
    assert.equal(readFromPanel(wrong), undefined);
  }
  const given = { type: 'given', given: [{ id: 7, nonce: 'n', age: 1.5 }, { id: 8, nonce: undefined, age: undefined }], missed: 0, isAnew: false };
  assert.deepEqual(readFromPanel(given), given);
  for (const wrong of [{ given: [{ id: -1 }] }, { given: [{ id: 7, nonce: 1 }] }, { given: [{ id: 7, age: NaN }] }, { given: 7 }, { given: Array(257).fill({ id: 7 }) }, { missed: -1 }, { isAnew: 1 }]) {
    assert.equal(readFromPanel({ ...given, ...wrong }), undefined);
  }
  assert.deepEqual(readFromPanel({ type: 'renamed', before: 'a', nonce: 'b', more: 1 }), { type: 'renamed', before: 'a', nonce: 'b' });
  assert.equal(readFromPanel({ type: 'renamed', before: 'a' }), undefined);
  assert.equal(readToPanel({ type: 'retry', isWrong: 'yes' }), undefined);
  for (const pixels of [-1, NaN, Infinity, '9']) assert.equal(readToPanel({ type: 'room', pixels }), undefined);
  assert.equal(readFromPanel({ type: 'delivered', figure: 'x'.repeat(10_000) }), undefined);
});

/** Lets promises that can go on do so. */
async function turns() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** @param {() => boolean} condition */
async function until(condition) {
  for (let turn = 0; turn < 10_000 && !condition(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(condition(), 'waited in vain');
}
