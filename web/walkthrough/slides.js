/**
 * The page as slides: one section a screen, as large as it fits. Keys: → space PageDown forward, ← PageUp back, Home, End,
 * b blank, t timer, n notes, Escape back to the page.
 */

import { made, setText } from '../dom.js';
import { clock, cutSlides, minutesTo, openStage, titleOf } from './stage.js';

/** Sizes of a slide's text in pixels, for a screen of 1080 lines; the first that fits is taken. */
const SIZES = [40, 36, 32, 28, 25, 22];
/** The part of a screen that one key press goes on where a slide is longer than that. */
const PAGE_SHARE = 0.85;

export class Slides {
  #slides = cutSlides();
  #at = 0;
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

  start() {
    document.documentElement.classList.add('presenting');
    this.#blank.hidden = true;
    this.#foot.append(this.#time, this.#title, this.#place);
    document.body.append(this.#foot, this.#blank);
    addEventListener('keydown', (event) => this.#onKey(event));
    addEventListener('resize', () => this.#fit());
    setInterval(() => this.#tick(), 1_000);
    const named = this.#slides.findIndex(({ id }) => id === decodeURIComponent(location.hash.slice(1)));
    this.#show(Math.max(named, 0));
  }

  /** @param {number} at */
  #show(at) {
    this.#at = Math.min(Math.max(at, 0), this.#slides.length - 1);
    this.#slides.forEach((slide, index) => slide.classList.toggle('is-shown', index === this.#at));
    const slide = this.#slides[this.#at];
    if (!slide) return;
    history.replaceState(null, '', `${location.pathname}?present#${slide.id}`);
    slide.tabIndex = -1;
    slide.focus({ preventScroll: true });
    this.#fit();
    slide.scrollTop = 0;
    setText(this.#title, titleOf(slide));
    setText(this.#place, `${this.#at + 1} of ${this.#slides.length}`);
    this.#tick();
  }

  /** Takes the largest size at which all of the slide is seen. */
  #fit() {
    const slide = this.#slides[this.#at];
    if (!slide) return;
    const unit = Math.min(innerHeight / 1080, innerWidth / 1500);
    for (const size of SIZES) {
      slide.style.setProperty('--slide-size', `${Math.max(size * unit, 15)}px`);
      if (slide.scrollHeight <= slide.clientHeight) return;
    }
  }

  /** @param {number} by slides; the rest of a slide that is longer than the screen comes first */
  #move(by) {
    const slide = this.#slides[this.#at];
    if (!slide) return;
    const left = by > 0 ? slide.scrollHeight - slide.clientHeight - slide.scrollTop : slide.scrollTop;
    if (left > 4) slide.scrollBy({ top: Math.sign(by) * PAGE_SHARE * slide.clientHeight });
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
    const planned = minutesTo(this.#slides, this.#at);
    setText(this.#time, `${this.#since === undefined ? '‖' : '▶'} ${clock(this.#seconds)} of ${planned} min`);
    this.#tell();
  }

  #tell() {
    this.#say({ type: 'at', slide: this.#at, seconds: this.#seconds, isRunning: this.#since !== undefined });
  }
}
