/**
 * The line that says how the connection stands, and what the conversation is told of it. What is over in a moment is not
 * shown, and what lasts a little is shown by the dot only.
 */

/** An outage shorter than this is shown by the dot only, not told in the conversation. In milliseconds. */
const TOLD_AFTER_MS = 3_000;
/** A connection that is back within this was not seen to be away. In milliseconds. */
const SEEN_AFTER_MS = 300;

/** @typedef {import('./log-client.js').State} State */

export class ConnectionState {
  #line;
  #words;
  #tell;
  #onShown;
  /** @type {State} */
  #state = { name: 'connecting' };
  /** What the conversation was told last. @type {boolean | undefined} */
  #isToldConnected;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #showTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #tellTimer;

  /**
   * @param {HTMLElement} line
   * @param {HTMLElement} words within it
   * @param {(sentence: string) => void} tell the conversation
   * @param {() => void} onShown the line says something else
   */
  constructor(line, words, tell, onShown) {
    this.#line = line;
    this.#words = words;
    this.#tell = tell;
    this.#onShown = onShown;
  }

  /** Whether the line says that there is a connection. */
  get isShownConnected() {
    return this.#line.dataset.state === 'connected';
  }

  /** @param {State} state */
  show(state) {
    this.#state = state;
    clearTimeout(this.#showTimer);
    if (state.name === 'connected') {
      clearTimeout(this.#tellTimer);
      this.#tellTimer = undefined;
      if (!this.#isToldConnected) this.#tell('Connected');
      this.#isToldConnected = true;
      this.#paint(state);
      return;
    }
    // A request that fails and is repeated with success is no news.
    if (this.isShownConnected) this.#showTimer = setTimeout(() => this.#paint(state), SEEN_AFTER_MS);
    else this.#paint(state);
    this.#tellTimer ??= setTimeout(() => this.#tellDisconnected(), TOLD_AFTER_MS);
  }

  #tellDisconnected() {
    if (this.#isToldConnected === false) return;
    const word = this.#isToldConnected ? 'Disconnected' : 'Not connected';
    this.#isToldConnected = false;
    this.#tell(`${word}: ${this.#state.reason ?? 'no answer yet'}`);
  }

  /** @param {State} state */
  #paint(state) {
    // region: paint-state
    this.#line.dataset.state = state.name;
    this.#line.title = state.name === 'connected' ? '' : (state.reason ?? '');
    const seconds = Math.ceil(((state.retryAt ?? 0) - Date.now()) / 1_000);
    const isCounting = state.name === 'reconnecting' && seconds > 0;
    this.#words.textContent = isCounting ? `reconnecting in ${seconds} s` : state.name;
    // Until the next full second, so that no number is left out.
    if (isCounting) this.#showTimer = setTimeout(() => this.#paint(state), (state.retryAt ?? 0) - Date.now() - (seconds - 1) * 1_000);
    this.#onShown();
    // endregion: paint-state
  }
}
