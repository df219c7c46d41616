/**
 * One unit of the wire: its octets on the left, what they say on the right, and each leads to the other: by pointing,
 * by a click, by the arrow keys in either.
 */

import { button, made } from '../dom.js';
import { hexDump } from './hex.js';
import { bytes } from './figures.js';

/** @typedef {import('./protocol.js').Unit} Unit */
/** @typedef {import('./protocol.js').Span} Span */

export class UnitView {
  element = made('div', 'wire-unit');
  #head = made('div', 'unit-head');
  #octets = made('div', 'unit-octets');
  #words = made('ol', 'unit-words');
  #hint = made('p', 'unit-hint', 'Choose a line: its bytes and what they say are shown here.');
  /** @type {Unit | undefined} */
  #unit;
  #current = -1;

  constructor() {
    const { element } = this;
    this.#octets.tabIndex = 0;
    this.#octets.setAttribute('role', 'group');
    this.#octets.setAttribute('aria-label', 'Bytes in hexadecimal; arrow keys go from part to part');
    this.#words.setAttribute('aria-label', 'What the bytes say');
    element.append(this.#hint, this.#head, this.#octets, this.#words);
    for (const side of /** @type {HTMLElement[]} */ ([this.#octets, this.#words])) {
      side.addEventListener('pointerover', (event) => this.#point(event, false));
      side.addEventListener('click', (event) => this.#point(event, true));
      side.addEventListener('keydown', (event) => this.#onKey(event));
    }
    this.#words.addEventListener('focusin', (event) => this.#point(event, false));
    this.clear(this.#hint.textContent ?? '');
  }

  get unit() {
    return this.#unit;
  }

  /** @param {string} words why there is nothing to show */
  clear(words) {
    this.#unit = undefined;
    this.#hint.textContent = words;
    this.#hint.hidden = false;
    for (const part of [this.#head, this.#octets, this.#words]) part.hidden = true;
  }

  /**
   * @param {Unit} unit
   * @param {{ name: string, title: string, transport: string, from?: string }} entry
   */
  show(unit, entry) {
    this.#unit = unit;
    this.#current = -1;
    this.#hint.hidden = true;
    for (const part of [this.#head, this.#octets, this.#words]) part.hidden = false;
    this.element.dataset.transport = entry.transport;
    this.#head.replaceChildren(...headOf(unit, entry));
    this.#octets.replaceChildren(hexDump(unit));
    this.#words.replaceChildren(...unit.spans.map(wordsOf));
    this.#octets.scrollTop = 0;
    this.#words.scrollTop = 0;
    this.#set(0, 'both');
  }

  /** The unit as text, for the clipboard. */
  copied() {
    const unit = this.#unit;
    if (!unit) return '';
    const lines = unit.spans.map(({ start, end, name, value, meaning, rfc }) => {
      const hex = [...unit.octets.subarray(start, end)].map((octet) => octet.toString(16).padStart(2, '0')).join(' ');
      return `${start}..${end}  ${name}: ${value}\n    ${hex}\n    ${meaning} ${rfc}`;
    });
    return `${unit.name}, ${unit.octets.length} octets from the ${unit.from}\n${lines.join('\n')}\n`;
  }

  /**
   * @param {Event} event
   * @param {boolean} isClick
   */
  #point({ target, currentTarget }, isClick) {
    const part = target instanceof Element ? target.closest('[data-span]') : null;
    const index = Number(part?.getAttribute('data-span') ?? NaN);
    if (!Number.isInteger(index)) return;
    const other = currentTarget === this.#octets ? this.#words : this.#octets;
    this.#set(index, isClick || other === this.#words ? other : undefined);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const steps = new Map([['ArrowRight', 1], ['ArrowDown', 1], ['ArrowLeft', -1], ['ArrowUp', -1], ['Home', -Infinity], ['End', Infinity]]);
    const step = steps.get(event.key);
    const last = (this.#unit?.spans.length ?? 0) - 1;
    if (step === undefined || last < 0) return;
    event.preventDefault();
    this.#set(Math.min(last, Math.max(0, this.#current + step)), 'both');
    if (event.currentTarget === this.#words) {
      const name = this.#words.children[this.#current]?.querySelector('button');
      name?.focus({ preventScroll: true });
    }
  }

  /**
   * Marks a span on both sides.
   * @param {number} index
   * @param {HTMLElement | 'both' | undefined} scrolled the side that is to scroll to it
   */
  #set(index, scrolled) {
    if (index !== this.#current) {
      for (const old of this.element.querySelectorAll('.is-current')) old.classList.remove('is-current');
      this.#words.children[this.#current]?.querySelector('button')?.setAttribute('tabindex', '-1');
      this.#current = index;
      for (const part of this.element.querySelectorAll(`[data-span="${index}"]`)) part.classList.add('is-current');
      this.#words.children[index]?.querySelector('button')?.setAttribute('tabindex', '0');
    }
    for (const side of [this.#octets, this.#words]) {
      if (scrolled === side || scrolled === 'both') reveal(side, side.querySelector(`[data-span="${index}"]`));
    }
  }
}

/**
 * Scrolls `side`, and nothing around it.
 * @param {HTMLElement} side
 * @param {Element | null} part
 */
function reveal(side, part) {
  if (!part) return;
  const [box, inner] = [side.getBoundingClientRect(), part.getBoundingClientRect()];
  if (inner.top < box.top) side.scrollTop += inner.top - box.top - 8;
  else if (inner.bottom > box.bottom) side.scrollTop += Math.min(inner.bottom - box.bottom + 8, inner.top - box.top - 8);
}

/**
 * @param {Unit} unit
 * @param {{ name: string, title: string, from?: string }} entry
 */
function headOf({ octets, expected, from }, entry) {
  const title = made('h3', '', entry.name);
  const side = entry.from ?? from;
  const size = made('p', 'unit-size');
  size.append(made('span', '', `${entry.title}, from the ${side}: ${bytes(octets.length)} measured`));
  if (expected) {
    const differs = expected.octets !== octets.length;
    size.append(made('span', differs ? 'differs' : '', `, ${bytes(expected.octets)} expected`));
    if (expected.why !== '') size.append(`: ${expected.why}`);
  }
  return [title, size];
}

/**
 * @param {Span} span
 * @param {number} index
 */
function wordsOf({ start, end, name, value, meaning, rfc, bits, steps }, index) {
  const item = made('li', 'word');
  item.dataset.span = String(index);
  const key = button('word-name', '', () => undefined);
  key.tabIndex = -1;
  key.append(made('b', '', name), ' ', made('span', 'word-value', value));
  const range = made('span', 'word-range', end - start === 1 ? `byte ${start}` : `bytes ${start} to ${end - 1}`);
  const explained = made('p', 'word-meaning', `${meaning} `);
  if (rfc !== '') explained.append(rfcLink(rfc));
  item.append(key, range, explained);
  if (bits.length > 0) item.append(bitsOf(bits));
  if (steps.length > 0) item.append(stepsOf(steps));
  return item;
}

/** @param {string} rfc such as `RFC 6455 §5.2` */
function rfcLink(rfc) {
  const [, number, section] = /^RFC (\d+)(?: §([\d.]+))?/.exec(rfc) ?? [];
  if (number === undefined) return made('span', 'rfc', rfc);
  const link = made('a', 'rfc', rfc);
  link.href = `https://www.rfc-editor.org/rfc/rfc${number}${section === undefined ? '' : `#section-${section}`}`;
  link.target = '_blank';
  link.rel = 'noreferrer';
  link.tabIndex = -1;
  return link;
}

/** @param {import('./protocol.js').Bits[]} bits */
function bitsOf(bits) {
  const table = made('table', 'bits');
  table.append(made('caption', 'hidden', 'Bit by bit, the first on the wire first'));
  for (const { from, to, name, value, meaning } of bits) {
    const row = made('tr', '');
    const cells = made('td', 'bit-range', from === to ? `bit ${from}` : `bits ${from} to ${to}`);
    const head = made('th', '', name);
    head.scope = 'row';
    row.append(cells, head, made('td', 'bit-value', value), made('td', 'bit-meaning', meaning));
    table.append(row);
  }
  return table;
}

/** @param {{ name: string, value: string }[]} steps */
function stepsOf(steps) {
  const list = made('ol', 'steps');
  for (const { name, value } of steps) {
    const item = made('li', '');
    item.append(made('span', '', `${name} `), made('code', '', value));
    list.append(item);
  }
  return list;
}
