/** The line of the wire view that leads to one chat message's bytes: a button for each unit of its post and delivery. */

import { button, made } from '../dom.js';
import { bytes } from './figures.js';
import { fieldOctets } from './journey.js';

/** @typedef {import('./list.js').Entry} Entry */

/** So much of a text is shown, in UTF-16 code units. */
const MAX_SHOWN = 40;

export class MessageBar {
  element = made('div', 'message-bar');
  /** The message that is looked at. @type {number | undefined} */
  id;
  #onChoose;
  /** @type {Map<Entry, HTMLElement>} */
  #buttons = new Map();

  /** @param {(entry: Entry) => void} onChoose */
  constructor(onChoose) {
    this.#onChoose = onChoose;
    this.element.hidden = true;
    this.element.setAttribute('role', 'group');
    this.element.setAttribute('aria-label', 'One message on the wire');
  }

  close() {
    this.element.hidden = true;
    this.id = undefined;
    this.#buttons.clear();
  }

  /**
   * @param {import('./journey.js').Journey} journey
   * @param {import('../frame-channel.js').WireWish} wish
   * @param {string} title of the transport that delivered it
   */
  show({ posted, delivered }, { id, text, nonce }, title) {
    this.id = id;
    this.#buttons.clear();
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
    const quoted = made('b', 'message-text', `“${shown}”`);
    quoted.dir = 'auto';
    const parts = [quoted];
    if (posted) parts.push(this.#leg(`posted over ${posted.carrier.title}`, posted));
    else if (nonce !== undefined) parts.push(made('span', 'leg', 'Its post is kept no longer, or came from elsewhere.'));
    if (delivered) parts.push(this.#leg(`delivered by ${title}`, delivered));
    else parts.push(made('span', 'leg', 'The bytes of its delivery are kept no longer.'));
    parts.push(sumOf([...(posted?.units ?? []), ...(delivered?.units ?? [])], new TextEncoder().encode(text).length));
    parts.push(button('message-close', 'All units', () => this.close()));
    this.element.replaceChildren(...parts);
    this.element.hidden = false;
  }

  /**
   * Marks what is looked at.
   * @param {Entry} entry
   */
  mark(entry) {
    for (const [one, chip] of this.#buttons) {
      if (one === entry) chip.setAttribute('aria-current', 'true');
      else chip.removeAttribute('aria-current');
    }
  }

  /**
   * @param {string} title
   * @param {import('./journey.js').Leg} leg
   */
  #leg(title, { carrier, units }) {
    const leg = made('span', 'leg', `${title} `);
    leg.dataset.transport = carrier.transport;
    for (const one of units) {
      const arrow = one.from === 'client' ? '↑' : '↓';
      const what = fieldOctets(one) > 0 ? 'header' : one === carrier ? 'the message' : 'content';
      const chip = button(one === carrier ? 'unit-chip is-carrier' : 'unit-chip', '', () => this.#onChoose(one));
      chip.append(`${arrow} ${one.kind} `, made('span', 'chip-size', `${bytes(one.octets)}, ${what}`));
      this.#buttons.set(one, chip);
      leg.append(chip);
    }
    return leg;
  }
}

/**
 * What passed for one text.
 * @param {Entry[]} units
 * @param {number} text octets
 */
function sumOf(units, text) {
  const all = units.reduce((sum, { octets }) => sum + octets, 0);
  const fields = units.reduce((sum, unit) => sum + fieldOctets(unit), 0);
  const sum = made('span', 'message-sum');
  const ofFields = fields === 0 ? 'none of them header fields' : `${bytes(fields)} of them start lines and header fields`;
  sum.append(made('b', '', bytes(all)), ` passed for ${bytes(text)} of text, `, made('b', '', ofFields));
  return sum;
}
