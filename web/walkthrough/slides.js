/**
 * The page as slides, cut for this screen. Keys: → space PageDown forward, ← PageUp back, Home, End, b blank, t timer,
 * n notes, Escape back to the page. In a plan, what comes behind the last slide is the plan's next chapter.
 */

import { made, setText } from '../dom.js';
import { takeApart } from './apart.js';
import { cut, show } from './cut.js';
import { clock, minutesTo, openStage } from './stage.js';

/** The part of a screen that one key press goes on where a slide is longer than that: of octets that were opened, say. */
const PAGE_SHARE = 0.85;
/** How long a window must have its size before slides are cut for it, in milliseconds. */
const RESIZED_MS = 200;

export class Slides {
  #page = takeApart();
  #plan;
  /** @type {import('./cut.js').Slide[]} */
  #slides = [];
  #at = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resized;
  #blank = made('div', 'blank');
  #foot = made('footer', 'slide-foot');
  #time = made('span', 'time');
  #title = made('span', 'title');
  #place = made('span', 'place');
  /** When the timer was started, less what it had run before; nothing while it stands. @type {number | undefined} */
  #since;
  #seconds = 0;
  #say = openStage((cue) => {
    if (cue.type === 'where') this.#tell();
    if (cue.type === 'move') this.#move(cue.by);
  });

  /** @param {import('./plan.js').Plan} [plan] that they are of; else all of the page is */
  constructor(plan) {
    this.#plan = plan;
  }

  /** @param {boolean} isFromBehind whether it begins with the last, as one who goes back to this chapter does */
  start(isFromBehind) {
    document.documentElement.classList.add('presenting');
    this.#blank.hidden = true;
    this.#foot.append(this.#time, this.#title, this.#place);
    document.body.append(this.#foot, this.#blank);
    addEventListener('keydown', (event) => this.#onKey(event));
    addEventListener('resize', () => {
      clearTimeout(this.#resized);
      this.#resized = setTimeout(() => this.#cut(), RESIZED_MS);
    });
    setInterval(() => this.#tick(), 1_000);
    this.#slides = cut(this.#page);
    const named = decodeURIComponent(location.hash.slice(1));
    const section = named.replace(/--\d+$/, '');
    const at = this.#slides.findIndex(({ id }) => id === named);
    if (isFromBehind) this.#show(this.#slides.length - 1);
    else this.#show(at < 0 ? this.#slides.findIndex(({ id }) => id === section) : at);
  }

  /** Cuts for a screen of another size, and stays where it was. */
  #cut() {
    const before = this.#slides[this.#at];
    this.#slides = cut(this.#page);
    this.#show(this.#slides.findLastIndex(({ of, from }) => of === before?.of && from <= before.from));
  }

  /** @param {number} at */
  #show(at) {
    this.#at = Math.min(Math.max(at, 0), this.#slides.length - 1);
    const slide = this.#slides[this.#at];
    if (!slide) return;
    history.replaceState(null, '', `${location.pathname}${this.#query}#${slide.id}`);
    show(this.#page, this.#slides, slide);
    const { section } = slide.of;
    section.tabIndex = -1;
    section.focus({ preventScroll: true });
    section.scrollTop = 0;
    setText(this.#title, slide.title);
    setText(this.#place, this.#placeOf());
    this.#tick();
  }

  get #query() {
    return this.#plan ? `?present&plan=${this.#plan.name}` : '?present';
  }

  /**
   * Goes on with another chapter, and the notes' window with it.
   * @param {HTMLAnchorElement} chapter
   * @param {string} from
   */
  #turnTo({ pathname }, from) {
    this.#say({ type: 'turn', path: pathname });
    location.assign(`${pathname}${this.#query}${from}`);
  }

  #placeOf() {
    return `${this.#at + 1} of ${this.#slides.length}`;
  }

  /** @param {number} by slides; the rest of a slide that is longer than the screen comes first */
  #move(by) {
    const section = this.#slides[this.#at]?.of.section;
    if (!section) return;
    const left = by > 0 ? section.scrollHeight - section.clientHeight - section.scrollTop : section.scrollTop;
    if (left > 4) section.scrollBy({ top: Math.sign(by) * PAGE_SHARE * section.clientHeight });
    else if (this.#plan?.next && this.#at + by >= this.#slides.length) this.#turnTo(this.#plan.next, '');
    else if (this.#plan?.previous && this.#at + by < 0) this.#turnTo(this.#plan.previous, '&end');
    else this.#show(this.#at + by);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isWritten = event.target instanceof HTMLInputElement;
    const isPressed = event.target instanceof HTMLButtonElement && event.key === ' ';
    if (isWritten || isPressed || event.ctrlKey || event.altKey || event.metaKey) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowRight: () => this.#move(1),
      ' ': () => this.#move(event.shiftKey ? -1 : 1),
      PageDown: () => this.#move(1),
      ArrowLeft: () => this.#move(-1),
      PageUp: () => this.#move(-1),
      Home: () => this.#show(0),
      End: () => this.#show(this.#slides.length - 1),
      b: () => (this.#blank.hidden = !this.#blank.hidden),
      t: () => this.#toggleTimer(),
      n: () => void window.open(`${location.pathname}?notes`, 'crosstalk-notes', 'popup,width=1100,height=800'),
      Escape: () => location.assign(`${location.pathname}${location.hash.replace(/--\d+$/, '')}`),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  #toggleTimer() {
    if (this.#since === undefined) this.#since = performance.now() - this.#seconds * 1_000;
    else this.#since = undefined;
    this.#tick();
  }

  #tick() {
    if (this.#since !== undefined) this.#seconds = (performance.now() - this.#since) / 1_000;
    setText(this.#time, `${this.#since === undefined ? '‖' : '▶'} ${clock(this.#seconds)} of ${this.#planned()} min`);
    this.#tell();
  }

  #planned() {
    const slide = this.#slides[this.#at];
    return slide ? minutesTo(slide.of.section) : 0;
  }

  #tell() {
    const slide = this.#slides[this.#at];
    if (!slide) return;
    const next = this.#slides[this.#at + 1];
    this.#say({
      type: 'at',
      section: slide.of.section.id,
      title: slide.title + partOf(slide),
      next: next ? next.title + partOf(next) : (this.#plan?.next?.textContent ?? ''),
      place: this.#placeOf(),
      planned: this.#planned(),
      total: minutesTo(),
      seconds: this.#seconds,
      isRunning: this.#since !== undefined,
    });
  }
}

/** @param {import('./cut.js').Slide} slide */
function partOf({ place, count }) {
  return place > 1 ? `, ${place} of ${count}` : '';
}
