/**
 * The strips: the last 15 seconds of each transport's wire, all on one time axis, drawn in one animation frame.
 *
 * A canvas is twice as wide as what is seen of it. A mark is drawn once, where its time is, and the canvas is moved; an
 * open bar grows by what has passed since the last frame. Only when the canvas has been moved through, or its size or
 * colours change, is it drawn anew. Nothing here makes the browser lay anything out.
 */

import { ROWS } from './track.js';

/** What a strip shows, in milliseconds. */
export const SHOWN_MS = 15_000;
/** Its height, in pixels, and where its parts stand. */
const HEIGHT = 56;
const UP_TIP = 1;
const POSTS = { top: 10, height: 4 };
const BAND = { top: 17, height: 22 };
const DOWN_TIP = 54;
const ARROW = { half: 3.5, height: 8 };
/** Arrows and ticks nearer than this to the one before, in pixels, would cover it. */
const NEAR = 2;

/** @typedef {import('./track.js').Mark} Mark */

class Strip {
  #canvas;
  #context;
  #track;
  #box;
  /** The time at the canvas's left edge. */
  #origin = 0;
  #width = 0;
  #ratio = 1;
  #shift = NaN;
  /** Marks drawn, of all that the track ever had. */
  #drawn = 0;
  /** How far open bars are drawn, in device pixels. @type {Map<Mark, number>} */
  #open = new Map();
  /** Where the last arrow or tick of each sort stands. @type {Map<string, number>} */
  #last = new Map();
  #isStale = true;
  #colours = { hue: '', text: '', bad: '', quiet: '' };

  /**
   * @param {HTMLElement} box holds the canvas
   * @param {HTMLCanvasElement} canvas
   * @param {import('./track.js').Track} track
   */
  constructor(box, canvas, track) {
    this.#box = box;
    this.#canvas = canvas;
    this.#track = track;
    this.#context = canvas.getContext('2d');
  }

  /** @param {number} width of what is seen, in pixels */
  resize(width) {
    this.#ratio = devicePixelRatio;
    this.#width = Math.round(width * this.#ratio);
    this.#canvas.width = 2 * this.#width;
    this.#canvas.height = Math.round(HEIGHT * this.#ratio);
    this.#canvas.style.width = `${(2 * this.#width) / this.#ratio}px`;
    this.#canvas.style.height = `${HEIGHT}px`;
    this.stale();
  }

  /** Draws all anew with the next frame. */
  stale() {
    this.#isStale = true;
  }

  /** @param {number} now on the server's clock */
  draw(now) {
    const context = this.#context;
    if (!context || this.#width === 0) return;
    const perMs = this.#width / SHOWN_MS;
    if (this.#isStale || (now - this.#origin) * perMs > 2 * this.#width || now < this.#origin + SHOWN_MS - 1) this.#restart(now, context);
    const { marks, total } = this.#track;
    const fresh = Math.min(total - this.#drawn, marks.length);
    this.#drawn = total;
    for (const mark of marks.slice(marks.length - fresh)) this.#begin(mark, context);
    for (const [mark, until] of this.#open) this.#grow(mark, until, now, context);
    const shift = Math.round((this.#origin + SHOWN_MS - now) * perMs);
    if (shift === this.#shift) return;
    this.#shift = shift;
    this.#canvas.style.transform = `translateX(${shift / this.#ratio}px)`;
  }

  /**
   * @param {number} now
   * @param {CanvasRenderingContext2D} context
   */
  #restart(now, context) {
    if (this.#isStale) {
      const style = getComputedStyle(this.#box);
      this.#colours = { hue: style.getPropertyValue('--hue').trim(), text: style.color, bad: style.borderTopColor, quiet: style.borderBottomColor };
    }
    this.#isStale = false;
    this.#origin = now - SHOWN_MS;
    this.#drawn = this.#track.total - this.#track.marks.length;
    this.#shift = NaN;
    this.#open.clear();
    this.#last.clear();
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** @param {number} at */
  #x(at) {
    return Math.round(((at - this.#origin) / SHOWN_MS) * this.#width);
  }

  /**
   * @param {Mark} mark
   * @param {CanvasRenderingContext2D} context
   */
  #begin(mark, context) {
    const x = this.#x(mark.at);
    if (mark.sort === 'bar' || mark.sort === 'away') {
      if (mark.sort === 'bar') this.#edge(mark, x, context);
      this.#open.set(mark, x);
      return;
    }
    const key = `${mark.sort}${mark.row}`;
    if (x - (this.#last.get(key) ?? -Infinity) < NEAR * this.#ratio && mark.sort !== 'disturbed') return;
    this.#last.set(key, x);
    if (mark.sort === 'up' || mark.sort === 'down') this.#arrow(mark.sort, x, context);
    else if (mark.sort === 'tick') {
      const { top, height } = rowOf(mark);
      context.globalAlpha = 1;
      this.#rectangle(context, this.#colours.hue, x, top + height / 4, 1, height / 2);
    } else if (mark.sort === 'attempt') this.#rectangle(context, this.#colours.text, x, BAND.top - 2, 2, BAND.height + 4);
    else this.#incident(mark, x, context);
  }

  /**
   * An open bar, as far as it goes now; one that has ended is done with.
   * @param {Mark} mark
   * @param {number} until
   * @param {number} now
   * @param {CanvasRenderingContext2D} context
   */
  #grow(mark, until, now, context) {
    const x = this.#x(Math.min(mark.end ?? now, now));
    if (x > until) {
      const { top, height } = rowOf(mark);
      const ratio = this.#ratio;
      context.globalAlpha = mark.sort === 'away' ? 0.28 : mark.use === 'other' ? 0.3 : 0.42;
      context.fillStyle = mark.sort === 'away' ? this.#colours.bad : mark.use === 'other' ? this.#colours.quiet : this.#colours.hue;
      context.fillRect(until, Math.round(top * ratio), x - until, Math.round(height * ratio));
      context.globalAlpha = 1;
      this.#open.set(mark, x);
    }
    if (mark.end === undefined || mark.end > now) return;
    if (mark.sort === 'bar') this.#edge(mark, this.#x(mark.end), context);
    // A content that follows may move the end on; it is drawn with the next restart.
    this.#open.delete(mark);
  }

  /**
   * The first or last moment of a bar.
   * @param {Mark} mark
   * @param {number} x
   * @param {CanvasRenderingContext2D} context
   */
  #edge(mark, x, context) {
    const { top, height } = rowOf(mark);
    const colour = mark.isFailed ? this.#colours.bad : mark.use === 'other' ? this.#colours.quiet : this.#colours.hue;
    this.#rectangle(context, colour, x, top, 2, height);
    if (mark.isFailed) this.#cross(x + this.#ratio, (top + height / 2) * this.#ratio, context);
  }

  /**
   * @param {'up' | 'down'} sort
   * @param {number} x
   * @param {CanvasRenderingContext2D} context
   */
  #arrow(sort, x, context) {
    const ratio = this.#ratio;
    const tip = (sort === 'up' ? UP_TIP : DOWN_TIP) * ratio;
    const foot = tip + (sort === 'up' ? 1 : -1) * ARROW.height * ratio;
    context.fillStyle = this.#colours.text;
    context.beginPath();
    context.moveTo(x, tip);
    context.lineTo(x - ARROW.half * ratio, foot);
    context.lineTo(x + ARROW.half * ratio, foot);
    context.fill();
  }

  /**
   * What befell a connection, or was done to it: a line through the strip, with a sign of its own.
   * @param {Mark} mark
   * @param {number} x
   * @param {CanvasRenderingContext2D} context
   */
  #incident(mark, x, context) {
    const ratio = this.#ratio;
    if (mark.sort === 'closed') {
      this.#cross(x, (BAND.top + BAND.height / 2) * ratio, context);
      return;
    }
    for (let y = 0; y < HEIGHT; y += 5) this.#rectangle(context, this.#colours.text, x, y, 1, 3);
    if (mark.sort !== 'disturbed') return;
    const [y, half] = [5 * ratio, 5 * ratio];
    context.fillStyle = this.#colours.bad;
    context.beginPath();
    context.moveTo(x, y - half);
    context.lineTo(x + half, y);
    context.lineTo(x, y + half);
    context.lineTo(x - half, y);
    context.fill();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {CanvasRenderingContext2D} context
   */
  #cross(x, y, context) {
    const half = 4 * this.#ratio;
    context.strokeStyle = this.#colours.bad;
    context.lineWidth = 2 * this.#ratio;
    context.beginPath();
    context.moveTo(x - half, y - half);
    context.lineTo(x + half, y + half);
    context.moveTo(x - half, y + half);
    context.lineTo(x + half, y - half);
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {string} colour
   * @param {number} x in device pixels; all else in pixels
   * @param {number} top
   * @param {number} width
   * @param {number} height
   */
  #rectangle(context, colour, x, top, width, height) {
    const ratio = this.#ratio;
    context.fillStyle = colour;
    context.fillRect(x, Math.round(top * ratio), Math.max(1, Math.round(width * ratio)), Math.round(height * ratio));
  }
}

/**
 * Where a bar stands, in pixels.
 * @param {Mark} mark
 */
function rowOf({ sort, use, row }) {
  if (sort === 'away') return BAND;
  if (sort === 'bar' && use !== 'follow') return POSTS;
  // The first row is the high one: alone it is nearly all there is to see.
  if (row === 0) return { top: BAND.top, height: BAND.height - 2 * (ROWS - 1) * 2 };
  return { top: BAND.top + BAND.height - 4 * (ROWS - row) + 1, height: 3 };
}

/** All strips, and the one frame that draws them. */
export class Strips {
  /** @type {Map<Element, Strip>} */
  #strips = new Map();
  #clock;
  #still = matchMedia('(prefers-reduced-motion: reduce)');
  #sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) this.#strips.get(target)?.resize(contentRect.width);
  });

  /** @param {() => number | undefined} clock the server's */
  constructor(clock) {
    this.#clock = clock;
    for (const query of [matchMedia('(prefers-color-scheme: dark)'), this.#still]) query.addEventListener('change', () => this.stale());
  }

  /**
   * @param {HTMLElement} box
   * @param {HTMLCanvasElement} canvas
   * @param {import('./track.js').Track} track
   */
  add(box, canvas, track) {
    this.#strips.set(box, new Strip(box, canvas, track));
    this.#sizes.observe(box);
    if (this.#strips.size === 1) requestAnimationFrame(this.#frame);
  }

  /** The theme or the tracks are others. */
  stale() {
    for (const strip of this.#strips.values()) strip.stale();
  }

  #frame = () => {
    const now = this.#clock();
    // Stilled, the strip steps once a second instead of moving.
    if (now !== undefined) {
      const shown = this.#still.matches ? Math.floor(now / 1_000) * 1_000 : now;
      for (const strip of this.#strips.values()) strip.draw(shown);
    }
    requestAnimationFrame(this.#frame);
  };
}
