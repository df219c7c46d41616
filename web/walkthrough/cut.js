/**
 * Cuts a page into slides. A section is a slide; a step and a recording in it are slides of their own; and what is longer
 * than a screen goes on with the next one, parted where it has a joint: between paragraphs, items and rows, and between
 * lines of code, at an empty one if there is one near.
 */

import { label, reveal, runs, titleOf } from './apart.js';

/** @typedef {import('./apart.js').Apart} Apart */

/** Sizes of a slide's text in pixels, on a screen of 1080 lines: the first that fits. The last is read from the back row. */
const SIZES = [40, 36, 32, 28];
const SMALLEST = 28;
/** The smallest text, in pixels, on however small a screen. */
const MIN_SIZE = 15;

/** The part of a slide that is given up for a joint of code. */
const JOINT_SHARE = 1 / 3;
/** Lines, rows or items of a whole that a slide has at least. */
const MIN_PARTS = 3;
/** How full slides that go on are made, so that the last of them is not nearly empty: the first that needs no slide more. */
const FILLS = [0.6, 0.7, 0.8, 0.9, 1];
/** The widest words that a heading may have behind it. */
const WIDEST = ' · 10 of 10';

/**
 * Parts `from` to `to` of a section, the `place`-th slide of `count` in it. Slides of one `run` have text of one size,
 * which is known once one of them was shown.
 * @typedef {{ of: Apart, from: number, to: number, run: number, id: string, title: string, place: number, count: number, size?: number }} Slide
 */

/**
 * The slides that a screen of this size wants.
 * @param {Apart[]} page
 * @returns {Slide[]}
 */
export function cut(page) {
  /** @type {Slide[]} */
  const slides = [];
  let run = 0;
  for (const apart of page) {
    alone(page, apart);
    setSize(apart, SMALLEST);
    const apartRuns = runs(apart);
    label(apart, apartRuns.length > 1 ? WIDEST : '', false);
    /** @type {Slide[]} */
    const own = [];
    for (const [from, to] of apartRuns) {
      const title = titleOf(apart, from);
      for (const [first, last] of divide(apart, from, to)) {
        // What goes on in the middle of a whole does so in the same size.
        if (!apart.wholes.some((whole) => whole.from < first && first < whole.to)) run += 1;
        const id = own.length === 0 ? apart.section.id : `${apart.section.id}--${own.length + 1}`;
        own.push({ of: apart, from: first, to: last, run, id, title, place: own.length + 1, count: 0 });
      }
    }
    for (const slide of own) slide.count = own.length;
    slides.push(...own);
  }
  return slides;
}

/**
 * Shows a slide, its text as large as all slides of its run fit.
 * @param {Apart[]} page
 * @param {Slide[]} slides
 * @param {Slide} slide
 */
export function show(page, slides, slide) {
  const { of, from, to } = slide;
  alone(page, of);
  if (slide.size === undefined) {
    const run = slides.filter((other) => other.run === slide.run);
    const fitting = SIZES.filter((size) => {
      setSize(of, size);
      return run.every((other) => {
        labelOf(other);
        return fits(of, other.from, other.to);
      });
    });
    // Code is rather smaller than broken.
    const unbroken = fitting.find((size) => {
      setSize(of, size);
      return run.every((other) => isUnbroken(of, other.from, other.to));
    });
    for (const other of run) other.size = unbroken ?? fitting[0] ?? SMALLEST;
  }
  setSize(of, slide.size ?? SMALLEST);
  reveal(of, from, to);
  labelOf(slide);
}

/**
 * Whether each line of code is one line on the screen.
 * @param {Apart} apart
 * @param {number} from
 * @param {number} to
 */
function isUnbroken(apart, from, to) {
  reveal(apart, from, to);
  const lines = apart.parts.slice(from, to).filter((part) => part.matches('.line'));
  return lines.every((line) => line.getBoundingClientRect().height < 1.5 * Number.parseFloat(getComputedStyle(line).lineHeight));
}

/** @param {Slide} slide */
function labelOf({ of, place, count }) {
  label(of, count > 1 ? ` · ${place} of ${count}` : '', place > 1);
}

/**
 * @param {Apart[]} page
 * @param {Apart} shown
 */
function alone(page, shown) {
  for (const { section } of page) section.classList.toggle('is-shown', section === shown.section);
}

/**
 * @param {Apart} apart
 * @param {number} size of its text in pixels, on a screen of 1080 lines
 */
function setSize({ section }, size) {
  const unit = Math.min(innerHeight / 1080, innerWidth / 1500);
  section.style.setProperty('--slide-size', `${Math.max(size * unit, MIN_SIZE)}px`);
}

/**
 * @param {Apart} apart
 * @param {number} from
 * @param {number} to
 * @returns {[number, number][]} the parts of each slide
 */
function divide(apart, from, to) {
  if (fits(apart, from, to)) return [[from, to]];
  label(apart, WIDEST, false);
  const heights = measure(apart, from, to);
  const fewest = fill(apart, heights, from, to, Infinity)?.length ?? Infinity;
  const share = FILLS.find((share) => fill(apart, { ...heights, room: share * heights.room }, from, to, fewest)) ?? 1;
  return fill(apart, { ...heights, room: share * heights.room }, from, to, Infinity, true) ?? [];
}

/**
 * How much room parts take, and what is seen above and below them of the wholes that begin before and end behind.
 * @typedef {{ room: number, tops: number[], bottoms: number[], leads: number[], tails: number[] }} Heights
 */

/**
 * Measured once, with all of them in view; what a table does when it has fewer rows is not foreseen.
 * @param {Apart} apart
 * @param {number} from
 * @param {number} to
 * @returns {Heights}
 */
function measure({ section, parts, wholes }, from, to) {
  const boxes = parts.map((part) => part.getBoundingClientRect());
  const [tops, bottoms] = [boxes.map(({ top }) => top), boxes.map(({ bottom }) => bottom)];
  const [leads, tails] = [parts.map(() => 0), parts.map(() => 0)];
  // A whole within another comes before it.
  for (const { element, from: first, to: end } of wholes.filter((whole) => whole.from >= from && whole.to <= to)) {
    const { top, bottom } = element.getBoundingClientRect();
    for (let at = first + 1; at < end; at += 1) leads[at] = (leads[at] ?? 0) + (tops[first] ?? top) - top;
    for (let at = first; at < end - 1; at += 1) tails[at] = (tails[at] ?? 0) + bottom - (bottoms[end - 1] ?? bottom);
    tops[first] = top;
    bottoms[end - 1] = bottom;
  }
  const { paddingTop, paddingBottom } = getComputedStyle(section);
  const above = (tops[from] ?? 0) - (section.querySelector('h1, h2, h3')?.getBoundingClientRect().top ?? 0);
  return { room: section.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom) - above, tops, bottoms, leads, tails };
}

/**
 * Fills one slide after another; nothing if that takes more than `most`.
 * @param {Apart} apart
 * @param {Heights} heights
 * @param {number} from
 * @param {number} to
 * @param {number} most
 * @param {boolean} isTried whether each is laid out, and has less in it if it does not fit
 */
function fill(apart, { room, tops, bottoms, leads, tails }, from, to, most, isTried = false) {
  /** @type {[number, number][]} */
  const slides = [];
  for (let first = from; first < to; ) {
    if (slides.length === most) return undefined;
    let end = first + 1;
    const above = (leads[first] ?? 0) - (tops[first] ?? 0);
    while (end < to && above + (bottoms[end] ?? 0) + (tails[end] ?? 0) <= room) end += 1;
    if (end < to) end = joint(apart, first, end);
    while (isTried && end > first + 1 && !fits(apart, first, end)) end = joint(apart, first, end - 1);
    slides.push([first, end]);
    first = end;
  }
  return slides;
}

/**
 * The last good place for a cut up to this one.
 * @param {Apart} apart
 * @param {number} first
 * @param {number} end
 */
function joint({ parts, wholes }, first, end) {
  const least = end - Math.floor((end - first) * JOINT_SHARE);
  const isLine = parts[end]?.matches('.line');
  for (let at = end; isLine && at > least; at -= 1) {
    if (parts[at]?.parentElement !== parts[end]?.parentElement) break;
    if (parts[at - 1]?.textContent === '\n') return at;
  }
  // A few lines, rows or items of a whole say little: it begins on the next slide.
  const begun = wholes.find(({ from, to }) => from > first && from < end && end < to && end - from < MIN_PARTS);
  let at = begun?.from ?? end;
  while (at > first + 1 && staysWithNext(parts[at - 1], parts[at])) at -= 1;
  return at;
}

/**
 * @param {Element | undefined} part
 * @param {Element | undefined} next
 */
function staysWithNext(part, next) {
  if (next?.matches('.bit-row')) return true;
  return part?.matches('.step-label') || (part?.matches('p') && (part.textContent ?? '').trimEnd().endsWith(':'));
}

/**
 * @param {Apart} apart
 * @param {number} from
 * @param {number} to
 */
function fits(apart, from, to) {
  reveal(apart, from, to);
  return apart.section.scrollHeight <= apart.section.clientHeight;
}
