/**
 * The wire in the side-by-side page: a strip and figures in each panel, the wire view and the disturbances. All of it
 * comes up with the server's first report, and a server without taps has none of it.
 */

import { now } from '../delivery.js';
import { button, made, setText } from '../dom.js';
import { DisturbPanel } from './disturb.js';
import { Instruments } from './instruments.js';
import { Pictures } from './moving.js';
import { expectedOf } from './parts.js';
import { scaleFor } from './plot.js';
import { WireSource } from './source.js';
import { Renamed } from './tally.js';
import { Variants } from './variants.js';
import { fetchUnit, WireView } from './view.js';

/** From one showing of the figures to the next, in milliseconds. */
const FIGURES_MS = 250;
/** From one look at the size of a panel's last message to the next, in milliseconds. */
const SIZES_MS = 2_000;
/** Narrower than this the wire view would cover the disturbances. */
const NARROW = matchMedia('(width < 900px)');

/** @typedef {import('./instruments.js').Named} Named */

export class Wire {
  /** @type {Map<string, Instruments>} */
  #instruments = new Map();
  #source;
  #pictures;
  #view;
  #disturb;
  #variants;
  #renamed = new Renamed();
  /** The page's controls, for its head. */
  controls = made('div', 'wire-controls');
  #isUp = false;
  #heardAt = 0;
  #speaker = 0;
  /** Of all plots, in milliseconds. */
  #scale = 0;
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
    this.#pictures = new Pictures(() => this.#source.now);
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
    for (const of of transports) this.#instruments.set(of.name, new Instruments(of, () => this.#view.open(of.name), this.#pictures, this.#variants.badgesOf(of.name), this.#renamed));
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
    this.#pictures.start();
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
    this.#pictures.stale();
  }

  countAnew() {
    for (const panel of this.#instruments.values()) panel.countAnew(this.#source.now ?? 0);
    this.#showFigures();
  }

  /**
   * A message came to a panel.
   * @param {string} name
   * @param {import('../frame-channel.js').Timed} timed
   */
  delivered(name, { id, at, milliseconds, isFromLog }) {
    const panel = this.#instruments.get(name);
    panel?.figures.delivered(id, milliseconds);
    const ago = now() - at;
    const clock = this.#source.now;
    if (isFromLog && clock !== undefined) panel?.delays.add(clock - ago, milliseconds);
  }

  /**
   * Somebody wants to see the bytes of a message.
   * @param {string} name of the transport whose panel it is in
   * @param {import('../frame-channel.js').WireWish} wish
   */
  openMessage(name, wish) {
    const clock = this.#source.now;
    if (clock !== undefined) this.#view.openMessage(name, wish, clock - (now() - wish.at));
  }

  /**
   * A panel was given a batch.
   * @param {string} name
   * @param {Parameters<import('./tally.js').Tally['given']>[0]} batch
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
    const clock = this.#source.now;
    if (clock !== undefined) this.#instruments.get(name)?.track.attempted(clock);
  }

  /**
   * A panel has, or lost, its connection.
   * @param {string} name
   * @param {boolean} isConnected
   * @param {boolean} wasConnected
   */
  state(name, isConnected, wasConnected) {
    const panel = this.#instruments.get(name);
    const clock = this.#source.now;
    if (wasConnected && !isConnected) panel?.figures.reconnected();
    if (isConnected && panel && !panel.hasBegun) {
      panel.hasBegun = true;
      panel.figures.begin();
      panel.delays.begin(clock ?? 0);
    }
    // What was never connected is not away.
    if (clock !== undefined && (isConnected || wasConnected)) panel?.track.setAway(!isConnected, clock);
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
    if (report.variants) for (const [name, panel] of this.#instruments) panel.isWrong = report.variants.has(name);
    for (const [name, isUp] of report.panels ?? []) this.#instruments.get(name)?.showServer(isUp);
    for (const [name, disturbed] of report.disturbances ?? []) this.#instruments.get(name)?.disturb(disturbed, report.now);
    // The rate is a condition of all.
    if (report.speaker !== undefined && report.speaker !== this.#speaker) {
      this.#speaker = report.speaker;
      for (const panel of this.#instruments.values()) panel.delays.begin(report.now);
    }
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
        messages += panel.heard(event);
        const entry = { ...event, transport: name, title: panel.of.shortTitle };
        if (event.carries && event.from === 'server') panel.newest = entry;
        entries.push(entry);
      }
      panel.track.forget(report.now);
      panel.figures.counted(counts, messages);
    }
    entries.sort((one, other) => one.at - other.at);
    if (entries.length > 0) this.#view.add(entries);
  }

  /** Nothing is heard: what was on the strips may be of another clock than what comes. */
  #lost() {
    for (const panel of this.#instruments.values()) panel.clear();
  }

  #showFigures() {
    if (!this.#isUp || document.hidden) return;
    const all = [...this.#instruments.values()];
    const most = Math.max(...all.map(({ figures }) => figures.most));
    const clock = this.#source.now;
    for (const { figures, tally } of all) {
      figures.show(clock, most);
      tally.show();
    }
    if (clock === undefined) return;
    this.#scale = scaleFor(Math.max(...all.map((panel) => panel.longest(clock))), this.#scale);
    for (const panel of all) panel.showDelays(clock, this.#scale);
  }

  async #showSizes() {
    if (!this.#isUp || document.hidden) return;
    for (const panel of this.#instruments.values()) {
      const { newest } = panel;
      if (!newest || newest === panel.sized) continue;
      panel.sized = newest;
      const entries = this.#view.unitsOf(newest);
      const units = await Promise.all(entries.map(({ id }) => fetchUnit(panel.of.name, id)));
      let [measured, expected, why] = [0, 0, ''];
      for (const unit of units) {
        if (typeof unit === 'string') continue;
        const by = expectedOf(unit);
        measured += unit.octets.length;
        expected += by?.octets ?? unit.octets.length;
        why = by?.why ?? why;
      }
      // What is no longer kept in part is not measured.
      if (units.every((unit) => typeof unit !== 'string')) panel.figures.sized(units.length, measured, expected, why);
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
