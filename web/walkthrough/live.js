/**
 * Live panels in the text: each is a transport's own page in a frame, with its strip. Addresses in the text become those of
 * the program that serves this page, which may listen on other ports than usual.
 */

import { made } from '../dom.js';
import { readFromPanel } from '../frame-channel.js';
import { keep, kept } from '../settings.js';
import { ANSWER_TIMEOUT_MS, Panel } from '../side-panel.js';
import { theme } from '../theme-switch.js';
import { TRANSPORTS } from '../transports.js';
import { Wire } from '../wire/wire.js';

/** The port of the first transport where nothing else is asked for. */
const FIRST_PORT = 8081;
/** The port of this page where nothing else is asked for. */
const PAGE_PORT = '8080';
/** How long the panels wait for the wire, in milliseconds. */
const WIRE_TIMEOUT_MS = 2_000;

/** @typedef {{ name: string, title: string, url: URL }} Served */

export class Live {
  /** @type {Panel[]} */
  #panels = [];
  /** @type {Wire | undefined} */
  #wire;

  async start() {
    const served = await listTransports();
    placeAddresses(served);
    for (const place of document.querySelectorAll('[data-live]')) {
      const of = served.find(({ name }) => place instanceof HTMLElement && name === place.dataset.live);
      if (!(place instanceof HTMLElement) || !of) continue;
      const panel = new Panel(of.name, of.title, of.url.origin, (panel) => this.#sendSettings(panel));
      // Not one of several tabs.
      panel.element.classList.add('is-shown');
      panel.isLive = true;
      place.append(panel.element);
      place.previousElementSibling?.append(this.#nameField());
      this.#panels.push(panel);
    }
    if (this.#panels.length === 0) return;
    addEventListener('message', (event) => this.#heard(event));
    // Before the panels come: only who comes while somebody looks is on the wire.
    await Promise.race([this.#startWire(), new Promise((resolve) => setTimeout(resolve, WIRE_TIMEOUT_MS))]);
    for (const panel of this.#panels) void panel.look();
  }

  themed() {
    for (const panel of this.#panels) this.#sendSettings(panel);
    this.#wire?.themed();
  }

  #nameField() {
    const label = made('label', 'live-name', 'Name ');
    const field = made('input', '');
    field.value = kept('name');
    field.placeholder = 'Your name';
    field.autocomplete = 'off';
    field.addEventListener('input', () => {
      keep('name', field.value);
      for (const panel of this.#panels) this.#sendSettings(panel);
    });
    label.append(field);
    return label;
  }

  /** @param {Panel} panel */
  #sendSettings(panel) {
    panel.send({ type: 'settings', name: kept('name').trim(), theme: theme(), isLive: panel.isLive });
  }

  #startWire() {
    const named = this.#panels.map(({ name, title }) => ({ name, title, shortTitle: TRANSPORTS.get(name)?.shortTitle ?? title }));
    const wire = new Wire(named, () => {
      for (const panel of this.#panels) {
        const element = wire.elementOf(panel.name);
        if (element) panel.setInstruments(element);
      }
    }, () => {});
    this.#wire = wire;
    document.body.append(wire.drawer);
    return wire.start();
  }

  /** @param {MessageEvent} event */
  #heard({ source, origin, data }) {
    const message = readFromPanel(data);
    const panel = this.#panels.find((panel) => panel.origin === origin);
    if (!message || !panel) return;
    if (message.type === 'trusted') void panel.look();
    else if (panel.isFrom(source)) this.#told(panel, message);
  }

  /**
   * @param {Panel} panel
   * @param {import('../frame-channel.js').FromPanel} message
   */
  #told(panel, message) {
    const { name } = panel;
    if (message.type === 'ready') panel.ready();
    else if (message.type === 'head') panel.setHead(message.bottom);
    else if (message.type === 'timed') this.#wire?.delivered(name, message);
    else if (message.type === 'wire') this.#wire?.openMessage(name, message);
    else if (message.type === 'attempt') this.#wire?.attempted(name);
    else if (message.type === 'given') this.#wire?.given(name, message);
    else if (message.type === 'renamed') this.#wire?.renamed(message.before, message.nonce);
    else if (message.type === 'state') {
      this.#wire?.state(name, message.isConnected, panel.isConnected);
      panel.isConnected = message.isConnected;
    } else if (message.type === 'sent') {
      for (const other of this.#panels) if (other !== panel) other.send(message);
    }
  }
}

/** @returns {Promise<Served[]>} in the order of their ports; none if the server does not answer */
async function listTransports() {
  try {
    const response = await fetch('/transports', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const list = response.ok ? await response.json() : [];
    if (!Array.isArray(list)) return [];
    return list.map(({ name, title, url }) => ({ name: String(name), title: String(title), url: new URL(String(url).replace(/^ws/, 'http')) }));
  } catch {
    return [];
  }
}

/**
 * Puts the ports of this program in the place of the usual ones: in links, in commands and in what is copied.
 * @param {Served[]} served
 */
function placeAddresses(served) {
  /** @param {string} text */
  const placed = (text) => text.replace(/localhost:(808[0-5])/g, (usual, port) => (port === PAGE_PORT ? location.host : served[Number(port) - FIRST_PORT]?.url.host) ?? usual);
  for (const link of document.querySelectorAll('article a')) {
    const href = link.getAttribute('href') ?? '';
    if (href.startsWith('http://localhost:')) link.setAttribute('href', placed(href));
  }
  for (const figure of document.querySelectorAll('.shell')) {
    const code = figure.querySelector('code');
    const button = figure.querySelector('button');
    if (code) code.textContent = placed(code.textContent);
    if (button?.dataset.copy !== undefined) button.dataset.copy = placed(button.dataset.copy);
  }
}
