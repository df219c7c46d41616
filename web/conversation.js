/**
 * The conversation on the page: messages, system lines, and below them the posts that are not in the log yet.
 *
 * What people wrote is put in as text, never as HTML, and isolated in direction and size from what stands around it.
 */

import { now } from './delivery.js';
import { button } from './dom.js';

/** The most rows on the page; older ones leave it. */
export const MAX_ROWS = 500;
/** So many rows stand in one group. What is out of sight is laid out and painted no more, a group at a time. */
const GROUP_ROWS = 25;
/** So long is a message that arrived marked, in milliseconds. */
const FRESH_MS = 600;
/** So many pixels from the end still count as being there. */
const END_PX = 24;

// Made once: making one takes longer than all else that is done for a message.
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const TO_THE_SECOND = new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeStyle: 'medium' });

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./outbox.js').Post} Post */

/**
 * @typedef {object} PostActions
 * @property {(post: Post) => void} sendAgain
 * @property {(post: Post) => void} discard
 * @property {(wish: import('./frame-channel.js').WireWish) => void} showWire the bytes of a message
 */

export class Conversation {
  #scroller;
  #rows;
  #outbox;
  #toEnd;
  #actions;
  /** @type {Map<Post, HTMLElement>} */
  #posts = new Map();
  #me = '';
  #isAtEnd = true;
  /** The heights at which that was so. */
  #room = '';
  #unseen = 0;
  #rowCount = 0;

  /**
   * @param {{ scroller: HTMLElement, rows: HTMLElement, outbox: HTMLElement, toEnd: HTMLButtonElement }} elements
   * @param {PostActions} actions
   */
  constructor({ scroller, rows, outbox, toEnd }, actions) {
    this.#scroller = scroller;
    this.#rows = rows;
    this.#outbox = outbox;
    this.#toEnd = toEnd;
    this.#actions = actions;
    scroller.addEventListener('scroll', () => this.#look(), { passive: true });
    rows.addEventListener('keydown', onArrow);
    toEnd.addEventListener('click', () => {
      this.#goToEnd();
      scroller.focus();
    });
    // The end moves when the window, the composer or a font size does.
    const observer = new ResizeObserver(() => this.#isAtEnd && this.#goToEnd());
    for (const element of [scroller, rows, outbox]) observer.observe(element);
  }

  /** @param {string} me whose messages are one's own, those shown already too */
  setMe(me) {
    if (me === this.#me) return;
    this.#me = me;
    for (const row of this.#rows.querySelectorAll('.message')) {
      markOwn(row, row.querySelector('.user')?.textContent === me);
    }
  }

  /**
   * @param {Message[]} messages
   * @param {boolean} isHistory whether they were found, not delivered
   */
  addMessages(messages, isHistory) {
    // What would leave at once need not come.
    const rows = messages.slice(-MAX_ROWS).map((message) => {
      const row = messageRow(message, this.#actions.showWire);
      markOwn(row, message.user === this.#me);
      row.classList.toggle('news', !isHistory);
      row.classList.toggle('fresh', !isHistory);
      return row;
    });
    this.#add(rows);
    // One stop of the Tab key for all messages, the newest; arrow keys go on from there.
    for (const old of this.#rows.querySelectorAll('.to-wire[tabindex="0"]')) old.setAttribute('tabindex', '-1');
    rows.at(-1)?.querySelector('.to-wire')?.setAttribute('tabindex', '0');
    if (!isHistory) setTimeout(() => rows.forEach((row) => row.classList.remove('fresh')), FRESH_MS);
    if (!this.#isAtEnd) this.#setUnseen(this.#unseen + messages.length);
  }

  /** @param {string} text */
  addSystemLine(text) {
    const row = element('p', 'row system');
    row.append(element('span', '', text));
    this.#add([row]);
  }

  /**
   * Shows a post as it stands.
   * @param {Post} post
   */
  showPost(post) {
    const { draft, state, problem } = post;
    let row = this.#posts.get(post);
    if (!row) {
      row = element('div', 'row own post');
      this.#posts.set(post, row);
      this.#outbox.append(row);
      row.append(byline(draft.user), textOf(draft.text), element('p', 'post-state'));
      row.append(this.#buttons(post));
      // One who has just written wants to see it.
      this.#goToEnd();
    }
    row.dataset.state = state;
    const words = row.querySelector('.post-state');
    if (words) words.textContent = postWords(state, problem);
    const isStuck = state === 'failed' || (state === 'waiting' && problem !== undefined);
    const buttons = row.querySelector('.post-actions');
    if (buttons instanceof HTMLElement) buttons.hidden = !isStuck;
  }

  /** @param {Post} post */
  removePost(post) {
    const row = this.#posts.get(post);
    this.#posts.delete(post);
    if (row?.contains(document.activeElement)) this.#scroller.focus();
    row?.remove();
  }

  /** @param {Post} post */
  #buttons(post) {
    const buttons = element('p', 'post-actions');
    const again = element('button', '', 'Send again');
    const discard = element('button', '', 'Discard');
    again.addEventListener('click', () => this.#actions.sendAgain(post));
    discard.addEventListener('click', () => this.#actions.discard(post));
    for (const button of [again, discard]) button.setAttribute('type', 'button');
    buttons.append(again, discard);
    return buttons;
  }

  /** @param {HTMLElement[]} rows */
  #add(rows) {
    // A scroll of this very moment has not been told of yet.
    this.#look();
    for (const row of rows) this.#append(row);
    for (const row of rows) makeScrollable(row);
    if (this.#isAtEnd) this.#goToEnd();
  }

  /** @param {HTMLElement} row */
  #append(row) {
    let group = this.#rows.lastElementChild;
    if (!group || group.childElementCount === GROUP_ROWS) {
      group = element('div', 'group');
      this.#rows.append(group);
    }
    group.append(row);
    this.#rowCount += 1;
    const oldest = this.#rows.firstElementChild;
    if (this.#rowCount <= MAX_ROWS || !oldest) return;
    oldest.firstElementChild?.remove();
    if (oldest.childElementCount === 0) oldest.remove();
    this.#rowCount -= 1;
  }

  #goToEnd() {
    const { scrollHeight, clientHeight } = this.#scroller;
    this.#scroller.scrollTop = scrollHeight;
    this.#isAtEnd = true;
    this.#room = `${scrollHeight} ${clientHeight}`;
    this.#setUnseen(0);
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    // The end has moved away from the reader, and the observer has not been told of it yet.
    if (this.#isAtEnd && this.#room !== `${scrollHeight} ${clientHeight}`) return;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    if (this.#isAtEnd) this.#setUnseen(0);
  }

  /** @param {number} count */
  #setUnseen(count) {
    this.#unseen = count;
    this.#toEnd.hidden = count === 0;
    this.#toEnd.textContent = count === 1 ? '1 new message' : `${count} new messages`;
  }
}

/**
 * From one message's way to the wire to the next one's.
 * @param {KeyboardEvent} event
 */
function onArrow(event) {
  const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
  if (step === 0 || !(event.target instanceof HTMLElement) || !event.target.matches('.to-wire')) return;
  const all = [...document.querySelectorAll('.to-wire')];
  const next = all[all.indexOf(event.target) + step];
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}

/**
 * @param {Message} message
 * @param {PostActions['showWire']} showWire
 */
function messageRow({ id, user, text, time, nonce }, showWire) {
  const row = element('div', 'row message');
  const line = byline(user);
  const at = now();
  // Seen only where the page has a view of the wire.
  const wire = button('to-wire', 'wire', () => showWire({ id, at, text, nonce }));
  wire.tabIndex = -1;
  wire.title = 'This message on the wire, byte by byte';
  line.append(wire, timeOf(time));
  row.append(line, textOf(text));
  return row;
}

/**
 * @param {Element} row
 * @param {boolean} isOwn
 */
function markOwn(row, isOwn) {
  row.classList.toggle('own', isOwn);
  row.classList.toggle('received', !isOwn);
}

// region: names-and-texts
/** @param {string} user */
function byline(user) {
  const line = element('p', 'byline');
  line.append(element('bdi', 'user', user), element('span', 'you', 'you'));
  return line;
}

/** @param {string} text */
function textOf(text) {
  const paragraph = element('p', 'text', text);
  paragraph.dir = 'auto';
  return paragraph;
}
// endregion: names-and-texts

/** @param {number} milliseconds */
function timeOf(milliseconds) {
  const date = new Date(milliseconds);
  const time = element('time', '');
  // A server may send any number; one that is no date is shown as none.
  if (Number.isNaN(date.getTime())) return time;
  const isToday = date.toDateString() === new Date().toDateString();
  time.dateTime = date.toISOString();
  time.title = TO_THE_SECOND.format(date);
  time.textContent = isToday ? CLOCK.format(date) : `${DAY.format(date)}, ${CLOCK.format(date)}`;
  return time;
}

/**
 * A text taller than its row may be scrolls within it, and the keyboard must reach it.
 * @param {HTMLElement} row
 */
function makeScrollable(row) {
  const text = row.querySelector('.text');
  // Measuring costs a layout; short texts cannot be tall.
  const { length } = text?.textContent ?? '';
  if (!(text instanceof HTMLElement) || (length < 300 && !text.textContent?.includes('\n'))) return;
  if (text.scrollHeight <= text.clientHeight) return;
  text.tabIndex = 0;
  text.setAttribute('role', 'group');
  text.setAttribute('aria-label', 'Long message');
}

/**
 * @param {Post['state']} state
 * @param {string | undefined} problem
 */
function postWords(state, problem) {
  if (state === 'failed') return `Not sent: ${problem}`;
  if (state === 'accepted') return 'In the log, not delivered here yet';
  if (state === 'sending') return problem === undefined ? 'Sending' : `Sending again: ${problem}`;
  return problem === undefined ? 'Waiting to be sent' : `Not sent yet, will be tried again: ${problem}`;
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className
 * @param {string} [text]
 */
function element(name, className, text) {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
