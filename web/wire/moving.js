/**
 * Pictures of the last 15 seconds that move.
 *
 * A canvas is twice as wide as what is seen of it. A mark is painted once, where its time is, a few times a second; what
 * moves the canvas is an animation that the browser's compositor runs by itself, a step a pixel, so that moving costs the
 * page's own thread nothing. What lasts is painted a little into the future, which is out of sight. Only when the canvas
 * has been moved through, or its size, scale or colours change, is it painted anew.
 */

/** What is seen, in milliseconds. */
export const SHOWN_MS = 15_000;
/** From one painting to the next, in milliseconds. */
const PAINT_MS = 100;
/** So far into the future is painted what lasts, in milliseconds: the next painting may be late. */
export const AHEAD_MS = 500;
/** A clock that is off by more, in milliseconds, is set right: less than a pixel. */
const CLOCK_OFF_MS = 20;

export class MovingPicture {
  #box;
  #canvas;
  #height;
  #width = 0;
  /** The time at the canvas's left edge. */
  #origin = 0;
  #isStale = true;
  /** @type {Animation | undefined} */
  #motion;
  /** Device pixels a pixel. */
  ratio = 1;
  /** @protected */
  context;
  /** @protected */
  colours = { hue: '', text: '', bad: '', quiet: '' };

  /**
   * @param {HTMLElement} box holds the canvas; its colours and those of its borders are what is painted with
   * @param {HTMLCanvasElement} canvas
   * @param {number} height in pixels
   */
  constructor(box, canvas, height) {
    this.#box = box;
    this.#canvas = canvas;
    this.#height = height;
    this.context = canvas.getContext('2d');
  }

  /** @param {number} width of what is seen, in pixels */
  resize(width) {
    this.ratio = devicePixelRatio;
    this.#width = Math.round(width * this.ratio);
    this.#canvas.width = 2 * this.#width;
    this.#canvas.height = Math.round(this.#height * this.ratio);
    this.#canvas.style.width = `${(2 * this.#width) / this.ratio}px`;
    this.#canvas.style.height = `${this.#height}px`;
    this.stale();
  }

  /** Paints all anew the next time. */
  stale() {
    this.#isStale = true;
  }

  /**
   * @param {number} now on the server's clock
   * @param {boolean} moves by itself from here on
   */
  draw(now, moves) {
    const context = this.context;
    // Out of sight it has no width.
    if (!context || this.#width === 0) return;
    if (this.#isStale || now + AHEAD_MS > this.#origin + 2 * SHOWN_MS || now < this.#origin + SHOWN_MS) {
      if (this.#isStale) this.#readColours();
      this.#isStale = false;
      this.#origin = now - SHOWN_MS;
      context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
      this.restart();
    }
    this.paint(now, context);
    this.#move(now - this.#origin - SHOWN_MS, moves);
  }

  /**
   * @param {number} elapsed since the canvas was begun
   * @param {boolean} moves
   */
  #move(elapsed, moves) {
    const end = `translateX(${-this.#width / this.ratio}px)`;
    if (!moves) {
      this.#motion?.cancel();
      this.#motion = undefined;
      this.#canvas.style.transform = `translateX(${-Math.round((elapsed / SHOWN_MS) * this.#width) / this.ratio}px)`;
      return;
    }
    const start = performance.now() - elapsed;
    const motion = this.#motion;
    if (motion?.id === end && Math.abs(Number(motion.startTime) - start) < CLOCK_OFF_MS) return;
    if (motion?.id !== end) {
      motion?.cancel();
      this.#motion = this.#canvas.animate([{ transform: 'translateX(0)' }, { transform: end }], { id: end, duration: SHOWN_MS, fill: 'forwards', easing: `steps(${this.#width})` });
    }
    // With a start of its own it does not wait for the compositor to be ready.
    if (this.#motion) this.#motion.startTime = start;
  }

  #readColours() {
    const style = getComputedStyle(this.#box);
    this.colours = { hue: style.getPropertyValue('--hue').trim(), text: style.color, bad: style.borderTopColor, quiet: style.borderBottomColor };
  }

  /** The canvas is empty: all is to be painted again. */
  restart() {}

  /**
   * Paints what is new.
   * @param {number} _now
   * @param {CanvasRenderingContext2D} _context
   */
  paint(_now, _context) {}

  /**
   * Where a time is on the canvas, in device pixels.
   * @protected
   * @param {number} at
   */
  x(at) {
    return Math.round(((at - this.#origin) / SHOWN_MS) * this.#width);
  }

  /**
   * @protected
   * @param {CanvasRenderingContext2D} context
   * @param {string} colour
   * @param {number} x in device pixels; all else in pixels
   * @param {number} top
   * @param {number} width
   * @param {number} height
   */
  rectangle(context, colour, x, top, width, height) {
    context.fillStyle = colour;
    context.fillRect(x, Math.round(top * this.ratio), Math.max(1, Math.round(width * this.ratio)), Math.round(height * this.ratio));
  }
}

/** All pictures, and the one timer that paints them. */
export class Pictures {
  /** @type {Map<Element, MovingPicture>} */
  #pictures = new Map();
  #clock;
  #still = matchMedia('(prefers-reduced-motion: reduce)');
  /** What is shown where motion is not wanted: the second. */
  #second = NaN;
  #sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) this.#pictures.get(target)?.resize(contentRect.width);
  });

  /** @param {() => number | undefined} clock the server's */
  constructor(clock) {
    this.#clock = clock;
    for (const query of [matchMedia('(prefers-color-scheme: dark)'), this.#still]) query.addEventListener('change', () => this.stale());
  }

  start() {
    setInterval(() => this.#draw(), PAINT_MS);
  }

  /**
   * @param {HTMLElement} box
   * @param {MovingPicture} picture within it
   */
  add(box, picture) {
    this.#pictures.set(box, picture);
    this.#sizes.observe(box);
  }

  /** The theme or what is shown is another one. */
  stale() {
    this.#second = NaN;
    for (const picture of this.#pictures.values()) picture.stale();
  }

  #draw() {
    const now = this.#clock();
    if (now === undefined || document.hidden) return;
    const isStill = this.#still.matches;
    const second = Math.floor(now / 1_000);
    // Stilled, they step once a second.
    if (isStill && second === this.#second) return;
    this.#second = second;
    for (const picture of this.#pictures.values()) picture.draw(isStill ? second * 1_000 : now, !isStill);
  }
}
