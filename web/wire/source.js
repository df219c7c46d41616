/** Hears `/wire/events`: what passes on all transports' wires, ten times a second. A server without taps has none. */

import { readReport } from './protocol.js';

/** From one attempt to the next after a server that was heard has gone, in milliseconds. */
const AGAIN_MS = 2_000;

export class WireSource {
  #onReport;
  #onLost;
  /** The server's clock and the page's: `performance.now()` less the server's time. @type {number | undefined} */
  #offset;
  #wasHeard = false;
  /** Done when the first report has come, or it is known that none will. */
  #settled = Promise.withResolvers();

  /**
   * @param {(report: import('./protocol.js').Report) => void} onReport
   * @param {() => void} onLost nothing is heard any more, until the next report
   */
  constructor(onReport, onLost) {
    this.#onReport = onReport;
    this.#onLost = onLost;
  }

  start() {
    const events = new EventSource('/wire/events');
    events.addEventListener('message', ({ data }) => {
      const report = readReport(String(data));
      if (!report) return;
      const offset = performance.now() - report.now;
      // A report takes some time and never less than none: the least offset seen is the nearest to the truth.
      this.#offset = this.#offset === undefined ? offset : Math.min(this.#offset, offset);
      this.#wasHeard = true;
      this.#settled.resolve(undefined);
      this.#onReport(report);
    });
    events.addEventListener('error', () => {
      // The next server may have another clock.
      this.#offset = undefined;
      this.#onLost();
      this.#settled.resolve(undefined);
      // Refused for good by a server that was never heard: it has no taps, or shows them to others only.
      if (events.readyState !== EventSource.CLOSED || !this.#wasHeard) return;
      setTimeout(() => this.start(), AGAIN_MS);
    });
  }

  /** Connections that come from now on are on the wire; none ever will where it is not shown. */
  get settled() {
    return this.#settled.promise;
  }

  /** Now, on the server's clock; nothing before the first report. */
  get now() {
    return this.#offset === undefined ? undefined : performance.now() - this.#offset;
  }
}
