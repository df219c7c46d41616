/** The wire view: a drawer from below. On the left what passes, live; on the right the chosen unit, byte by byte. */

import { button, made, setText } from '../dom.js';
import { exchangeOf, journeyOf } from './journey.js';
import { EventList } from './list.js';
import { MessageBar } from './message-bar.js';
import { readUnit } from './protocol.js';
import { UnitView } from './unit.js';

/** The longest wait for a unit, in milliseconds. */
const ANSWER_TIMEOUT_MS = 3_000;

/** So long is looked for more of a message's units, in milliseconds: its post may be answered after it was delivered. */
const SEEK_MS = 2_000;

/** @typedef {import('./list.js').Entry} Entry */

/** Kinds that stand together in the filter, beside those seen. */
const ALL = '';
const CHAT = 'chat messages';
/** So long stands at least what came of a click, in milliseconds. */
const SAID_MS = 2_000;

export class WireView {
  element = made('section', 'wire-view');
  #list;
  #unit = new UnitView();
  #message = new MessageBar((entry) => this.#choose(entry));
  #transports = made('select', '');
  #kinds = made('select', '');
  #pause;
  #copy;
  #save = made('a', 'button');
  #status = made('p', 'wire-status');
  #saidUntil = 0;
  /** @type {Set<string>} */
  #known = new Set();
  #titles;
  #onToggle;
  /** @type {AbortController | undefined} */
  #asking;
  /** The message that somebody wants to see. @type {{ transport: string, wish: import('../frame-channel.js').WireWish, shownAt: number, until: number, units: number } | undefined} */
  #sought;

  /**
   * @param {ReadonlyMap<string, string>} titles of the transports
   * @param {(isOpen: boolean) => void} onToggle
   */
  constructor(titles, onToggle) {
    this.#titles = titles;
    this.#onToggle = onToggle;
    this.#list = new EventList((entry) => void this.#ask(entry), (isLive, newer) => this.#showLive(isLive, newer));
    this.#pause = button('', 'Pause', () => this.#list.setLive(!this.#list.isLive));
    this.#copy = button('', 'Copy', () => void this.#copyUnit());
    this.#make();
  }

  #make() {
    const { element } = this;
    element.id = 'wire-view';
    element.hidden = true;
    element.setAttribute('aria-label', 'Wire view');
    const bar = made('div', 'wire-bar');
    const close = button('wire-close', 'Close', () => this.close());
    this.#transports.append(new Option('all transports', ALL), ...[...this.#titles].map(([name, title]) => new Option(title, name)));
    this.#kinds.append(new Option('all kinds', ALL), new Option('with chat messages', CHAT));
    for (const select of [this.#transports, this.#kinds]) select.addEventListener('change', () => this.#filter());
    this.#transports.setAttribute('aria-label', 'Transport');
    this.#kinds.setAttribute('aria-label', 'Kind');
    this.#status.setAttribute('role', 'status');
    this.#save.setAttribute('download', '');
    bar.append(made('h2', '', 'Wire'), this.#transports, this.#kinds, this.#pause, this.#copy, this.#save, this.#status, close);
    const body = made('div', 'wire-body');
    body.append(this.#list.element, this.#unit.element);
    element.append(bar, this.#message.element, body);
    element.addEventListener('keydown', (event) => event.key === 'Escape' && this.close());
    this.#copy.disabled = true;
    this.#showSave();
    this.#showLive(true, 0);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** @param {string} [transport] the only one to show */
  open(transport) {
    if (transport !== undefined) {
      this.#transports.value = transport;
      this.#filter();
    }
    if (this.element.hidden) {
      this.element.hidden = false;
      this.#onToggle(true);
    }
    this.#list.shown();
    this.#list.element.focus({ preventScroll: true });
  }

  /**
   * Shows one chat message: its post, if it was posted from this browser lately, else its delivery.
   * @param {string} transport whose panel it is in
   * @param {import('../frame-channel.js').WireWish} wish
   * @param {number} shownAt when it was shown there, on the server's clock
   */
  openMessage(transport, wish, shownAt) {
    this.#kinds.value = ALL;
    this.open(transport);
    this.#unit.clear('The bytes of this message are kept no longer: newer ones have taken their place.');
    this.#message.close();
    this.#sought = { transport, wish, shownAt, until: performance.now() + SEEK_MS, units: -1 };
    this.#seek();
  }

  /** Finds the message's units. What has just passed may be told of a moment later, so it is looked for again then. */
  #seek() {
    const sought = this.#sought;
    if (!sought) return;
    const { transport, wish, shownAt, until } = sought;
    const { posted, delivered } = journeyOf(this.#list.entries, transport, wish, shownAt);
    const units = (posted?.units.length ?? 0) + (delivered?.units.length ?? 0);
    if (performance.now() > until) this.#sought = undefined;
    if (units === sought.units) return;
    sought.units = units;
    this.#message.show({ posted, delivered }, wish, this.#titles.get(transport) ?? transport);
    const first = posted?.carrier.transport === transport ? posted : (delivered ?? posted);
    const chosen = this.#list.chosen;
    if (chosen && [posted, delivered].some((leg) => leg?.units.includes(chosen)) && first?.carrier !== chosen) this.#message.mark(chosen);
    else if (first) this.#choose(first.carrier);
  }

  /**
   * The units of the exchange that a unit with chat messages belongs to.
   * @param {Entry} carrier
   */
  unitsOf(carrier) {
    return exchangeOf(this.#list.entries, carrier).units;
  }

  /**
   * Chooses a unit of whichever transport.
   * @param {Entry} entry
   */
  #choose(entry) {
    if (this.#transports.value !== ALL && this.#transports.value !== entry.transport) {
      this.#transports.value = entry.transport;
      this.#filter();
    }
    this.#list.choose(entry);
  }

  close() {
    this.element.hidden = true;
    this.#sought = undefined;
    this.#message.close();
    this.#onToggle(false);
  }

  /** @param {Entry[]} entries */
  add(entries) {
    for (const { kind } of entries) {
      if (kind === '' || this.#known.has(kind)) continue;
      this.#known.add(kind);
      this.#kinds.append(new Option(kind, kind));
    }
    // Closed, it keeps what came, and draws nothing.
    this.#list.add(entries);
    this.#seek();
  }

  #filter() {
    const [transport, kind] = [this.#transports.value, this.#kinds.value];
    this.#list.setFilter((entry) => (transport === ALL || entry.transport === transport) && (kind === ALL || (kind === CHAT ? entry.carries : entry.kind === kind)));
    this.#showSave();
  }

  /**
   * @param {boolean} isLive
   * @param {number} newer
   */
  #showLive(isLive, newer) {
    const isNews = this.element.dataset.live !== String(isLive);
    this.element.dataset.live = String(isLive);
    setText(this.#pause, isLive ? 'Pause' : 'Go on');
    const words = newer === 0 ? 'Paused' : `Paused; ${newer.toLocaleString('en')} more ${newer === 1 ? 'has' : 'have'} passed`;
    if (isNews || performance.now() >= this.#saidUntil) setText(this.#status, isLive ? 'Live' : words);
  }

  /**
   * Says what came of a click, and leaves it there to be read.
   * @param {string} words
   */
  #say(words) {
    this.#saidUntil = performance.now() + SAID_MS;
    setText(this.#status, words);
  }

  /** A capture is one transport's: that of the filter, or of the chosen unit. */
  #showSave() {
    const transport = this.#transports.value || this.#list.chosen?.transport;
    setText(this.#save, transport === undefined ? 'Save .pcapng' : `Save ${transport}.pcapng`);
    if (transport === undefined) {
      this.#save.removeAttribute('href');
      this.#save.setAttribute('aria-disabled', 'true');
      this.#save.setAttribute('role', 'link');
      this.#save.title = 'A capture is of one transport: choose one, or a line of it.';
      return;
    }
    this.#save.href = `/wire/capture/${encodeURIComponent(transport)}.pcapng`;
    this.#save.removeAttribute('aria-disabled');
    this.#save.removeAttribute('role');
    this.#save.title = 'What is kept of this transport, for Wireshark';
  }

  /** @param {Entry} entry */
  async #ask(entry) {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#showSave();
    this.#message.mark(entry);
    const answer = entry.octets === 0 ? entry.name : await fetchUnit(entry.transport, entry.id, asking.signal);
    if (asking.signal.aborted) return;
    if (typeof answer === 'string') this.#unit.clear(answer);
    else this.#unit.show(answer, entry, this.#message.id);
    this.#copy.disabled = this.#unit.unit === undefined;
  }

  async #copyUnit() {
    try {
      await navigator.clipboard.writeText(this.#unit.copied());
      this.#say('Copied');
    } catch {
      this.#say('The browser lets this page copy nothing.');
    }
  }
}

/**
 * @param {string} transport
 * @param {number} id
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./protocol.js').Unit | string>} or why there is none, as a sentence
 */
export async function fetchUnit(transport, id, signal) {
  const signals = [AbortSignal.timeout(ANSWER_TIMEOUT_MS), ...(signal ? [signal] : [])];
  try {
    const response = await fetch(`/wire/units/${encodeURIComponent(transport)}/${id}`, { cache: 'no-store', signal: AbortSignal.any(signals) });
    if (response.status === 404) return 'Its bytes are kept no longer: newer ones have taken their place.';
    const unit = response.ok ? readUnit(await response.json()) : undefined;
    return unit ?? `The server answered ${response.status}, and not with a unit.`;
  } catch {
    return 'The server did not answer.';
  }
}
