// A log of the newest messages, in memory.

import { HISTORY } from './options.js';

export class Log {
  #messages = [];
  #id = 0;

  /** Adds a draft; gives the message. */
  append({ user, text }) {
    const message = { id: ++this.#id, user, text, time: Date.now() };
    this.#messages.push(message);
    if (this.#messages.length > HISTORY) this.#messages.shift();
    return message;
  }

  /** All that is kept, oldest first. */
  get messages() {
    return this.#messages;
  }
}
