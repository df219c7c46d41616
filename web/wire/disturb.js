/**
 * The disturbances: one row of controls that make the network worse, for all transports or for one. What is on says so,
 * and goes back with one click. What is shown is what the server told, never what was asked of it.
 */

import { button, made, setText } from '../dom.js';

/** @typedef {import('./protocol.js').Disturbances} Disturbances */

/** The longest wait for an answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 5_000;
/** Octets a second to choose from. */
const RATES = [0, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576];

/**
 * @typedef {object} Control
 * @property {keyof Disturbances | 'speaker'} field
 * @property {string} title
 * @property {string} does
 * @property {number} [max] of a slider; without it a choice of rates
 * @property {number} [step]
 * @property {(value: number) => string} words
 */

/** @type {readonly Control[]} */
const CONTROLS = [
  { field: 'delay_ms', title: 'Delay each way', does: 'So much later come all bytes, each way.', max: 1_000, step: 10, words: (value) => `${value} ms` },
  { field: 'jitter_ms', title: 'Jitter', does: 'By so much does the delay differ at most, up or down; the order is kept.', max: 500, step: 10, words: (value) => `± ${value} ms` },
  { field: 'bandwidth', title: 'Bandwidth each way', does: 'So much passes at most, each way.', words: (value) => rate(value, 'no limit') },
  { field: 'slow_reader', title: 'Client reads', does: "So slowly does the client's side read; the server's output piles up.", words: (value) => rate(value, 'at once') },
  { field: 'fail_share', title: 'Requests failing', does: 'This share is answered 500; WebSockets are cut at this share of their messages.', max: 1, step: 0.05, words: (value) => `${Math.round(value * 100)} %` },
  { field: 'speaker', title: 'Speaker, to all', does: 'Posts so many messages a second to the log.', max: 50, step: 1, words: (value) => `${value} a second` },
];

/** @type {readonly { path: string, title: string, does: string, seconds?: { min: number, max: number, first: number } }[]} */
const ACTIONS = [
  { path: 'cut', title: 'Cut now', does: 'Resets all connections.' },
  { path: 'blackhole', title: 'Blackhole', does: 'Nothing passes either way for so many seconds; then what was held goes on.', seconds: { min: 1, max: 60, first: 5 } },
  { path: 'restart', title: 'Restart', does: 'The server is gone for so many seconds, its port closed; then it serves the same log again.', seconds: { min: 0, max: 30, first: 2 } },
];

export class DisturbPanel {
  element = made('section', 'disturb');
  #target = made('select', '');
  #status = made('p', 'disturb-status');
  #putAllBack;
  /** What the server said last, by transport. @type {Map<string, Disturbances>} */
  #state = new Map();
  #speaker = 0;
  /** @type {Map<string, { input: HTMLInputElement | HTMLSelectElement, output: HTMLElement, box: HTMLElement, back: HTMLButtonElement }>} */
  #parts = new Map();
  /** What is to be sent when the answer before has come, by path. @type {Map<string, object | undefined>} */
  #next = new Map();
  #onCount;
  #variants;

  /**
   * @param {ReadonlyMap<string, string>} titles of the transports
   * @param {import('./variants.js').Variants} variants what is wrong on purpose
   * @param {(count: number) => void} onCount so many controls are on, for whichever transport
   */
  constructor(titles, variants, onCount) {
    this.#onCount = onCount;
    this.#variants = variants;
    variants.onChange = () => this.#show();
    const { element } = this;
    element.id = 'disturb';
    element.hidden = true;
    element.setAttribute('aria-label', 'Disturbances');
    const label = made('label', 'disturb-target', 'Disturb ');
    this.#target.append(new Option('all transports', 'all'), ...[...titles].map(([name, title]) => new Option(title, name)));
    this.#target.addEventListener('change', () => this.#show());
    label.append(this.#target);
    this.#putAllBack = button('put-all-back', 'Put all back', () => this.#reset());
    this.#status.setAttribute('role', 'status');
    element.append(label, ...CONTROLS.map((control) => this.#makeControl(control)), ...ACTIONS.map((action) => this.#makeAction(action)), this.#putAllBack, this.#status, variants.element);
    this.#show();
  }

  /** @param {import('./protocol.js').Report} report */
  heard({ disturbances, speaker }) {
    if (disturbances === undefined && speaker === undefined) return;
    for (const [name, one] of disturbances ?? []) this.#state.set(name, one);
    this.#speaker = speaker ?? this.#speaker;
    this.#show();
  }

  /** @param {Control} control */
  #makeControl({ field, title, does, max, step, words }) {
    const box = made('div', 'control');
    const label = made('label', '', title);
    const output = made('output', '');
    const input = max === undefined ? made('select', '') : made('input', '');
    input.id = `disturb-${field}`;
    label.htmlFor = input.id;
    label.title = does;
    if (input instanceof HTMLInputElement) {
      input.type = 'range';
      input.max = String(max);
      input.step = String(step);
      input.value = '0';
    } else input.append(...RATES.map((value) => new Option(words(value), String(value))));
    input.addEventListener('input', () => this.#ask(field, Number(input.value)));
    // A control says its number while it is moved, before the server has answered.
    input.addEventListener('input', () => setText(output, words(Number(input.value))));
    const back = button('put-back', '↺', () => this.#ask(field, 0));
    back.setAttribute('aria-label', `Put back: ${title}`);
    back.title = 'Put back';
    const line = made('div', 'control-line');
    if (input instanceof HTMLInputElement) line.append(input, output);
    else line.append(input);
    line.append(back);
    box.append(label, line);
    this.#parts.set(field, { input, output, box, back });
    return box;
  }

  /** @param {(typeof ACTIONS)[number]} action */
  #makeAction({ path, title, does, seconds }) {
    const box = made('div', 'action');
    const field = made('input', '');
    const run = button('', title, () => void this.#do('POST', `/wire/${path}/${this.#target.value}`, seconds ? { seconds: Number(field.value) } : undefined, title));
    run.title = does;
    box.append(run);
    if (!seconds) return box;
    field.type = 'number';
    field.min = String(seconds.min);
    field.max = String(seconds.max);
    field.value = String(seconds.first);
    field.setAttribute('aria-label', `${title}: seconds, ${seconds.min} to ${seconds.max}`);
    box.append(field, made('span', 'unit', 's'));
    return box;
  }

  /** The transports that the controls are for now. */
  #chosen() {
    const name = this.#target.value;
    return [...this.#state].flatMap(([of, one]) => (name === 'all' || of === name ? one : []));
  }

  #show() {
    let shownOn = 0;
    for (const { field, words } of CONTROLS) {
      const part = this.#parts.get(field);
      if (!part) continue;
      const values = field === 'speaker' ? [this.#speaker] : this.#chosen().map((one) => one[field]);
      const [first = 0] = values;
      const differs = values.some((value) => value !== first);
      const isOn = values.some((value) => value > 0);
      shownOn += Number(isOn);
      // What is being moved is not moved back by what the server said a moment ago.
      if (!this.#next.has(pathOf(field, this.#target.value))) showValue(part.input, differs ? Math.max(...values) : first, words);
      setText(part.output, differs ? 'differs' : words(Number(part.input.value)));
      part.box.classList.toggle('is-on', isOn);
      part.back.hidden = !isOn;
    }
    this.#putAllBack.disabled = shownOn + this.#variants.count === 0;
    const all = [...this.#state.values()];
    const on = CONTROLS.filter(({ field }) => (field === 'speaker' ? this.#speaker > 0 : all.some((one) => one[field] > 0)));
    this.#onCount(on.length + this.#variants.count);
  }

  /**
   * @param {Control['field']} field
   * @param {number} value
   */
  #ask(field, value) {
    const path = pathOf(field, this.#target.value);
    void this.#send(path, field === 'speaker' ? { per_second: value } : { [field]: value });
  }

  #reset() {
    void this.#send(pathOf('delay_ms', this.#target.value), { delay_ms: 0, jitter_ms: 0, bandwidth: 0, slow_reader: 0, fail_share: 0 });
    if (this.#speaker > 0) void this.#send('/wire/speaker', { per_second: 0 });
    this.#variants.putBack();
  }

  /**
   * Sends a change; while one is under way the next ones become one.
   * @param {string} path
   * @param {object} change
   */
  async #send(path, change) {
    if (this.#next.has(path)) {
      this.#next.set(path, { ...this.#next.get(path), ...change });
      return;
    }
    this.#next.set(path, undefined);
    await this.#do('PUT', path, change, '');
    const next = this.#next.get(path);
    this.#next.delete(path);
    if (next) void this.#send(path, next);
    else this.#show();
  }

  /**
   * @param {'PUT' | 'POST'} method
   * @param {string} path
   * @param {object | undefined} content
   * @param {string} done what is said when it was done
   */
  async #do(method, path, content, done) {
    try {
      const response = await fetch(path, {
        method,
        headers: content ? { 'content-type': 'application/json' } : {},
        body: content ? JSON.stringify(content) : null,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      if (response.ok) setText(this.#status, done === '' ? '' : `${done}: done at ${new Date().toLocaleTimeString('en-GB')}`);
      else setText(this.#status, await problemOf(response));
    } catch {
      setText(this.#status, 'The server did not answer.');
    }
  }
}

/**
 * @param {Control['field']} field
 * @param {string} target
 */
function pathOf(field, target) {
  return field === 'speaker' ? '/wire/speaker' : `/wire/disturbances/${target}`;
}

/**
 * @param {HTMLInputElement | HTMLSelectElement} input
 * @param {number} value
 * @param {(value: number) => string} words
 */
function showValue(input, value, words) {
  // A rate that somebody set from elsewhere is shown as well.
  if (input instanceof HTMLSelectElement && ![...input.options].some((option) => option.value === String(value))) {
    input.append(new Option(words(value), String(value)));
  }
  input.value = String(value);
}

/** @param {Response} response */
async function problemOf(response) {
  try {
    /** @type {unknown} */
    const problem = await response.json();
    const { detail } = /** @type {{ detail?: unknown }} */ (problem);
    if (typeof detail === 'string') return `Not done: ${detail}`;
  } catch {
    // As without a detail.
  }
  return `Not done: the server answered ${response.status}.`;
}

/**
 * @param {number} value octets a second
 * @param {string} none
 */
function rate(value, none) {
  if (value === 0) return none;
  if (value < 1_024) return `${value} B/s`;
  return value < 1_048_576 ? `${Number((value / 1_024).toPrecision(2))} KiB/s` : `${Number((value / 1_048_576).toPrecision(2))} MiB/s`;
}
