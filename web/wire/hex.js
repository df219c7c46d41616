/** Octets in hexadecimal and as characters, sixteen a row in two groups of eight, parted as the spans part them. */

import { made } from '../dom.js';

/** Octets shown of a unit. */
export const MAX_SHOWN = 8_192;
/** Octets a row. */
const ROW = 16;

/**
 * A row an element; in it, an element for each span's share.
 * @param {import('./protocol.js').Unit} unit
 */
export function hexDump({ octets, spans }) {
  const all = document.createDocumentFragment();
  const end = Math.min(octets.length, MAX_SHOWN);
  let span = 0;
  for (let start = 0; start < end; start += ROW) {
    const row = made('div', 'hex-row');
    const hex = made('span', 'hex');
    const characters = made('span', 'characters');
    characters.setAttribute('aria-hidden', 'true');
    const rowEnd = Math.min(start + ROW, end);
    for (let at = start; at < rowEnd; ) {
      while (span < spans.length && (spans[span]?.end ?? Infinity) <= at) span += 1;
      const until = Math.min(rowEnd, spans[span]?.end ?? rowEnd, at < start + ROW / 2 ? start + ROW / 2 : rowEnd);
      const part = octets.subarray(at, until);
      hex.append(share([...part].map((octet) => octet.toString(16).padStart(2, '0')).join(' '), span, spans, until === start + ROW / 2));
      characters.append(share([...part].map(character).join(''), span, spans, false));
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
 */
function share(text, span, spans, endsGroup) {
  const part = made('span', `share${span % 2 === 1 ? ' odd' : ''}${endsGroup ? ' ends-group' : ''}`, text);
  if (span < spans.length) part.dataset.span = String(span);
  return part;
}

/** @param {number} octet */
function character(octet) {
  return octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '·';
}
