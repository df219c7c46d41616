/**
 * The figures of one panel: what was counted on its wire and seen on its page since counting began, never estimated.
 */

import { duration } from '../delivery.js';
import { made, setText } from '../dom.js';
import { LAYERS } from './protocol.js';

/** So many of the newest deliveries are in the median and the 95th percentile. */
const MAX_DELIVERIES = 500;

/** @typedef {import('./protocol.js').Counts} Counts */

const SIDES = /** @type {const} */ ([
  ['client', 'up', '↑'],
  ['server', 'down', '↓'],
]);

export class Figures {
  element = made('div', 'figures');
  /** Milliseconds by message, oldest first. @type {Map<number, number>} */
  #deliveries = new Map();
  /** @type {Counts | undefined} */
  #base;
  /** @type {Counts | undefined} */
  #counts;
  #messages = 0;
  #reconnects = 0;
  #expected = made('p', 'expected');
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();
  /** The widest bar is that of the most octets a message of any panel. */
  #scale = 0;

  constructor() {
    const list = made('dl', 'figure-list');
    for (const [name, title] of [
      ['median', 'Delivery time: half of the messages since counting began took no longer.'],
      ['95th', 'Delivery time: 95 of 100 messages since counting began took no longer.'],
      ['requests', 'Requests of all clients of this server since counting began.'],
      ['reconnects', 'How often this panel lost its connection since counting began.'],
      ['last byte', 'Time since any byte passed on this wire, either way.'],
    ]) {
      const pair = made('div', 'figure');
      pair.title = title ?? '';
      const value = made('dd', '', '–');
      pair.append(made('dt', '', name), value);
      this.#values.set(name ?? '', value);
      list.append(pair);
    }
    this.element.append(list, this.#makeTable(), this.#expected);
  }

  #makeTable() {
    const table = made('table', 'layers');
    table.append(made('caption', '', 'bytes a message'));
    table.title = 'What passed on the wire since counting began, by layer, for each message that came down. text: the chat texts. JSON: what is around them. framing: headers of chunks and frames, masks, control frames. fields: start lines and header fields. TLS: what encryption adds. all: these, and whatever else passed, such as the files of a page.';
    const head = made('tr', '');
    head.append(made('td', ''));
    for (const [, title] of [...LAYERS, ['', 'all']]) {
      const cell = made('th', '', title);
      cell.scope = 'col';
      head.append(cell);
    }
    const rows = SIDES.map(([side, word, arrow]) => {
      const row = made('tr', '');
      const name = made('th', '');
      const sign = made('span', '', arrow);
      sign.setAttribute('aria-hidden', 'true');
      name.append(sign, ` ${word}`);
      name.scope = 'row';
      row.append(name);
      for (const [layer] of [...LAYERS, ['all', '']]) {
        const cell = made('td', '', '–');
        this.#values.set(`${side} ${layer}`, cell);
        row.append(cell);
      }
      return row;
    });
    const bars = SIDES.map(([side]) => {
      const bar = made('span', 'bar');
      for (const [layer] of LAYERS) {
        const part = made('i', layer);
        this.#values.set(`${side} ${layer} bar`, part);
        bar.append(part);
      }
      const row = made('tr', 'bar-row');
      row.setAttribute('aria-hidden', 'true');
      const cell = made('td', '');
      cell.colSpan = LAYERS.length + 2;
      cell.append(bar);
      row.append(cell);
      return row;
    });
    const [up, down] = rows;
    const [upBar, downBar] = bars;
    const body = made('tbody', '');
    if (up && down && upBar && downBar) body.append(up, upBar, down, downBar);
    const top = made('thead', '');
    top.append(head);
    table.append(top, body);
    return table;
  }

  /**
   * A message was delivered, or the same one was timed better.
   * @param {number} id
   * @param {number} milliseconds
   */
  delivered(id, milliseconds) {
    this.#deliveries.set(id, milliseconds);
    for (const oldest of this.#deliveries.keys()) {
      if (this.#deliveries.size <= MAX_DELIVERIES) return;
      this.#deliveries.delete(oldest);
    }
  }

  reconnected() {
    this.#reconnects += 1;
  }

  /** Counts from the next report on: loading the panel's page is none of its messages' cost. */
  begin() {
    this.reset();
    this.#base = undefined;
  }

  /** Counts anew from here. */
  reset() {
    this.#base = this.#counts;
    this.#messages = 0;
    this.#reconnects = 0;
    this.#deliveries.clear();
  }

  /**
   * @param {Counts} counts since the server's start
   * @param {number} messages that came down since the last report
   */
  counted(counts, messages) {
    this.#counts = counts;
    // A server that was started again counts from 0.
    if (!this.#base || counts.server.tcp < this.#base.server.tcp || counts.requests < this.#base.requests) {
      this.#base = counts;
      this.#messages = 0;
    } else this.#messages += messages;
  }

  /**
   * The size of what brought the last message, as measured and as the RFCs let one expect.
   * @param {number} units so many
   * @param {number} measured
   * @param {number} expected
   * @param {string} why they can differ, behind the last semicolon
   */
  sized(units, measured, expected, why) {
    const what = units === 1 ? 'last message' : 'last exchange';
    const reason = expected === measured ? '' : `: ${why.slice(why.lastIndexOf('; ') + 1).replace(/ \(RFC [^)]*\)/g, '').trim()}`;
    setText(this.#expected, `${what} ${bytes(measured)}, expected ${bytes(expected)}${reason}`);
    this.#expected.title = why;
  }

  /** Bytes a message, all layers, of the side that has more; 0 if nothing is known. */
  get most() {
    return Math.max(0, ...SIDES.map(([side]) => this.#aMessage(side, 'tcp') ?? 0));
  }

  /**
   * @param {number | undefined} now on the server's clock
   * @param {number} most bytes a message of any panel, either way
   */
  show(now, most) {
    this.#scale = most;
    const sorted = [...this.#deliveries.values()].sort((one, other) => one - other);
    this.#set('median', duration(percentile(sorted, 0.5)));
    this.#set('95th', duration(percentile(sorted, 0.95)));
    this.#set('requests', this.#counts && this.#base ? (this.#counts.requests - this.#base.requests).toLocaleString('en') : '–');
    this.#set('reconnects', String(this.#reconnects));
    const last = this.#counts?.lastOctetAt;
    this.#set('last byte', last === undefined || now === undefined ? '–' : since(now - last));
    for (const [side] of SIDES) {
      for (const [layer] of LAYERS) this.#showLayer(side, layer);
      this.#set(`${side} all`, perMessage(this.#aMessage(side, 'tcp')));
    }
  }

  /**
   * @param {'client' | 'server'} side
   * @param {keyof import('./protocol.js').Octets} layer
   */
  #showLayer(side, layer) {
    const octets = this.#aMessage(side, layer);
    this.#set(`${side} ${layer}`, perMessage(octets));
    const bar = this.#values.get(`${side} ${layer} bar`);
    if (!bar) return;
    const width = octets === undefined || this.#scale === 0 ? '0%' : `${((100 * octets) / this.#scale).toFixed(1)}%`;
    if (bar.style.width !== width) bar.style.width = width;
  }

  /**
   * @param {'client' | 'server'} side
   * @param {keyof import('./protocol.js').Octets} layer
   */
  #aMessage(side, layer) {
    if (!this.#counts || !this.#base || this.#messages === 0) return undefined;
    return Math.max(0, this.#counts[side][layer] - this.#base[side][layer]) / this.#messages;
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  #set(name, text) {
    const value = this.#values.get(name);
    if (value) setText(value, text);
  }
}

/**
 * The least of `sorted` that is not below the share `rank` of them.
 * @param {number[]} sorted
 * @param {number} rank
 */
export function percentile(sorted, rank) {
  return sorted[Math.max(0, Math.ceil(sorted.length * rank) - 1)];
}

/** @param {number | undefined} octets */
function perMessage(octets) {
  if (octets === undefined) return '–';
  const rounded = octets < 1_000 ? Math.round(octets) : Number(octets.toPrecision(2));
  return rounded < 100_000 ? rounded.toLocaleString('en') : `${Math.round(rounded / 1_024)} Ki`;
}

/** @param {number} octets */
export function bytes(octets) {
  if (octets < 10_000) return `${Math.round(octets).toLocaleString('en')} B`;
  if (octets < 1_024_000) return `${Number((octets / 1_024).toPrecision(2))} KiB`;
  return `${Number((octets / 1_048_576).toPrecision(2))} MiB`;
}

/** @param {number} milliseconds */
function since(milliseconds) {
  // In steps that can be read; the number is on the move.
  return milliseconds < 1_000 ? '< 1 s' : milliseconds < 60_000 ? `${Math.floor(milliseconds / 1_000)} s` : `${Math.floor(milliseconds / 60_000)} min`;
}
