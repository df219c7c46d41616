/** A strip: requests as bars, what passed while they last, and what befell the connections, drawn of a track's marks. */

import { AHEAD_MS, MovingPicture } from './moving.js';
import { ROWS } from './track.js';

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

export class Strip extends MovingPicture {
  #track;
  /** Marks drawn, of all that the track ever had. */
  #drawn = 0;
  /** How far open bars are drawn, in device pixels. @type {Map<Mark, number>} */
  #open = new Map();
  /** Where the last arrow or tick of each sort stands. @type {Map<string, number>} */
  #last = new Map();

  /**
   * @param {HTMLElement} box holds the canvas
   * @param {HTMLCanvasElement} canvas
   * @param {import('./track.js').Track} track
   */
  constructor(box, canvas, track) {
    super(box, canvas, HEIGHT);
    this.#track = track;
  }

  restart() {
    this.#drawn = this.#track.total - this.#track.marks.length;
    this.#open.clear();
    this.#last.clear();
  }

  /**
   * @param {number} now
   * @param {CanvasRenderingContext2D} context
   */
  paint(now, context) {
    for (const [mark, until] of this.#open) if (mark.end !== undefined) this.#finish(mark, until, now, context);
    const { marks, total } = this.#track;
    const fresh = Math.min(total - this.#drawn, marks.length);
    this.#drawn = total;
    for (let index = marks.length - fresh; index < marks.length; index += 1) {
      const mark = marks[index];
      if (mark) this.#begin(mark, context);
    }
    for (const [mark, until] of this.#open) this.#grow(mark, until, now, context);
  }

  /**
   * @param {Mark} mark
   * @param {CanvasRenderingContext2D} context
   */
  #begin(mark, context) {
    const x = this.x(mark.at);
    if (mark.sort === 'bar' || mark.sort === 'away') {
      if (mark.sort === 'bar') this.#edge(mark, x, context);
      this.#open.set(mark, x);
      return;
    }
    const key = `${mark.sort}${mark.row}`;
    if (x - (this.#last.get(key) ?? -Infinity) < NEAR * this.ratio && mark.sort !== 'disturbed') return;
    this.#last.set(key, x);
    if (mark.sort === 'up' || mark.sort === 'down') this.#arrow(mark.sort, x, context);
    else if (mark.sort === 'tick') {
      const { top, height } = rowOf(mark);
      context.globalAlpha = 1;
      this.rectangle(context, this.colours.hue, x, top + height / 4, 1, height / 2);
    } else if (mark.sort === 'attempt') this.rectangle(context, this.colours.text, x, BAND.top - 2, 2, BAND.height + 4);
    else this.#incident(mark, x, context);
  }

  /**
   * An open bar, as far as it goes now and a little further, or to its end.
   * @param {Mark} mark
   * @param {number} until
   * @param {number} now
   * @param {CanvasRenderingContext2D} context
   */
  #grow(mark, until, now, context) {
    const x = this.x(Math.min(mark.end ?? Infinity, now + AHEAD_MS));
    if (x > until) {
      const { top, height } = rowOf(mark);
      context.globalAlpha = mark.sort === 'away' ? 0.28 : mark.use === 'other' ? 0.3 : 0.42;
      context.fillStyle = mark.sort === 'away' ? this.colours.bad : mark.use === 'other' ? this.colours.quiet : this.colours.hue;
      context.fillRect(until, Math.round(top * this.ratio), x - until, Math.round(height * this.ratio));
      context.globalAlpha = 1;
      this.#open.set(mark, x);
    }
    if (mark.end !== undefined) this.#finish(mark, Math.max(x, until), now, context);
  }

  /**
   * Ends a bar whose end is known: what was drawn beyond it goes.
   * @param {Mark} mark
   * @param {number} until
   * @param {number} now
   * @param {CanvasRenderingContext2D} context
   */
  #finish(mark, until, now, context) {
    const end = this.x(mark.end ?? now);
    // Its end lies further on.
    if (end > until) return;
    // A content that follows may move the end on; it is drawn with the next restart.
    this.#open.delete(mark);
    if (end < until) {
      // Away spans all rows.
      if (mark.sort === 'away') return this.stale();
      const { top, height } = rowOf(mark);
      context.clearRect(end, Math.round(top * this.ratio), until - end, Math.round(height * this.ratio));
      for (const [other, drawn] of this.#open) if (rowOf(other).top === top && drawn > end) this.#open.set(other, end);
    }
    if (mark.sort === 'bar') this.#edge(mark, end, context);
  }

  /**
   * The first or last moment of a bar.
   * @param {Mark} mark
   * @param {number} x
   * @param {CanvasRenderingContext2D} context
   */
  #edge(mark, x, context) {
    const { top, height } = rowOf(mark);
    const colour = mark.isFailed ? this.colours.bad : mark.use === 'other' ? this.colours.quiet : this.colours.hue;
    this.rectangle(context, colour, x, top, 2, height);
    if (mark.isFailed) this.#cross(x + this.ratio, (top + height / 2) * this.ratio, context);
  }

  /**
   * @param {'up' | 'down'} sort
   * @param {number} x
   * @param {CanvasRenderingContext2D} context
   */
  #arrow(sort, x, context) {
    const ratio = this.ratio;
    const tip = (sort === 'up' ? UP_TIP : DOWN_TIP) * ratio;
    const foot = tip + (sort === 'up' ? 1 : -1) * ARROW.height * ratio;
    context.fillStyle = this.colours.text;
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
    const ratio = this.ratio;
    if (mark.sort === 'closed') {
      this.#cross(x, (BAND.top + BAND.height / 2) * ratio, context);
      return;
    }
    for (let y = 0; y < HEIGHT; y += 5) this.rectangle(context, this.colours.text, x, y, 1, 3);
    if (mark.sort !== 'disturbed') return;
    const [y, half] = [5 * ratio, 5 * ratio];
    context.fillStyle = this.colours.bad;
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
    const half = 4 * this.ratio;
    context.strokeStyle = this.colours.bad;
    context.lineWidth = 2 * this.ratio;
    context.beginPath();
    context.moveTo(x - half, y - half);
    context.lineTo(x + half, y + half);
    context.moveTo(x - half, y + half);
    context.lineTo(x + half, y - half);
    context.stroke();
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
