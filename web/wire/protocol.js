/** What the server tells of the wire, on `/wire/*`, and reading it. Times are milliseconds since the tap's clock began. */

import { isObject } from '../protocol.js';

/** The layers of an octet count, from the chat's text outwards, and how each is called in little room. */
export const LAYERS = /** @type {const} */ ([
  ['payload', 'text'],
  ['envelope', 'JSON'],
  ['framing', 'framing'],
  ['fields', 'fields'],
  ['tls', 'TLS'],
  ['other', 'other'],
]);

/** @typedef {'client' | 'server'} Side */

/**
 * A unit of the wire (a head, a content, a frame), or what happened to a connection.
 * @typedef {object} WireEvent
 * @property {number} id
 * @property {number} [connection]
 * @property {number} at
 * @property {string} kind of the unit, or `opened`, `closed`, `disturbed`
 * @property {Side} [from]
 * @property {string} name
 * @property {number} octets
 * @property {number} [stream]
 * @property {boolean} carries whether chat messages or drafts are in it
 * @property {number[]} messages ids of the chat messages in it
 * @property {string[]} nonces of the drafts and messages in it
 * @property {number} [of] the request that it answers or belongs to
 */

/**
 * Octets of one side since the server's start.
 * @typedef {Record<'tcp' | 'tls' | 'plain' | 'fields' | 'framing' | 'envelope' | 'payload' | 'other', number>} Octets
 */

/** @typedef {{ requests: number, connections: number, lastOctetAt: number | undefined, client: Octets, server: Octets }} Counts */

/** @typedef {{ delay_ms: number, jitter_ms: number, bandwidth: number, slow_reader: number, fail_share: number }} Disturbances */

/** @typedef {{ counts: Counts, events: WireEvent[], missed: number }} TransportReport */

/**
 * @typedef {object} Report
 * @property {number} now
 * @property {Map<string, TransportReport>} transports
 * @property {Map<string, Disturbances>} [disturbances] when they changed, and first
 * @property {number} [speaker] messages a second, when that changed, and first
 * @property {Map<string, string>} [variants] the servers that are wrong on purpose, by transport, when that changed, and first
 * @property {Map<string, boolean>} [panels] whether the program behind a panel is there, where it is not ours, when that changed, and first
 */

/** @typedef {{ from: number, to: number, name: string, value: string, meaning: string }} Bits */
/** @typedef {{ start: number, end: number, name: string, value: string, meaning: string, rfc: string, bits: Bits[], steps: { name: string, value: string }[] }} Span */

/**
 * @typedef {object} Unit
 * @property {Uint8Array} octets
 * @property {Span[]} spans within `octets`
 * @property {{ octets: number, why: string }} [expected]
 * @property {string} kind
 * @property {string} name
 * @property {string} from
 */

/** @param {unknown} value */
const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '');
/** @param {unknown} value @returns {unknown[]} */
const list = (value) => (Array.isArray(value) ? value : []);

/**
 * @param {string} data of an event of `/wire/events`
 * @returns {Report | undefined}
 */
export function readReport(data) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (!isObject(value) || !isObject(value.transports)) return undefined;
  const now = number(value.now);
  if (now === undefined) return undefined;
  /** @type {Report} */
  const report = { now, transports: new Map(), speaker: number(value.speaker) };
  for (const [name, transport] of Object.entries(value.transports)) {
    if (!isObject(transport)) continue;
    const events = list(transport.events).flatMap((event) => readEvent(event) ?? []);
    report.transports.set(name, { counts: readCounts(transport.counts), events, missed: number(transport.missed) ?? 0 });
  }
  if (isObject(value.disturbances)) {
    report.disturbances = new Map(Object.entries(value.disturbances).map(([name, one]) => [name, readDisturbances(one)]));
  }
  if (isObject(value.variants)) {
    report.variants = new Map(Object.entries(value.variants).flatMap(([name, one]) => (typeof one === 'string' ? [[name, one]] : [])));
  }
  if (isObject(value.panels)) {
    report.panels = new Map(Object.entries(value.panels).flatMap(([name, one]) => (typeof one === 'boolean' ? [[name, one]] : [])));
  }
  return report;
}

/**
 * @param {unknown} value
 * @returns {WireEvent | undefined}
 */
function readEvent(value) {
  if (!isObject(value)) return undefined;
  const id = number(value.id);
  const at = number(value.at);
  if (id === undefined || at === undefined) return undefined;
  const messages = list(value.message).flatMap((one) => number(one) ?? []);
  const nonces = list(value.nonce).flatMap((one) => (typeof one === 'string' ? one : []));
  return {
    id,
    at,
    connection: number(value.connection),
    kind: text(value.kind),
    from: value.from === 'client' || value.from === 'server' ? value.from : undefined,
    name: text(value.name),
    octets: number(value.octets) ?? 0,
    stream: number(value.stream),
    carries: messages.length > 0 || nonces.length > 0,
    messages,
    nonces,
    of: number(value.of),
  };
}

/**
 * @param {unknown} value
 * @returns {Counts}
 */
function readCounts(value) {
  const counts = isObject(value) ? value : {};
  const octets = isObject(counts.octets) ? counts.octets : {};
  return {
    requests: number(counts.requests) ?? 0,
    connections: number(counts.connections) ?? 0,
    lastOctetAt: number(counts.last_octet_at),
    client: readOctets(octets.client),
    server: readOctets(octets.server),
  };
}

/**
 * @param {unknown} value
 * @returns {Octets}
 */
function readOctets(value) {
  const octets = isObject(value) ? value : {};
  /** @param {string} name */
  const of = (name) => number(octets[name]) ?? 0;
  return { tcp: of('tcp'), tls: of('tls'), plain: of('plain'), fields: of('fields'), framing: of('framing'), envelope: of('envelope'), payload: of('payload'), other: of('other') };
}

/**
 * @param {unknown} value
 * @returns {Disturbances}
 */
export function readDisturbances(value) {
  const fields = isObject(value) ? value : {};
  /** @param {string} name */
  const of = (name) => number(fields[name]) ?? 0;
  return { delay_ms: of('delay_ms'), jitter_ms: of('jitter_ms'), bandwidth: of('bandwidth'), slow_reader: of('slow_reader'), fail_share: of('fail_share') };
}

/**
 * @param {unknown} value of `/wire/units/{transport}/{id}`
 * @returns {Unit | undefined}
 */
export function readUnit(value) {
  if (!isObject(value) || typeof value.octets !== 'string') return undefined;
  const octets = Uint8Array.from(atob(value.octets), (one) => one.charCodeAt(0));
  const read = list(value.spans).flatMap((one) => readSpan(one) ?? []);
  // Octets may be counted from the first of the connection's side.
  const first = read[0]?.start ?? 0;
  const spans = read.map((span) => ({ ...span, start: span.start - first, end: span.end - first }));
  const expected = isObject(value.expected) ? { octets: number(value.expected.octets) ?? 0, why: text(value.expected.why) } : undefined;
  return { octets, spans, expected, kind: text(value.kind), name: text(value.name), from: text(value.from) };
}

/**
 * @param {unknown} value
 * @returns {Span | undefined}
 */
function readSpan(value) {
  if (!isObject(value)) return undefined;
  const start = number(value.start);
  const end = number(value.end);
  if (start === undefined || end === undefined) return undefined;
  const bits = list(value.bits).flatMap((one) => {
    if (!isObject(one)) return [];
    return { from: number(one.from) ?? 0, to: number(one.to) ?? 0, name: text(one.name), value: text(one.value), meaning: text(one.meaning) };
  });
  const steps = list(value.steps).flatMap((one) => (isObject(one) ? { name: text(one.name), value: text(one.value) } : []));
  return { start, end, name: text(value.name), value: text(value.value), meaning: text(value.meaning), rfc: text(value.rfc), bits, steps };
}
