/**
 * One unit of the wire: its octets on the left, what they say on the right, and each leads to the other: by pointing,
 * by a click, by the arrow keys in either.
 */

import { button, made } from '../dom.js';
import { hexDump } from './hex.js';
import { bytes } from './figures.js';
import { expectedOf, messageWithin, partButtons, partsOf, placeOf } from './parts.js';

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
  /** The part that was chosen. @type {import('./parts.js').Part | undefined} */
  #part;

  constructor() {
    const { element } = this;
    this.#octets.tabIndex = 0;
    this.#octets.setAttribute('role', 'group');
    this.#octets.setAttribute('aria-label', 'Bytes in hexadecimal; arrow keys go from part to part');
    this.#words.setAttribute('aria-label', 'What the bytes say');
    element.append(this.#hint, this.#head, this.#octets, this.#words);
    for (const side of /** @type {HTMLElement[]} */ ([this.#octets, this.#words])) {
      // What comes to lie under a pointer that rests is not pointed at.
      side.addEventListener('pointermove', (event) => (event.movementX !== 0 || event.movementY !== 0) && this.#point(event, false));
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
   * @param {number} [message] id of the chat message that is looked for
   */
  show(unit, entry, message) {
    this.#unit = unit;
    this.#current = -1;
    this.#hint.hidden = true;
    for (const part of [this.#head, this.#octets, this.#words]) part.hidden = false;
    this.element.dataset.transport = entry.transport;
    this.#head.replaceChildren(...headOf(unit, entry));
    const parts = partsOf(unit);
    const place = message === undefined ? undefined : messageWithin(unit, message);
    if (parts.length > 1) this.#head.append(partButtons(parts, (part) => this.#light(part ?? this.#part), (part) => this.#choosePart(part)));
    this.#octets.replaceChildren(hexDump(unit, place));
    this.element.classList.toggle('is-whole', unit.spans.length === 1);
    this.#words.replaceChildren(...unit.spans.map((span, index) => wordsOf(span, index, message)));
    this.#octets.scrollTop = 0;
    this.#words.scrollTop = 0;
    this.#set(0, 'both');
    this.#part = undefined;
    const fields = parts.find(({ name }) => name.startsWith('header fields'));
    const key = parts.find(({ name }) => name === 'masking key');
    if (fields) this.#choosePart(fields);
    else if (key?.spans[0] !== undefined) {
      this.#set(key.spans[0], undefined);
      toTop(this.#words, this.#words.querySelector('.is-current'));
    }
    for (const side of [this.#octets, this.#words]) toTop(side, side.querySelector('.is-message'));
    if (place) this.#head.append(made('p', 'unit-size', `The ${bytes(place.end - place.start)} of this message are underlined.`));
  }

  /**
   * Goes to a part and keeps it marked; chosen again it is marked no more.
   * @param {import('./parts.js').Part} part
   */
  #choosePart(part) {
    this.#part = this.#part === part ? undefined : part;
    this.#light(this.#part);
    for (const key of this.#head.querySelectorAll('.part')) key.setAttribute('aria-pressed', String(this.#part !== undefined && key.textContent?.startsWith(`${part.name} `) === true));
    this.#set(part.spans[0] ?? 0, 'both');
  }

  /**
   * Marks the bytes and words of a part.
   * @param {import('./parts.js').Part | undefined} part
   */
  #light(part) {
    const spans = new Set(part?.spans.map(String));
    for (const one of this.element.querySelectorAll('[data-span]')) one.classList.toggle('is-part', spans.has(one.getAttribute('data-span') ?? ''));
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
 * Scrolls `side` until `part` is near its top.
 * @param {HTMLElement} side
 * @param {Element | null} part
 */
function toTop(side, part) {
  if (part) side.scrollTop += part.getBoundingClientRect().top - side.getBoundingClientRect().top - 32;
}

/**
 * Scrolls `side`, and nothing around it, as little as shows `part`.
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
function headOf(unit, entry) {
  const { octets, from } = unit;
  const expected = expectedOf(unit);
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
 * @param {number | undefined} message whose JSON is marked
 */
function wordsOf({ start, end, name, value, meaning, rfc, bits, steps }, index, message) {
  const item = made('li', 'word');
  item.dataset.span = String(index);
  const key = button('word-name', '', () => undefined);
  key.tabIndex = -1;
  key.append(made('b', '', name), ' ', valueOf(value, message));
  const range = made('span', 'word-range', end - start === 1 ? `byte ${start}` : `bytes ${start} to ${end - 1}`);
  const explained = made('p', 'word-meaning', `${meaning} `);
  if (rfc !== '') explained.append(rfcLink(rfc));
  item.append(key, range, explained);
  if (bits.length > 0) item.append(bitsOf(bits));
  if (steps.length > 0) item.append(stepsOf(steps));
  return item;
}

/**
 * @param {string} value
 * @param {number | undefined} message
 */
function valueOf(value, message) {
  const element = made('span', 'word-value', value);
  const place = message === undefined ? undefined : placeOf(value, message);
  if (place) element.replaceChildren(value.slice(0, place.start), made('mark', 'is-message', value.slice(place.start, place.end)), value.slice(place.end));
  return element;
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
