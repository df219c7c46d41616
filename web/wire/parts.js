/** What a unit consists of, in a few parts: for each, which spans are of it, so that the part can be shown as one. */

import { button, made } from '../dom.js';
import { bytes } from './figures.js';

/** @typedef {import('./protocol.js').Span} Span */
/** @typedef {{ name: string, spans: number[], octets: number }} Part */

/**
 * @param {import('./protocol.js').Unit} unit
 * @returns {Part[]} none where there is nothing to tell apart
 */
export function partsOf({ kind, spans }) {
  /** @type {Map<string, Part>} */
  const parts = new Map();
  const nameOf = namerOf(kind);
  for (const [index, span] of spans.entries()) {
    const name = nameOf(span);
    const part = parts.get(name) ?? { name, spans: [], octets: 0 };
    part.spans.push(index);
    part.octets += span.end - span.start;
    parts.set(name, part);
  }
  return [...parts.values()];
}

/**
 * Names the part of each span, in order.
 * @param {string} kind
 * @returns {(span: Span) => string}
 */
function namerOf(kind) {
  if (kind === 'request' || kind === 'response') {
    let isFields = false;
    return ({ name }) => {
      const part = isFields ? 'header fields' : 'start line';
      if (name === 'line end') isFields = true;
      return part;
    };
  }
  if (['HEADERS', 'CONTINUATION', 'PUSH_PROMISE'].includes(kind)) return ({ rfc }) => (rfc.startsWith('RFC 7541') ? 'header fields (HPACK)' : 'frame header');
  const data = new Set(['content', 'chunk data', 'data', 'payload', 'masking key']);
  return ({ name }) => (data.has(name) ? name : kind === 'chunk' ? 'chunk framing' : 'frame header');
}

/**
 * Where a chat message stands in a text, if it does: its JSON is the same on every transport.
 * @param {string} text
 * @param {number} id of the message
 * @returns {{ start: number, end: number } | undefined}
 */
export function placeOf(text, id) {
  const start = text.indexOf(`{"id":${id},"user":`);
  const time = start < 0 ? -1 : text.indexOf(',"time":', start);
  // In a string a quotation mark has a backslash before it, so neither of these is in what people wrote.
  const end = time < 0 ? -1 : text.indexOf('}', time);
  return end < 0 ? undefined : { start, end: end + 1 };
}

/**
 * Where a chat message's octets stand in a unit, if they can be read there.
 * @param {import('./protocol.js').Unit} unit
 * @param {number} id of the message
 */
export function messageWithin({ octets }, id) {
  // One character an octet, so that places are the same.
  return placeOf(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''), id);
}

/** Octets of what separates the parts of a head, where nothing more than needed is written (RFC 9112 §3, §5). */
const SEPARATORS = new Map([['space', 1], ['colon', 2], ['line end', 2]]);

/**
 * The size that the RFCs let one expect, and why it can differ.
 * @param {import('./protocol.js').Unit} unit
 * @returns {{ octets: number, why: string } | undefined}
 */
export function expectedOf({ kind, spans, expected }) {
  if (expected || (kind !== 'request' && kind !== 'response')) return expected;
  const octets = spans.reduce((sum, { name, start, end }) => sum + (SEPARATORS.get(name) ?? end - start), 0);
  return { octets, why: 'start line and field lines as they are written, for HTTP/1.1 compresses no header fields (RFC 9112 §2.1); white space around values would add to it' };
}

/**
 * The parts as buttons.
 * @param {Part[]} parts
 * @param {(part: Part | undefined) => void} onPoint one is pointed at, or none any more
 * @param {(part: Part) => void} onChoose
 */
export function partButtons(parts, onPoint, onChoose) {
  const row = made('p', 'unit-parts');
  for (const part of parts) {
    const key = button('part', '', () => onChoose(part));
    key.append(`${part.name} `, made('b', '', bytes(part.octets)));
    key.addEventListener('pointerenter', () => onPoint(part));
    key.addEventListener('pointerleave', () => onPoint(undefined));
    row.append(key);
  }
  return row;
}
