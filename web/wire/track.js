/**
 * What one transport's strip shows, of the wire's events: requests as bars from request to end of answer, what passed
 * while they last, and what befell the connections. Nothing here knows of a canvas.
 */

/** So long a mark is kept after its end, in milliseconds: what the strip shows, and a little. */
export const KEPT_MS = 16_000;
/** So many marks are kept at most, beside those that still last. */
const MAX_MARKS = 4_000;
/** From one forgetting to the next, in milliseconds. */
const FORGET_MS = 1_000;
/** Bars that last at the same time stand in so many rows. */
export const ROWS = 3;

/** Frames of a WebSocket, by the kind of their unit. */
const FRAMES = new Set(['text', 'binary', 'continuation', 'ping', 'pong', 'close']);

/**
 * @typedef {object} Mark
 * @property {'bar' | 'tick' | 'up' | 'down' | 'closed' | 'disturbed' | 'away' | 'attempt' | 'missed'} sort `up`, `down`: a chat message
 *   passed; `tick`: octets without one; `away`: the panel was not connected; `attempt`: it tried to connect
 * @property {number} at
 * @property {number | undefined} end of a bar or of being away; open as long as there is none
 * @property {number} row
 * @property {'follow' | 'post' | 'other' | ''} use of a bar
 * @property {boolean} isFailed answered with an error
 * @property {string} name
 */

/**
 * A request under way.
 * @typedef {object} Exchange
 * @property {Mark} bar
 * @property {number | undefined} connection
 * @property {'asked' | 'answered' | 'stream' | 'socket'} state
 * @property {boolean} hasPosted
 */

export class Track {
  /** In the order they came. @type {Mark[]} */
  marks = [];
  /** Marks so far, those forgotten too. */
  total = 0;
  /** By connection and stream. @type {Map<string, Exchange>} */
  #exchanges = new Map();
  /** Exchanges by the id of their request. @type {Map<number, Exchange>} */
  #byRequest = new Map();
  /** The row of each bar that is open. @type {(Mark | undefined)[]} */
  #rows = [];
  /** @type {Mark | undefined} */
  #away;
  #forgetAt = -Infinity;

  /**
   * @param {import('./protocol.js').WireEvent} event
   * @returns {number} how many chat messages came down with it to those who follow
   */
  add(event) {
    if (event.kind === 'disturbed') this.#mark('disturbed', event);
    else if (event.kind === 'closed') this.#closed(event);
    else if (event.from === 'client') this.#fromClient(event);
    else if (event.from === 'server') return this.#fromServer(event);
    return 0;
  }

  /**
   * The panel lost its connection, or has it again.
   * @param {boolean} isAway
   * @param {number} at
   */
  setAway(isAway, at) {
    if (isAway) this.#away ??= this.#mark('away', { at, name: 'not connected' });
    else if (this.#away) {
      this.#away.end = at;
      this.#away = undefined;
    }
  }

  /**
   * The panel tries to connect again.
   * @param {number} at
   */
  attempted(at) {
    if (this.#away) this.#mark('attempt', { at, name: 'tries to connect' });
  }

  /**
   * @param {number} count of events that the server left out
   * @param {number} at
   */
  missed(count, at) {
    this.#mark('missed', { at, name: `${count} events left out` });
  }

  /**
   * Forgets what is older than {@link KEPT_MS}.
   * @param {number} now
   */
  forget(now) {
    if (now < this.#forgetAt && this.marks.length <= MAX_MARKS) return;
    this.#forgetAt = now + FORGET_MS;
    const until = now - KEPT_MS;
    const isLong = (/** @type {Mark} */ { sort }) => sort === 'bar' || sort === 'away';
    this.marks = this.marks.filter((mark) => (isLong(mark) ? (mark.end ?? Infinity) : mark.at) >= until);
    // What still lasts is drawn at every moment, however long ago it began.
    const surplus = this.marks.length - MAX_MARKS;
    if (surplus > 0) this.marks = this.marks.filter((mark, index) => index >= surplus || (isLong(mark) && mark.end === undefined));
    for (const [id, { bar }] of this.#byRequest) if (bar.end !== undefined && bar.end < until) this.#byRequest.delete(id);
    for (const [key, { bar }] of this.#exchanges) if (bar.end !== undefined && bar.end < until) this.#exchanges.delete(key);
  }

  /** Ends all: the server's clock, or the server, is another one. */
  clear() {
    this.marks = [];
    this.#exchanges.clear();
    this.#byRequest.clear();
    this.#rows = [];
    this.#away = undefined;
    this.#forgetAt = -Infinity;
  }

  /**
   * @param {Mark['sort']} sort
   * @param {{ at: number, name: string }} event
   * @param {number} [row]
   * @returns {Mark}
   */
  #mark(sort, { at, name }, row = 0) {
    /** @type {Mark} */
    const mark = { sort, at, end: undefined, row, use: '', isFailed: false, name };
    this.marks.push(mark);
    this.total += 1;
    return mark;
  }

  /** @param {import('./protocol.js').WireEvent} event */
  #closed(event) {
    let hadLong = false;
    for (const [key, exchange] of this.#exchanges) {
      if (exchange.connection !== event.connection && event.connection !== undefined) continue;
      hadLong ||= exchange.bar.end === undefined;
      this.#end(exchange, event.at);
      this.#exchanges.delete(key);
    }
    // Idle connections come and go; one that had something under way is worth a look.
    if (hadLong) this.#mark('closed', event);
  }

  /** @param {import('./protocol.js').WireEvent} event */
  #fromClient(event) {
    const asked = requestOf(event);
    if (asked) {
      this.#begin(event, asked);
      return;
    }
    if (event.kind === 'RST_STREAM' || event.kind === 'GOAWAY') return this.#reset(event);
    const exchange = this.#exchangeOf(event);
    if (!exchange) return;
    const isPosting = exchange.state === 'socket' ? event.carries || event.kind === 'text' : exchange.bar.use === 'post' && event.octets > 0 && !exchange.hasPosted;
    if (isPosting) {
      exchange.hasPosted = true;
      this.#mark('up', event, exchange.bar.row);
    } else if (exchange.state === 'socket') this.#mark('tick', event, exchange.bar.row);
  }

  /**
   * @param {import('./protocol.js').WireEvent} event
   * @returns {number} the messages of {@link Track.add}
   */
  #fromServer(event) {
    if (event.kind === 'RST_STREAM') this.#reset(event);
    const exchange = this.#exchangeOf(event);
    if (!exchange) return 0;
    const { bar } = exchange;
    const isHead = event.kind === 'response' || (event.kind === 'HEADERS' && exchange.state === 'asked');
    const status = isHead ? Number(/\b([1-5]\d\d)\b/.exec(event.name)?.[1] ?? 0) : 0;
    if (status >= 400) bar.isFailed = true;
    if (status === 101) exchange.state = 'socket';
    else if (isHead && status < 200 && status > 0) return 0;
    else if (exchange.state !== 'socket') {
      if (event.stream === undefined) {
        exchange.state = 'answered';
        // The content comes after the head, and its end is the answer's.
        bar.end = event.at;
      } else {
        exchange.state = 'stream';
        if (event.name.endsWith('END_STREAM')) this.#end(exchange, event.at);
      }
    }
    const isNews = event.carries && bar.use === 'follow';
    if (isNews) this.#mark('down', event, bar.row);
    if (bar.use === 'follow' && (exchange.state === 'socket' || exchange.state === 'stream')) this.#mark('tick', event, bar.row);
    return isNews ? event.messages.length : 0;
  }

  /**
   * @param {import('./protocol.js').WireEvent} event
   * @param {Mark['use']} use
   */
  #begin(event, use) {
    const bar = this.#mark('bar', event, use === 'follow' ? this.#freeRow() : 0);
    bar.use = use;
    if (use === 'follow') this.#rows[bar.row] = bar;
    /** @type {Exchange} */
    const exchange = { bar, connection: event.connection, state: 'asked', hasPosted: false };
    const before = this.#exchanges.get(keyOf(event));
    // Without HTTP/2 a connection has one exchange at a time; what is left of the one before has an end by now.
    if (before) this.#end(before, event.at);
    this.#exchanges.set(keyOf(event), exchange);
    this.#byRequest.set(event.id, exchange);
  }

  #freeRow() {
    for (let row = 0; row < ROWS; row += 1) if (this.#rows[row]?.end !== undefined || !this.#rows[row]) return row;
    return ROWS - 1;
  }

  /** @param {import('./protocol.js').WireEvent} event */
  #reset(event) {
    const exchange = this.#exchanges.get(keyOf(event));
    if (exchange) this.#end(exchange, event.at);
  }

  /**
   * The exchange that an event belongs to. A socket or stream that was open before the page was loaded begins here.
   * @param {import('./protocol.js').WireEvent} event
   */
  #exchangeOf(event) {
    const known = (event.of === undefined ? undefined : this.#byRequest.get(event.of)) ?? this.#exchanges.get(keyOf(event));
    if (known) return known;
    const isSocket = FRAMES.has(event.kind);
    if (!isSocket && event.kind !== 'DATA') return undefined;
    if (!isSocket && !(event.from === 'server' && !event.name.endsWith('END_STREAM'))) return undefined;
    const begun = { ...event, at: event.at - KEPT_MS };
    this.#begin(begun, 'follow');
    const exchange = this.#exchanges.get(keyOf(event));
    if (exchange) exchange.state = isSocket ? 'socket' : 'stream';
    return exchange;
  }

  /**
   * @param {Exchange} exchange
   * @param {number} at
   */
  #end({ bar }, at) {
    bar.end ??= at;
  }
}

/** @param {{ connection?: number, stream?: number }} event */
function keyOf({ connection, stream }) {
  return `${connection ?? 0}/${stream ?? 0}`;
}

/**
 * What a request asks for; nothing if the event is none.
 * @param {import('./protocol.js').WireEvent} event
 * @returns {Mark['use']}
 */
function requestOf({ kind, name }) {
  if (kind !== 'request' && kind !== 'HEADERS') return '';
  const [, method, path = ''] = /\b([A-Z]{3,7}) (\/[^\s,]*)/.exec(name) ?? [];
  if (method === undefined) return kind === 'request' ? 'other' : '';
  if (!/^\/messages(\?|$)/.test(path)) return 'other';
  return method === 'POST' ? 'post' : method === 'GET' ? 'follow' : 'other';
}
