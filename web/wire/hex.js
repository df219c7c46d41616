/** Octets in hexadecimal and as characters, in groups of eight, two a row where there is room, parted as the spans part them. */

import { made } from '../dom.js';

/** Octets shown of a unit. */
export const MAX_SHOWN = 8_192;
/** Octets a group. */
const GROUP = 8;
/** Narrower than this a row is one group; the style sheet says the same. */
const NARROW = matchMedia('(width < 900px)');

/**
 * A row an element; in it, an element for each span's share.
 * @param {import('./protocol.js').Unit} unit
 * @param {{ start: number, end: number }} [message] octets that are marked as those of one chat message
 */
export function hexDump({ octets, spans }, message = { start: 0, end: 0 }) {
  const all = document.createDocumentFragment();
  const end = Math.min(octets.length, MAX_SHOWN);
  const perRow = NARROW.matches ? GROUP : 2 * GROUP;
  let span = 0;
  for (let start = 0; start < end; start += perRow) {
    const row = made('div', 'hex-row');
    const hex = made('span', 'hex');
    const characters = made('span', 'characters');
    characters.setAttribute('aria-hidden', 'true');
    const rowEnd = Math.min(start + perRow, end);
    for (let at = start; at < rowEnd; ) {
      while (span < spans.length && (spans[span]?.end ?? Infinity) <= at) span += 1;
      const edges = [rowEnd, spans[span]?.end ?? rowEnd, start + GROUP, message.start, message.end];
      const until = Math.min(...edges.filter((edge) => edge > at));
      const isMessage = at >= message.start && at < message.end;
      const part = octets.subarray(at, until);
      hex.append(share([...part].map((octet) => octet.toString(16).padStart(2, '0')).join(' '), span, spans, until === start + GROUP, isMessage));
      characters.append(share([...part].map(character).join(''), span, spans, false, isMessage));
      at = until;
    }
    row.append(made('span', 'offset', start.toString(16).padStart(4, '0')), hex, characters);
    all.append(row);
  }
  if (octets.length > end) all.append(made('p', 'unit-hint', `${(octets.length - end).toLocaleString('en')} more bytes are in the .pcapng.`));
  return all;
}

/**
 * @param {string} text
 * @param {number} span
 * @param {readonly unknown[]} spans
 * @param {boolean} endsGroup
 * @param {boolean} isMessage
 */
function share(text, span, spans, endsGroup, isMessage) {
  const part = made('span', `share${span % 2 === 1 ? ' odd' : ''}${endsGroup ? ' ends-group' : ''}${isMessage ? ' is-message' : ''}`, text);
  if (span < spans.length) part.dataset.span = String(span);
  return part;
}

/** @param {number} octet */
function character(octet) {
  return octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '·';
}
