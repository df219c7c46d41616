/**
 * A stand-in for `/wire/*`: traffic that is made up but has each transport's shape, units that were recorded
 * (wire-units.json), and disturbances that are only remembered.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { TRANSPORTS } from './crosstalk.mjs';

/** @typedef {Record<string, unknown> & { id: number, kind: string }} Event */

const UNDISTURBED = { delay_ms: 0, jitter_ms: 0, bandwidth: 0, slow_reader: 0, fail_share: 0 };
/** From one event of `/wire/events` to the next, in milliseconds. */
const REPORT_MS = 100;
/** Octets of a request's fields, about, by transport: what the figures are to show. */
const FIELDS = new Map([['polling', 560], ['long-polling', 540], ['http2-streaming', 0], ['raw-websocket', 0], ['tungstenite-websocket', 0]]);

export class WireMock {
  /** What pages asked for, other than events. @type {{ method: string, path: string, content: unknown }[]} */
  asked = [];
  /** @type {Map<string, Record<string, number>>} */
  disturbances = new Map(TRANSPORTS.map((name) => [name, { ...UNDISTURBED }]));
  speaker = 0;
  /** @type {{ transport: string, from: string, kind: string, name: string, octets: string, spans: object[] }[]} */
  units = [];
  #server = createServer((request, response) => void this.#answer(request, response));
  /** @type {Set<import('node:http').ServerResponse>} */
  #readers = new Set();
  /** @type {Map<string, Event[]>} */
  #events = new Map(TRANSPORTS.map((name) => [name, []]));
  #counts = new Map(TRANSPORTS.map((name) => [name, { connections: 1, requests: 0, octets: { client: octets(), server: octets() }, last_octet_at: 0 }]));
  /** Of events, by transport and id. @type {Map<string, string>} */
  #kinds = new Map();
  #ids = new Map(TRANSPORTS.map((name) => [name, 0]));
  /** The held request of long polling. */
  #held = 0;
  #polled = 0;
  /** @type {number[]} */
  #waiting = [];
  #message = 0;
  /** @type {NodeJS.Timeout[]} */
  #timers = [];

  static async start() {
    const mock = new WireMock();
    mock.units = JSON.parse(await readFile(`${import.meta.dirname}/wire-units.json`, 'utf8'));
    mock.#server.listen(0, '127.0.0.1');
    await once(mock.#server, 'listening');
    mock.#timers.push(setInterval(() => mock.#report(), REPORT_MS));
    return mock;
  }

  async stop() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get origin() {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  /**
   * Answers the page's `/wire/*` instead of its own server.
   * @param {import('playwright-core').BrowserContext} context
   */
  async standIn(context) {
    await context.route('**/wire/**', (route) => {
      const { pathname } = new URL(route.request().url());
      if (/\.(js|css)$/.test(pathname)) return route.continue();
      return route.continue({ url: this.origin + pathname });
    });
  }

  get now() {
    return performance.now();
  }

  /**
   * @param {string} transport
   * @param {Record<string, unknown> & { kind: string }} event
   */
  event(transport, event) {
    const id = (this.#ids.get(transport) ?? 0) + 1;
    this.#ids.set(transport, id);
    this.#kinds.set(`${transport}/${id}`, event.kind);
    this.#events.get(transport)?.push({ id, connection: 1, at: this.now, octets: 100, name: event.kind, ...event });
    return id;
  }

  /**
   * @param {string} transport
   * @param {'client' | 'server'} side
   * @param {Partial<ReturnType<typeof octets>>} added
   */
  count(transport, side, added) {
    const counts = this.#counts.get(transport);
    if (!counts) return;
    for (const [layer, number = 0] of Object.entries(added)) {
      const of = /** @type {keyof ReturnType<typeof octets>} */ (layer);
      counts.octets[side][of] += number;
      counts.octets[side].tcp += number;
      if (layer !== 'tls') counts.octets[side].plain += number;
    }
    counts.last_octet_at = this.now;
  }

  /** Opens what stays open. */
  connect() {
    this.#held = this.#ask('long-polling', 'GET /messages?after=k-1&wait=25');
    for (const name of ['raw-websocket', 'tungstenite-websocket']) {
      const of = this.#ask(name, 'GET /messages?after=k-1');
      this.event(name, { kind: 'response', from: 'server', name: '101 Switching Protocols', of });
    }
    this.event('http2-streaming', { kind: 'HEADERS', from: 'client', name: 'HEADERS stream 1, GET /messages?after=k-1, END_STREAM', stream: 1 });
    this.event('http2-streaming', { kind: 'HEADERS', from: 'server', name: 'HEADERS stream 1, 200', stream: 1 });
  }

  /**
   * Speaks so many messages a second, and polls once a second.
   * @param {number} perSecond
   */
  speak(perSecond) {
    this.#timers.push(setInterval(() => this.say(), 1_000 / perSecond), setInterval(() => this.#poll(), 1_000));
  }

  /** One message, posted over the raw WebSocket and delivered by all. */
  say() {
    const message = [++this.#message];
    this.#waiting.push(...message);
    this.event('raw-websocket', { kind: 'text', from: 'client', name: 'text, 42 octets, "{"id"…"', nonce: ['n1'] });
    this.count('raw-websocket', 'client', { payload: 2, envelope: 40, framing: 6 });
    for (const name of ['raw-websocket', 'tungstenite-websocket']) {
      this.event(name, { kind: 'text', from: 'server', name: 'text, 110 octets, "{"messages"…"', message });
      this.count(name, 'server', { payload: 2, envelope: 108, framing: 2 });
    }
    this.event('http2-streaming', { kind: 'DATA', from: 'server', name: 'DATA stream 1, 111 octets', stream: 1, message });
    this.count('http2-streaming', 'server', { payload: 2, envelope: 109, framing: 9, tls: 22 });
    this.#reply('long-polling', this.#held, '200 OK', message);
    this.#held = this.#ask('long-polling', 'GET /messages?after=k-2&wait=25');
  }

  #poll() {
    const of = this.#ask('polling', 'GET /messages?after=k-1');
    const message = this.#waiting.splice(0);
    this.#reply('polling', of, message.length > 0 ? '200 OK' : '304 Not Modified', message);
    this.#polled += 1;
    // A second browser's post, over requests of its own.
    if (this.#polled % 4 !== 0) return;
    const post = this.#ask('polling', 'POST /messages');
    this.event('polling', { kind: 'content', from: 'client', name: 'content, 97 octets', of: post });
    this.event('polling', { kind: 'response', from: 'server', name: '201 Created', of: post });
  }

  /**
   * @param {string} transport
   * @param {string} name
   */
  #ask(transport, name) {
    const counts = this.#counts.get(transport);
    if (counts) counts.requests += 1;
    this.count(transport, 'client', { fields: FIELDS.get(transport) ?? 0 });
    return this.event(transport, { kind: 'request', from: 'client', name });
  }

  /**
   * @param {string} transport
   * @param {number} of
   * @param {string} name
   * @param {number[]} message
   */
  #reply(transport, of, name, message) {
    this.event(transport, { kind: 'response', from: 'server', name, of });
    this.event(transport, { kind: 'content', from: 'server', name: 'content, 120 octets', of, message });
    this.count(transport, 'server', { fields: 160, payload: 2 * message.length, envelope: 100 * message.length });
  }

  #report() {
    const transports = Object.fromEntries(
      TRANSPORTS.map((name) => [name, { connections: 1, counts: this.#counts.get(name), events: this.#events.get(name)?.splice(0), missed: 0 }]),
    );
    for (const reader of this.#readers) send(reader, { now: this.now, transports });
  }

  #state() {
    return { disturbances: Object.fromEntries(this.disturbances), speaker: this.speaker };
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #answer(request, response) {
    const path = request.url ?? '';
    const [, , kind = '', transport = '', id = ''] = path.split('/');
    if (kind === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      this.#readers.add(response);
      request.on('close', () => this.#readers.delete(response));
      send(response, { now: this.now, transports: {}, ...this.#state() });
      return;
    }
    const content = /** @type {Record<string, number>} */ (request.method === 'GET' || request.headers['content-length'] === undefined ? {} : await json(request).catch(() => ({})));
    this.asked.push({ method: request.method ?? '', path, content });
    if (kind === 'units') return this.#answerUnit(response, transport, Number(id));
    if (kind === 'disturbances' && content.delay_ms === 990) {
      response.writeHead(422, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ status: 422, title: 'Unprocessable Content', detail: '`delay_ms` must be a whole number from 0 to 1000' }));
      return;
    }
    for (const name of kind === 'disturbances' ? (transport === 'all' ? TRANSPORTS : [transport]) : []) {
      this.disturbances.set(name, { ...this.disturbances.get(name), ...content });
      this.event(name, { kind: 'disturbed', octets: 0, name: JSON.stringify(content) });
    }
    if (kind === 'speaker') this.speaker = content.per_second ?? 0;
    for (const reader of this.#readers) send(reader, { now: this.now, transports: {}, ...this.#state() });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(this.#state()));
  }

  /**
   * @param {import('node:http').ServerResponse} response
   * @param {string} transport
   * @param {number} id
   */
  #answerUnit(response, transport, id) {
    const units = this.units.filter((unit) => unit.transport === transport);
    const unit = units.find(({ kind }) => kind === this.#kinds.get(`${transport}/${id}`)) ?? units[0];
    response.writeHead(unit ? 200 : 404, { 'content-type': 'application/json' });
    const expected = { octets: 120, why: 'a reason in words' };
    response.end(JSON.stringify(unit ? { id, connection: 1, at: this.now, ...unit, expected } : { status: 404, title: 'Not Found' }));
  }
}

function octets() {
  return { tcp: 0, tls: 0, plain: 0, fields: 0, framing: 0, envelope: 0, payload: 0 };
}

/**
 * @param {import('node:http').ServerResponse} reader
 * @param {object} data
 */
function send(reader, data) {
  reader.write(`data: ${JSON.stringify(data)}\n\n`);
}
