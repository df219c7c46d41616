/** The modules of the wire that need no browser: what a strip shows of events, and reading what the server tells. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile } from '../../web/wire/figures.js';
import { readReport, readUnit } from '../../web/wire/protocol.js';
import { Track } from '../../web/wire/track.js';

/**
 * A track that was told of these events, a millisecond after one another.
 * @param {Partial<import('../../web/wire/protocol.js').WireEvent>[]} events
 */
function trackOf(events) {
  const track = new Track();
  let messages = 0;
  for (const [index, event] of events.entries()) {
    messages += track.add({ id: index + 1, connection: 1, at: index, kind: '', name: '', octets: 10, carries: false, messages: [], nonces: [], from: 'client', ...event });
  }
  return { track, messages, marks: track.marks.map(({ sort, at, end, use }) => [sort, at, end, use].filter((part) => part !== '')) };
}

const NEWS = { carries: true, messages: [7] };

test('polling: a bar from request to the end of the answer, and the message that came', () => {
  const { marks, messages } = trackOf([
    { kind: 'request', name: 'GET /messages?after=k-1' },
    { kind: 'response', from: 'server', name: '200 OK', of: 1 },
    { kind: 'content', from: 'server', of: 1, ...NEWS },
    { kind: 'request', name: 'GET /messages?after=k-2' },
    { kind: 'response', from: 'server', name: '304 Not Modified', of: 4 },
    { kind: 'request', name: 'GET /messages?after=k-2' },
  ]);
  assert.deepEqual(marks, [['bar', 0, 2, 'follow'], ['down', 2, undefined], ['bar', 3, 4, 'follow'], ['bar', 5, undefined, 'follow']]);
  assert.equal(messages, 1);
});

test('a post goes up on a bar of its own, and its answer is no delivery', () => {
  const { marks, messages } = trackOf([
    { kind: 'request', name: 'POST /messages' },
    { kind: 'content', carries: true },
    { kind: 'response', from: 'server', name: '201 Created', of: 1 },
    { kind: 'content', from: 'server', of: 1, ...NEWS },
  ]);
  assert.deepEqual(marks, [['bar', 0, 3, 'post'], ['up', 1, undefined]]);
  assert.equal(messages, 0);
});

test('an HTTP/2 stream is one bar with a tick for each frame, beside the streams of posts', () => {
  const { marks } = trackOf([
    { kind: 'HEADERS', stream: 1, name: 'HEADERS stream 1, GET /messages, END_STREAM' },
    { kind: 'HEADERS', stream: 1, from: 'server', name: 'HEADERS stream 1, 200' },
    { kind: 'HEADERS', stream: 3, name: 'HEADERS stream 3, POST /messages' },
    { kind: 'DATA', stream: 3, name: 'DATA stream 3, 57 octets, END_STREAM', carries: true },
    { kind: 'DATA', stream: 1, from: 'server', name: 'DATA stream 1, 99 octets', ...NEWS },
    { kind: 'HEADERS', stream: 3, from: 'server', name: 'HEADERS stream 3, 201' },
    { kind: 'DATA', stream: 3, from: 'server', name: 'DATA stream 3, 57 octets, END_STREAM', ...NEWS },
  ]);
  assert.deepEqual(marks, [
    ['bar', 0, undefined, 'follow'], ['tick', 1, undefined], ['bar', 2, 6, 'post'], ['up', 3, undefined], ['down', 4, undefined], ['tick', 4, undefined],
  ]);
});

test('a WebSocket is one bar with arrows up and down, until its connection is closed', () => {
  const { marks } = trackOf([
    { kind: 'request', name: 'GET /messages?after=k-1' },
    { kind: 'response', from: 'server', name: '101 Switching Protocols', of: 1 },
    { kind: 'text', name: 'text, 42 octets', carries: true },
    { kind: 'text', from: 'server', name: 'text, 90 octets', ...NEWS },
    { kind: 'ping', from: 'server', name: 'ping' },
    { kind: 'closed', from: 'server', name: 'closed' },
  ]);
  assert.deepEqual(marks, [
    ['bar', 0, 5, 'follow'], ['tick', 1, undefined], ['up', 2, undefined], ['down', 3, undefined], ['tick', 3, undefined], ['tick', 4, undefined], ['closed', 5, undefined],
  ]);
});

test('what was open before the page is a bar from before its strip', () => {
  const { track } = trackOf([{ kind: 'text', from: 'server', name: 'text, 90 octets', ...NEWS }]);
  assert.equal(track.marks[0]?.sort, 'bar');
  assert.ok((track.marks[0]?.at ?? 0) <= -15_000);
  assert.deepEqual(track.marks.slice(1).map(({ sort }) => sort), ['down', 'tick']);
});

test('a failure marks its bar; a close with nothing under way is no news; being away has a beginning and an end', () => {
  const { track } = trackOf([
    { kind: 'request', name: 'GET /messages' },
    { kind: 'response', from: 'server', name: '500 Internal Server Error', of: 1 },
    { kind: 'closed', name: 'closed' },
  ]);
  assert.deepEqual(track.marks.map(({ sort, isFailed }) => [sort, isFailed]), [['bar', true]]);
  track.setAway(true, 10);
  track.setAway(true, 11);
  track.setAway(false, 12);
  assert.deepEqual(track.marks.slice(1).map(({ sort, at, end }) => [sort, at, end]), [['away', 10, 12]]);
});

test('marks are forgotten with age, bars that go on are not, and there is an end to their number', () => {
  const { track } = trackOf([{ kind: 'request', name: 'GET /messages' }, { kind: 'response', from: 'server', name: '101', of: 1 }]);
  track.forget(60_000);
  assert.deepEqual(track.marks.map(({ sort }) => sort), ['bar']);
  for (let id = 3; id < 9_000; id += 1) track.add({ id, connection: 1, at: 60_000, kind: 'ping', name: 'ping', octets: 2, carries: false, messages: [], nonces: [], from: 'server' });
  track.forget(60_000);
  assert.ok(track.marks.length <= 4_001, String(track.marks.length));
  assert.equal(track.marks[0]?.sort, 'bar', 'the socket is still there to be drawn');
});

test('reports and units are read by shape, and what is wrong in them is left out', () => {
  for (const wrong of ['', 'null', '{}', '{"transports":{}}', '{"now":"1","transports":{}}', '[1]']) assert.equal(readReport(wrong), undefined, wrong);
  const report = readReport('{"now":1,"transports":{"polling":{"counts":{"requests":"x"},"events":[null,{"id":1},{"id":2,"at":3,"kind":4,"message":[1,"2"]}]},"bad":7}}');
  assert.deepEqual([...(report?.transports.keys() ?? [])], ['polling']);
  const polling = report?.transports.get('polling');
  assert.deepEqual(polling?.events.map(({ id, kind, messages, carries }) => ({ id, kind, messages, carries })), [{ id: 2, kind: '', messages: [1], carries: true }]);
  assert.equal(polling?.counts.requests, 0);
  assert.equal(readUnit({ octets: 7 }), undefined);
  const unit = readUnit({ octets: 'AAEC', spans: [{ start: 100, end: 102, name: 'a' }, { start: 102, end: 103 }, { end: 1 }] });
  assert.deepEqual(unit?.spans.map(({ start, end, name }) => [start, end, name]), [[0, 2, 'a'], [2, 3, '']]);
});

test('percentiles are of what was measured', () => {
  assert.equal(percentile([], 0.5), undefined);
  assert.equal(percentile([4], 0.95), 4);
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
  assert.equal(percentile(Array.from({ length: 100 }, (_, index) => index + 1), 0.95), 95);
});
