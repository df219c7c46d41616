/**
 * The wire in the side-by-side page: a strip and figures in each panel, the wire view and the disturbances. All of it
 * comes up with the server's first report, and a server without taps has none of it.
 */

import { button, made, setText } from '../dom.js';
import { DisturbPanel } from './disturb.js';
import { Figures } from './figures.js';
import { WireSource } from './source.js';
import { SHOWN_MS, Strips } from './strip.js';
import { Renamed, Tally } from './tally.js';
import { Track } from './track.js';
import { Variants } from './variants.js';
import { fetchUnit, WireView } from './view.js';

/** From one showing of the figures to the next, in milliseconds. */
const FIGURES_MS = 250;
/** From one look at the size of a panel's last message to the next, in milliseconds. */
const SIZES_MS = 2_000;
/** Narrower than this the wire view would cover the disturbances. */
const NARROW = matchMedia('(width < 900px)');

/** @typedef {{ name: string, title: string, shortTitle: string }} Named */

/**
 * What stands in one panel.
 * @typedef {object} Instruments
 * @property {Named} of
 * @property {HTMLElement} element
 * @property {Track} track
 * @property {Figures} figures
 * @property {Tally} tally
 * @property {number} newest the id of the last unit with chat messages
 * @property {number} sized the one whose size is shown
 * @property {number} last the id of the last event
 * @property {boolean} hasBegun whether it was ever connected, so that its figures count
 */

export class Wire {
  /** @type {Map<string, Instruments>} */
  #instruments = new Map();
  #source;
  #strips;
  #view;
  #disturb;
  #variants;
  #renamed = new Renamed();
  /** The page's controls, for its head. */
  controls = made('div', 'wire-controls');
  #isUp = false;
  #heardAt = 0;
  #onUp;
  #viewButton = button('', 'Wire', () => (this.#view.isOpen ? this.#view.close() : this.#view.open()));
  #disturbButton = button('', 'Disturb', () => this.#toggleDisturb());

  /**
   * @param {Named[]} transports
   * @param {() => void} onUp the server tells of its wire
   * @param {(isWrong: boolean) => void} onRetry all panels are to try again in the right way, or in the wrong one
   */
  constructor(transports, onUp, onRetry) {
    this.#onUp = onUp;
    this.#variants = new Variants(onRetry);
    const titles = new Map(transports.map(({ name, title }) => [name, title]));
    this.#source = new WireSource((report) => this.#heard(report), () => this.#lost());
    this.#strips = new Strips(() => this.#source.now);
    this.#view = new WireView(titles, (isOpen) => {
      this.#viewButton.setAttribute('aria-expanded', String(isOpen));
      document.documentElement.classList.toggle('has-drawer', isOpen);
      if (isOpen && NARROW.matches) this.#showDisturb(false);
      if (!isOpen) this.#viewButton.focus();
    });
    this.#disturb = new DisturbPanel(titles, this.#variants, (count) => {
      setText(this.#disturbButton, count === 0 ? 'Disturb' : `Disturb: ${count} on`);
      this.#disturbButton.classList.toggle('is-on', count > 0);
    });
    for (const of of transports) this.#instruments.set(of.name, this.#make(of));
    for (const [control, of] of /** @type {const} */ ([[this.#viewButton, this.#view], [this.#disturbButton, this.#disturb]])) {
      control.setAttribute('aria-expanded', 'false');
      control.setAttribute('aria-controls', of.element.id);
    }
    const anew = button('', 'Count anew', () => this.countAnew());
    anew.title = 'Begins all figures from here.';
    this.controls.append(this.#viewButton, this.#disturbButton, anew);
    this.controls.hidden = true;
  }

  get isUp() {
    return this.#isUp;
  }

  get isRetryWrong() {
    return this.#variants.isRetryWrong;
  }

  get drawer() {
    return this.#view.element;
  }

  get disturbances() {
    return this.#disturb.element;
  }

  /** Done when what connects from now on is on the wire. */
  start() {
    this.#source.start();
    setInterval(() => this.#showFigures(), FIGURES_MS);
    setInterval(() => void this.#showSizes(), SIZES_MS);
    return this.#source.settled;
  }

  /** @param {string} name of a transport */
  elementOf(name) {
    return this.#instruments.get(name)?.element;
  }

  /** The theme is another one. */
  themed() {
    this.#strips.stale();
  }

  countAnew() {
    for (const { figures, tally } of this.#instruments.values()) {
      figures.reset();
      tally.reset();
    }
    this.#showFigures();
  }

  /**
   * @param {string} name
   * @param {number} id of the message
   * @param {number} milliseconds
   */
  delivered(name, id, milliseconds) {
    this.#instruments.get(name)?.figures.delivered(id, milliseconds);
  }

  /**
   * A panel was given a batch.
   * @param {string} name
   * @param {Parameters<Tally['given']>[0]} batch
   */
  given(name, batch) {
    this.#instruments.get(name)?.tally.given(batch);
  }

  /**
   * A client posts a draft again under another nonce.
   * @param {string} before
   * @param {string} nonce
   */
  renamed(before, nonce) {
    this.#renamed.add(before, nonce);
  }

  /**
   * A panel connects.
   * @param {string} name
   */
  attempted(name) {
    const now = this.#source.now;
    if (now !== undefined) this.#instruments.get(name)?.track.attempted(now);
  }

  /**
   * A panel has, or lost, its connection.
   * @param {string} name
   * @param {boolean} isConnected
   * @param {boolean} wasConnected
   */
  state(name, isConnected, wasConnected) {
    const panel = this.#instruments.get(name);
    const now = this.#source.now;
    if (wasConnected && !isConnected) panel?.figures.reconnected();
    if (isConnected && panel && !panel.hasBegun) {
      panel.hasBegun = true;
      panel.figures.begin();
    }
    // What was never connected is not away.
    if (now !== undefined && (isConnected || wasConnected)) panel?.track.setAway(!isConnected, now);
  }

  /**
   * @param {Named} of
   * @returns {Instruments}
   */
  #make(of) {
    const element = made('div', 'instruments');
    const strip = button('strip', '', () => this.#view.open(of.name));
    strip.setAttribute('aria-label', `${of.title}: the last ${SHOWN_MS / 1_000} seconds on the wire. Opens the wire view`);
    strip.title = 'The last 15 seconds. ▲ a chat message goes up, ▼ one comes down; a bar lasts from a request to the end of its answer; ◆ disturbed, ✕ failed or cut. A click opens the wire view.';
    const window = made('span', 'strip-window');
    const canvas = made('canvas', '');
    canvas.setAttribute('aria-hidden', 'true');
    window.append(canvas);
    const axis = made('span', 'strip-axis');
    axis.append(...['−15 s', '−10 s', '−5 s', 'now'].map((text) => made('span', '', text)));
    strip.append(window, axis);
    const track = new Track();
    const figures = new Figures();
    const tally = new Tally((nonce) => this.#renamed.originalOf(nonce));
    figures.element.firstElementChild?.after(tally.element);
    element.append(this.#variants.badgesOf(of.name), strip, figures.element);
    this.#strips.add(window, canvas, track);
    return { of, element, track, figures, tally, newest: 0, sized: 0, last: 0, hasBegun: false };
  }

  /** @param {import('./protocol.js').Report} report */
  #heard(report) {
    if (!this.#isUp) {
      this.#isUp = true;
      this.controls.hidden = false;
      this.#onUp();
    }
    this.#disturb.heard(report);
    this.#variants.heard(report);
    // A server that was started again has another clock, and numbers its events anew.
    if (report.now < this.#heardAt) for (const panel of this.#instruments.values()) panel.last = 0;
    this.#heardAt = report.now;
    /** @type {import('./list.js').Entry[]} */
    const entries = [];
    for (const [name, { counts, events, missed }] of report.transports) {
      const panel = this.#instruments.get(name);
      if (!panel) continue;
      let messages = 0;
      if (missed > 0) panel.track.missed(missed, events[0]?.at ?? report.now);
      for (const event of events) {
        // A source that was lost may tell again what it told.
        if (event.id <= panel.last) continue;
        panel.last = event.id;
        messages += panel.track.add(event);
        if (event.carries && event.from === 'server') panel.newest = event.id;
        entries.push({ ...event, transport: name, title: panel.of.shortTitle });
      }
      panel.track.forget(report.now);
      panel.figures.counted(counts, messages);
    }
    entries.sort((one, other) => one.at - other.at);
    if (entries.length > 0) this.#view.add(entries);
  }

  /** Nothing is heard: what was on the strips may be of another clock than what comes. */
  #lost() {
    for (const { track } of this.#instruments.values()) track.clear();
    this.#strips.stale();
  }

  #showFigures() {
    if (!this.#isUp || document.hidden) return;
    const all = [...this.#instruments.values()];
    const most = Math.max(...all.map(({ figures }) => figures.most));
    for (const { figures, tally } of all) {
      figures.show(this.#source.now, most);
      tally.show();
    }
  }

  async #showSizes() {
    if (!this.#isUp || document.hidden) return;
    for (const panel of this.#instruments.values()) {
      if (panel.newest === panel.sized) continue;
      panel.sized = panel.newest;
      const unit = await fetchUnit(panel.of.name, panel.newest);
      if (typeof unit !== 'string') panel.figures.sized(unit.octets.length, unit.expected);
    }
  }

  #toggleDisturb() {
    const isShown = Boolean(this.#disturb.element.hidden);
    if (isShown && NARROW.matches && this.#view.isOpen) this.#view.close();
    this.#showDisturb(isShown);
    if (isShown) this.#disturb.element.querySelector('select')?.focus();
  }

  /** @param {boolean} isShown */
  #showDisturb(isShown) {
    this.#disturb.element.hidden = !isShown;
    this.#disturbButton.setAttribute('aria-expanded', String(isShown));
  }
}
