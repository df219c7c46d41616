/**
 * The list of what passed: as many rows as fit are elements, whatever the number of events. Live it shows the newest;
 * choosing one, or scrolling up, pauses it.
 */

import { made, setText } from '../dom.js';

/** So many events are kept; older ones leave. */
export const MAX_EVENTS = 12_000;
/** The height of a row, in pixels; the style sheet says the same. */
const ROW_PX = 26;

/** @typedef {import('./protocol.js').WireEvent & { transport: string, title: string }} Entry */

export class EventList {
  element = made('div', 'wire-list');
  #space = made('div', 'wire-space');
  /** @type {HTMLElement[]} */
  #rows = [];
  /** All that are kept, oldest first. @type {Entry[]} */
  #all = [];
  /** Those that the filters let through. @type {Entry[]} */
  #shown = [];
  /** @type {Entry | undefined} */
  #chosen;
  #isLive = true;
  #newer = 0;
  #isDrawn = true;
  #filter = (/** @type {Entry} */ _entry) => true;
  #onChoose;
  #onLive;

  /**
   * @param {(entry: Entry) => void} onChoose
   * @param {(isLive: boolean, newer: number) => void} onLive
   */
  constructor(onChoose, onLive) {
    this.#onChoose = onChoose;
    this.#onLive = onLive;
    const { element } = this;
    element.tabIndex = 0;
    element.setAttribute('role', 'listbox');
    element.setAttribute('aria-label', 'What passed on the wire');
    this.#space.setAttribute('role', 'presentation');
    element.append(this.#space);
    element.addEventListener('scroll', () => this.#draw(), { passive: true });
    element.addEventListener('wheel', ({ deltaY }) => deltaY < 0 && this.setLive(false), { passive: true });
    element.addEventListener('touchmove', () => this.setLive(false), { passive: true });
    element.addEventListener('keydown', (event) => this.#onKey(event));
    element.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('.wire-row') : null;
      const entry = this.#shown[Number(row?.getAttribute('data-index') ?? NaN)];
      if (entry) this.choose(entry);
    });
    new ResizeObserver(() => this.#draw()).observe(element);
  }

  /** All that are kept, oldest first. @type {readonly Entry[]} */
  get entries() {
    return this.#all;
  }

  get isLive() {
    return this.#isLive;
  }

  get chosen() {
    return this.#chosen;
  }

  /** @param {Entry[]} entries */
  add(entries) {
    this.#all.push(...entries);
    const passed = entries.filter(this.#filter);
    if (!this.#isLive) {
      // What is looked at stays where it is.
      this.#newer += passed.length;
      if (this.#all.length > 2 * MAX_EVENTS) this.#all.splice(0, this.#all.length - MAX_EVENTS);
      this.#onLive(false, this.#newer);
      return;
    }
    if (this.#all.length > MAX_EVENTS) this.#all.splice(0, this.#all.length - MAX_EVENTS);
    this.#shown.push(...passed);
    if (this.#shown.length > MAX_EVENTS) this.#shown.splice(0, this.#shown.length - MAX_EVENTS);
    this.#soon();
  }

  /** @param {(entry: Entry) => boolean} filter */
  setFilter(filter) {
    this.#filter = filter;
    this.#refill();
  }

  /** @param {boolean} isLive */
  setLive(isLive) {
    if (this.#isLive === isLive) return;
    this.#isLive = isLive;
    if (isLive) this.#refill();
    this.#onLive(isLive, this.#newer);
  }

  /** Draws, if the drawer was hidden while events came. */
  shown() {
    this.#soon();
  }

  /** @param {Entry} entry */
  choose(entry) {
    this.setLive(false);
    this.#chosen = entry;
    // It may have come while the list was paused.
    if (!this.#shown.includes(entry)) this.#refill();
    this.#reveal(this.#shown.indexOf(entry));
    this.#onChoose(entry);
  }

  #refill() {
    this.#shown = this.#all.filter(this.#filter).slice(-MAX_EVENTS);
    this.#newer = 0;
    this.#soon();
  }

  /** @param {number} index */
  #reveal(index) {
    const top = index * ROW_PX;
    this.#stretch();
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_PX > scrollTop + clientHeight) this.element.scrollTop = top + ROW_PX - clientHeight;
    this.#draw();
  }

  #stretch() {
    this.#space.style.height = `${this.#shown.length * ROW_PX}px`;
  }

  #soon() {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    requestAnimationFrame(() => {
      this.#isDrawn = true;
      this.#stretch();
      if (this.#isLive) this.element.scrollTop = this.#shown.length * ROW_PX;
      this.#draw();
    });
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_PX));
    const count = Math.ceil(this.element.clientHeight / ROW_PX) + 1;
    while (this.#rows.length < count) {
      const row = makeRow(this.#rows.length);
      this.#rows.push(row);
      this.#space.append(row);
    }
    let active = '';
    for (const [offset, row] of this.#rows.entries()) {
      const index = first + offset;
      const entry = offset < count ? this.#shown[index] : undefined;
      row.hidden = entry === undefined;
      if (!entry) continue;
      row.style.transform = `translateY(${index * ROW_PX}px)`;
      row.dataset.index = String(index);
      row.setAttribute('aria-setsize', String(this.#shown.length));
      row.setAttribute('aria-posinset', String(index + 1));
      row.setAttribute('aria-selected', String(entry === this.#chosen));
      if (entry === this.#chosen) active = row.id;
      fillRow(row, entry);
    }
    if (active === '') this.element.removeAttribute('aria-activedescendant');
    else this.element.setAttribute('aria-activedescendant', active);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_PX) - 1);
    const steps = new Map([['ArrowDown', 1], ['ArrowUp', -1], ['PageDown', page], ['PageUp', -page], ['Home', -Infinity], ['End', Infinity]]);
    const step = steps.get(event.key);
    if (step === undefined) return;
    event.preventDefault();
    const last = this.#shown.length - 1;
    const at = this.#chosen ? this.#shown.indexOf(this.#chosen) : last + 1;
    const entry = this.#shown[Math.min(last, Math.max(0, at + step))];
    if (entry) this.choose(entry);
  }
}

/** @param {number} index */
function makeRow(index) {
  const row = made('div', 'wire-row');
  row.id = `wire-row-${index}`;
  row.setAttribute('role', 'option');
  for (const name of ['at', 'who', 'from', 'kind', 'name', 'size']) row.append(made('span', `cell-${name}`));
  return row;
}

/**
 * @param {HTMLElement} row
 * @param {Entry} entry
 */
function fillRow(row, entry) {
  row.dataset.transport = entry.transport;
  row.classList.toggle('carries', entry.carries);
  const arrow = entry.from === 'client' ? '↑' : entry.from === 'server' ? '↓' : '·';
  const texts = [clock(entry.at), entry.title, arrow, entry.kind, entry.name, entry.octets > 0 ? `${entry.octets.toLocaleString('en')} B` : ''];
  for (const [index, text] of texts.entries()) {
    const cell = row.children[index];
    if (cell instanceof HTMLElement) setText(cell, text);
  }
  row.title = entry.name;
}

/**
 * Seconds since the tap's clock began, with milliseconds.
 * @param {number} at
 */
export function clock(at) {
  return `${(at / 1_000).toFixed(3)} s`;
}
