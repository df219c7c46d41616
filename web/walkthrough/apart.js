/**
 * A page taken apart for slides: each section's parts, in their order, and the wholes that they belong to. Nothing is moved:
 * what is not of a slide is hidden while it is shown.
 */

import { made } from '../dom.js';

/** What may be parted. It is seen, and its head with it, while a part of it is. */
const WHOLES = ':scope > :is(.step, .recording, .unit[open], .wide:not(.calculator, .diagram *), .excerpt, pre, code, ul, ol, table, tbody)';
/** What is no part: said elsewhere, seen with its whole, at the slide's side, or not worth its room there. */
const NO_PARTS = 'h1, h2, h3, .idea > .minutes, .notes, .live, .step-head, .mistakes, .step-label:has(+ .mistakes), figcaption, caption, summary, thead, .unused, script';
/** What begins a slide, and ends one. */
const ALONE = '.step, .recording:has(> figcaption)';

/** A whole, and which parts of its section are its own. @typedef {{ element: Element, from: number, to: number }} Whole */
/** A section taken apart. @typedef {{ section: HTMLElement, parts: Element[], wholes: Whole[] }} Apart */

/** @returns {Apart[]} the sections of this page, their listings in lines */
export function takeApart() {
  return [...document.querySelectorAll('section.idea')].filter((section) => section instanceof HTMLElement).map((section) => {
    for (const code of section.querySelectorAll('pre > code')) if (!code.closest('.copied')) lineUp(code);
    for (const list of section.querySelectorAll('ol')) [...list.children].forEach((item, at) => item instanceof HTMLLIElement && (item.value = at + 1));
    /** @type {Apart} */
    const apart = { section, parts: [], wholes: [] };
    collect(apart, section);
    return apart;
  });
}

/**
 * @param {Apart} apart
 * @param {Element} whole
 */
function collect(apart, whole) {
  const parted = new Set(whole.querySelectorAll(WHOLES));
  for (const child of whole.children) {
    if (child.matches(NO_PARTS)) continue;
    const from = apart.parts.length;
    if (parted.has(child)) collect(apart, child);
    if (apart.parts.length > from) apart.wholes.push({ element: child, from, to: apart.parts.length });
    else apart.parts.push(child);
  }
}

/**
 * Gives each line of a listing an element of its own, with its colours.
 * @param {Element} code
 */
function lineUp(code) {
  const lines = [made('span', 'line')];
  const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const colour = text.parentElement === code ? '' : (text.parentElement?.className ?? '');
    (text.textContent ?? '').split('\n').forEach((piece, at) => {
      if (at > 0) {
        lines.at(-1)?.append('\n');
        lines.push(made('span', 'line'));
      }
      if (piece !== '') lines.at(-1)?.append(colour === '' ? piece : made('span', colour, piece));
    });
  }
  code.replaceChildren(...lines.filter((line) => line.hasChildNodes()));
}

/**
 * Where a section's slides begin and end when each is as long as it may be.
 * @param {Apart} apart
 */
export function runs({ section, parts }) {
  /** @type {[number, number][]} */
  const runs = [];
  let before;
  for (const [at, part] of parts.entries()) {
    const whole = [...section.children].find((child) => child.contains(part));
    const kind = whole?.matches(ALONE) ? whole : section;
    if (kind !== before) runs.push([at, at]);
    const last = runs.at(-1);
    if (last) last[1] = at + 1;
    before = kind;
  }
  return runs.length === 0 ? [/** @type {[number, number]} */ ([0, 0])] : runs;
}

/**
 * @param {Apart} apart
 * @param {number} from
 * @param {number} to
 */
export function reveal({ parts, wholes }, from, to) {
  parts.forEach((part, at) => part.classList.toggle('is-elsewhere', at < from || at >= to));
  for (const whole of wholes) whole.element.classList.toggle('is-elsewhere', whole.from >= to || whole.to <= from);
}

/**
 * @param {Apart} apart
 * @param {number} from
 */
export function titleOf({ section, parts }, from) {
  const whole = parts[from]?.closest(ALONE);
  const title = whole?.querySelector('.step-head strong, figcaption') ?? section.querySelector('h1, h2, h3');
  return title?.textContent ?? '';
}

/**
 * @param {Apart} apart
 * @param {string} words behind its heading
 * @param {boolean} isContinued
 */
export function label({ section }, words, isContinued) {
  const heading = section.querySelector('h1, h2, h3');
  if (heading instanceof HTMLElement) heading.dataset.part = words;
  section.classList.toggle('is-continued', isContinued);
}
