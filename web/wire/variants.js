/**
 * The deliberately wrong variants: two servers and one way to try again, each behind a switch, off when the program and
 * the page start. What is on stands in words in each panel that it touches, and goes back with one click.
 */

import { button, made, setText } from '../dom.js';

/** The longest wait for an answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} [transport] whose server it stands in for; without one it is the client's, in all panels
 * @property {string} title
 * @property {string} badge
 * @property {string} wrong
 * @property {string} show
 * @property {string} code the file to read
 */

/** @type {readonly Variant[]} */
export const VARIANTS = [
  {
    name: 'forgets-on-write',
    transport: 'long-polling',
    title: 'Long polling forgets on write',
    badge: 'forgets on write',
    wrong: 'A write answers all who wait and forgets them; who is between two requests never hears of it.',
    show: 'Delay each way 100 ms, speaker 5 a second: about every other one is lost. Without a delay, say something on all five at once.',
    code: 'crates/side-by-side/src/variants/forgets_on_write.rs',
  },
  {
    name: 'drops-the-slow',
    transport: 'tungstenite-websocket',
    title: 'WebSocket drops the slow reader',
    badge: 'drops the slow reader',
    wrong: 'All read one ring of messages; who falls behind loses what is overwritten, and nobody says so.',
    show: 'Client reads 1 KiB/s, speaker 50 a second; after 10 s let the client read at once again: what comes has holes.',
    code: 'crates/side-by-side/src/variants/drops_the_slow.rs',
  },
  {
    name: 'retry-without-jitter',
    title: 'All clients retry without jitter',
    badge: 'retries without jitter',
    wrong: 'After each failure they wait 1 s, all the same 1 s; and what had no answer is posted as if it were new.',
    show: 'Restart, 5 s: the attempts on the strips stand in step. Delay 1 s, say something, and cut three times, 1.5 s apart: it stands there twice. Over HTTP the browser itself asks again after a first cut or two.',
    code: 'web/variants/retry-without-jitter.js',
  },
];

export class Variants {
  element = made('details', 'variants');
  /** Called when another one is on or off. */
  onChange = () => {};
  #summary = made('summary', '');
  #status = made('p', 'disturb-status');
  /** The names of those that are on, as the server told, and the client's. @type {Set<string>} */
  #on = new Set();
  /** @type {Map<string, HTMLInputElement>} */
  #switches = new Map();
  /** The badges of each panel, by transport. @type {Map<string, Map<string, HTMLElement>>} */
  #badges = new Map();
  #onRetry;

  /** @param {(isWrong: boolean) => void} onRetry all panels are to try again so from now on */
  constructor(onRetry) {
    this.#onRetry = onRetry;
    const list = made('div', 'variant-list');
    list.append(...VARIANTS.map((variant) => this.#makeSwitch(variant)));
    this.#status.setAttribute('role', 'status');
    this.element.append(this.#summary, list, this.#status);
    this.#show();
  }

  /** How many are on. */
  get count() {
    return this.#on.size;
  }

  get isRetryWrong() {
    return this.#on.has('retry-without-jitter');
  }

  /**
   * Room for what is wrong in one panel: empty as long as nothing is.
   * @param {string} transport
   */
  badgesOf(transport) {
    const box = made('div', 'badges');
    const badges = new Map();
    for (const variant of VARIANTS) {
      if (variant.transport !== undefined && variant.transport !== transport) continue;
      const badge = made('p', 'badge');
      badge.hidden = true;
      badge.title = variant.wrong;
      const words = made('span', '', `Wrong on purpose: ${variant.badge}`);
      const back = button('put-back', '↺', () => void this.#ask(variant, false));
      back.title = 'Put back';
      back.setAttribute('aria-label', `Put back: ${variant.title}`);
      badge.append(words, back);
      badges.set(variant.name, badge);
      box.append(badge);
    }
    this.#badges.set(transport, badges);
    return box;
  }

  /** @param {import('./protocol.js').Report} report */
  heard({ variants }) {
    if (variants) this.#told(new Set(variants.values()));
  }

  putBack() {
    for (const variant of VARIANTS) if (this.#on.has(variant.name)) void this.#ask(variant, false);
  }

  /** @param {Variant} variant */
  #makeSwitch(variant) {
    const box = made('div', 'variant');
    const label = made('label', '');
    const input = made('input', '');
    input.type = 'checkbox';
    input.setAttribute('role', 'switch');
    input.addEventListener('change', () => {
      const wanted = input.checked;
      // What is shown is what is so.
      input.checked = !wanted;
      void this.#ask(variant, wanted);
    });
    this.#switches.set(variant.name, input);
    label.append(input, variant.title);
    const show = made('p', '', variant.show);
    show.prepend(made('b', '', 'To see it: '));
    box.append(label, made('p', '', variant.wrong), show, made('code', '', variant.code));
    return box;
  }

  /**
   * @param {Variant} variant
   * @param {boolean} isOn
   */
  async #ask({ name, transport }, isOn) {
    setText(this.#status, '');
    if (transport === undefined) {
      if (isOn) this.#on.add(name);
      else this.#on.delete(name);
      this.#onRetry(isOn);
      this.#show();
      return;
    }
    try {
      const response = await fetch(`/wire/variants/${transport}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ variant: isOn ? name : null }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      if (!response.ok) setText(this.#status, `Not done: the server answered ${response.status}.`);
    } catch {
      setText(this.#status, 'The server did not answer.');
    }
  }

  /** @param {Set<string>} names of the servers that are wrong now */
  #told(names) {
    for (const { name, transport } of VARIANTS) {
      if (transport === undefined) continue;
      if (names.has(name)) this.#on.add(name);
      else this.#on.delete(name);
    }
    this.#show();
  }

  #show() {
    const { count } = this;
    setText(this.#summary, count === 0 ? 'Wrong on purpose' : `Wrong on purpose: ${count} on`);
    this.element.classList.toggle('is-on', count > 0);
    for (const [name, input] of this.#switches) input.checked = this.#on.has(name);
    for (const badges of this.#badges.values()) {
      for (const [name, badge] of badges) badge.hidden = !this.#on.has(name);
    }
    this.onChange();
  }
}
