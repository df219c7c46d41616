/** A panel's delivery times on the strip's own axis: a dot a delivery, and two lines, the measured mean and the theory's. */

import { MovingPicture, SHOWN_MS } from './moving.js';

/** Its height, in pixels. */
export const PLOT_HEIGHT = 56;
/** A dot's side, and what is left free at the top and the bottom for it, in pixels. */
const DOT = 3;
/** The least scale, in milliseconds. */
const MIN_SCALE_MS = 10;

export class Plot extends MovingPicture {
  #delays;
  #scale = MIN_SCALE_MS;
  #drawn = 0;
  #lines;
  /** When the lines begin. */
  #since = NaN;

  /**
   * @param {HTMLElement} box
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} lines what begins where the conditions changed
   * @param {import('./delays.js').Delays} delays
   */
  constructor(box, canvas, lines, delays) {
    super(box, canvas, PLOT_HEIGHT);
    this.#lines = lines;
    this.#delays = delays;
  }

  /** @param {number} scale milliseconds at the top */
  setScale(scale) {
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.stale();
  }

  restart() {
    this.#drawn = this.#delays.total - this.#delays.dots.length;
  }

  /**
   * @param {number} now
   * @param {CanvasRenderingContext2D} context
   */
  paint(now, context) {
    const { dots, total, since } = this.#delays;
    const fresh = Math.min(total - this.#drawn, dots.length);
    this.#drawn = total;
    context.globalAlpha = 0.8;
    for (let index = dots.length - fresh; index < dots.length; index += 1) {
      const dot = dots[index];
      if (dot) this.rectangle(context, this.colours.hue, this.x(dot.at) - Math.round((DOT * this.ratio) / 2), topOf(dot.milliseconds, this.#scale) - DOT / 2, DOT, DOT);
    }
    if (since !== this.#since) this.#beginLines(since, now);
  }

  /**
   * The lines come in from the right, as what they are about does.
   * @param {number} since
   * @param {number} now
   */
  #beginLines(since, now) {
    this.#since = since;
    for (const before of this.#lines.getAnimations()) before.cancel();
    const motion = this.#lines.animate([{ transform: 'translateX(100%)' }, { transform: 'none' }], { duration: SHOWN_MS });
    motion.startTime = performance.now() - (now - since);
  }
}

/**
 * Where a delivery time stands, in pixels from the top.
 * @param {number} milliseconds
 * @param {number} scale
 */
export function topOf(milliseconds, scale) {
  return PLOT_HEIGHT - DOT / 2 - (Math.min(milliseconds, scale) / scale) * (PLOT_HEIGHT - DOT);
}

/**
 * The scale for all panels, a round number. It grows at once, and shrinks only where that leaves room,
 * so that it does not go to and fro.
 * @param {number} longest milliseconds
 * @param {number} before the scale of before
 */
export function scaleFor(longest, before) {
  // With room for the scale's own word.
  const scale = niceAbove(longest * 1.05);
  return scale < before && niceAbove(longest * 1.2) >= before ? before : scale;
}

/** @param {number} longest */
function niceAbove(longest) {
  const least = Math.max(longest, MIN_SCALE_MS);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 1.5, 2, 3, 5, 7, 10].map((step) => step * power).find((scale) => scale >= least) ?? least;
}
