/** What stands under one panel's head: the strip, the plot of delivery times with their mean and the theory's, the figures. */

import { duration } from '../delivery.js';
import { button, made, setText } from '../dom.js';
import { Delays } from './delays.js';
import { Figures } from './figures.js';
import { SHOWN_MS } from './moving.js';
import { Plot, topOf } from './plot.js';
import { Strip } from './strip.js';
import { Tally } from './tally.js';
import { expectedDelay } from './theory.js';
import { Track } from './track.js';

/** Actions on the network after which the theory says nothing, by how the server's note of them begins. */
const ACTIONS = /^(cut|blackhole|restart|served again|your server)/;

/** @typedef {{ name: string, title: string, shortTitle: string }} Named */

/** A line of the plot, its number, and where it was put last. */
class Line {
  line;
  #value = made('b', '', '–');
  #word;
  words = made('span', 'mean-words');

  /**
   * @param {string} name
   * @param {string} word
   */
  constructor(name, word) {
    this.line = made('span', `plot-line ${name}`);
    this.line.hidden = true;
    const sample = made('i', `sample ${name}`);
    sample.setAttribute('aria-hidden', 'true');
    this.#word = word;
    this.words.append(sample, `${this.#word} `, this.#value);
  }

  /**
   * @param {number | undefined} milliseconds
   * @param {number} scale
   * @param {string} why
   */
  show(milliseconds, scale, why) {
    setText(this.#value, milliseconds === 0 ? '0 ms' : duration(milliseconds));
    if (this.words.title !== why) this.words.title = why;
    this.line.hidden = milliseconds === undefined;
    if (milliseconds === undefined) return;
    const moved = `translateY(${topOf(milliseconds, scale).toFixed(1)}px)`;
    if (this.line.style.transform !== moved) this.line.style.transform = moved;
  }
}

export class Instruments {
  of;
  element = made('div', 'instruments');
  track = new Track();
  delays = new Delays();
  figures = new Figures();
  tally;
  /** Its server is wrong on purpose. */
  isWrong = false;
  /** The last unit with chat messages from the server. @type {import('./list.js').Entry | undefined} */
  newest;
  /** The one whose size is shown. @type {import('./list.js').Entry | undefined} */
  sized;
  /** The id of the last event. */
  last = 0;
  /** Whether it was ever connected, so that its figures count. */
  hasBegun = false;
  /** What stands behind this panel, where it is not ours. */
  #server = made('p', 'state own-server');
  #serverWords = made('span', '');
  #strip;
  #plot;
  #mean = new Line('mean', 'mean');
  #theory = new Line('theory', 'theory');
  #scaleWords = made('span', 'plot-scale');
  /** @type {import('./protocol.js').Disturbances} */
  #disturbed = { delay_ms: 0, jitter_ms: 0, bandwidth: 0, slow_reader: 0, fail_share: 0 };
  /** When something was done to the network last, on the server's clock. */
  #actedAt = -Infinity;

  /**
   * @param {Named} of
   * @param {() => void} onOpen
   * @param {import('./moving.js').Pictures} pictures
   * @param {HTMLElement} badges what is wrong on purpose
   * @param {import('./tally.js').Renamed} renamed
   */
  constructor(of, onOpen, pictures, badges, renamed) {
    this.of = of;
    this.tally = new Tally((nonce) => renamed.originalOf(nonce));
    this.figures.element.firstElementChild?.after(this.tally.element);
    const strip = button('strip', '', onOpen);
    strip.setAttribute('aria-label', `${of.title}: the last ${SHOWN_MS / 1_000} seconds on the wire. Opens the wire view`);
    strip.title = 'The last 15 seconds. ▲ a chat message goes up, ▼ one comes down; a bar lasts from a request to the end of its answer; ◆ disturbed, ✕ failed or cut. Below: each delivery is a dot, the higher the later it came. A click opens the wire view.';
    const [window, canvas] = makeWindow('strip-window');
    const [plotWindow, plotCanvas] = makeWindow('strip-window plot-window');
    const lines = made('span', 'plot-lines');
    lines.append(this.#mean.line, this.#theory.line);
    plotWindow.append(lines, this.#scaleWords);
    const axis = made('span', 'strip-axis');
    axis.append(...['−15 s', '−10 s', '−5 s', 'now'].map((text) => made('span', '', text)));
    strip.append(window, plotWindow, axis);
    const means = made('p', 'means');
    means.append(made('span', 'means-title', 'delivery'), this.#mean.words, this.#theory.words);
    this.#server.hidden = true;
    this.#server.title = 'Another program serves this panel. Its log is its own: what is said in the other panels is not in it.';
    const dot = made('span', 'dot');
    dot.setAttribute('aria-hidden', 'true');
    this.#server.append(dot, this.#serverWords);
    this.#server.setAttribute('role', 'status');
    this.element.append(this.#server, badges, strip, means, this.figures.element);
    this.#strip = new Strip(window, canvas, this.track);
    this.#plot = new Plot(plotWindow, plotCanvas, lines, this.delays);
    pictures.add(window, this.#strip);
    pictures.add(plotWindow, this.#plot);
  }

  /**
   * @param {import('./protocol.js').WireEvent} event
   * @returns {number} how many chat messages came down with it
   */
  heard(event) {
    this.last = event.id;
    if (event.kind === 'disturbed' && ACTIONS.test(event.name)) this.#actedAt = Math.max(this.#actedAt, event.at);
    return this.track.add(event);
  }

  /**
   * @param {import('./protocol.js').Disturbances} disturbed
   * @param {number} now
   */
  disturb(disturbed, now) {
    if (Object.entries(disturbed).every(([field, value]) => this.#disturbed[/** @type {keyof typeof disturbed} */ (field)] === value)) return;
    this.#disturbed = disturbed;
    this.delays.begin(now);
  }

  /** @param {boolean} isUp whether the other program that serves this panel is there */
  showServer(isUp) {
    this.#server.hidden = false;
    this.#server.dataset.state = isUp ? 'connected' : 'offline';
    setText(this.#serverWords, isUp ? 'your server runs, with its own log' : 'your server is not there');
  }

  /** @param {number} now */
  countAnew(now) {
    this.figures.reset();
    this.tally.reset();
    this.delays.begin(now);
    this.#actedAt = -Infinity;
  }

  /** The server's clock, or the server, is another one. */
  clear() {
    this.track.clear();
    this.delays.clear();
    this.#actedAt = -Infinity;
    for (const picture of [this.#strip, this.#plot]) picture.stale();
  }

  /**
   * What theory expects now.
   * @param {number} now
   * @returns {import('./theory.js').Expected}
   */
  expected(now) {
    if (this.isWrong) return { why: 'Theory says nothing about a server that is wrong on purpose.' };
    if (this.#actedAt >= this.delays.since) return { why: 'Theory says nothing about connections that are cut, held or away. "Count anew" begins the mean and the theory again.' };
    return expectedDelay(this.of.name, this.#disturbed, this.delays.perSecond(now));
  }

  /**
   * The longest that the plot is to show, in milliseconds.
   * @param {number} now
   */
  longest(now) {
    this.delays.forget(now);
    return Math.max(this.delays.longest, this.delays.mean ?? 0, this.expected(now).milliseconds ?? 0);
  }

  /**
   * @param {number} now
   * @param {number} scale of all plots, in milliseconds
   */
  showDelays(now, scale) {
    const { mean, count } = this.delays;
    const { milliseconds, why } = this.expected(now);
    this.#mean.show(mean, scale, `The mean delivery time, from the log to this page, of ${count.toLocaleString('en')} messages: all since the disturbances last changed or counting began.`);
    this.#theory.show(milliseconds, scale, why);
    this.#plot.setScale(scale);
    setText(this.#scaleWords, scale >= 1_000 ? `${scale / 1_000} s` : `${scale} ms`);
  }
}

/**
 * @param {string} className
 * @returns {[HTMLElement, HTMLCanvasElement]}
 */
function makeWindow(className) {
  const window = made('span', className);
  const canvas = made('canvas', '');
  canvas.setAttribute('aria-hidden', 'true');
  window.append(canvas);
  return [window, canvas];
}
