/**
 * The chat page: what people see of one transport, alone or as a panel of the side-by-side page (`?panel`).
 */

import { ConnectionState } from './connection-state.js';
import { Conversation } from './conversation.js';
import { Deliveries, duration, explained, now } from './delivery.js';
import { find, setText } from './dom.js';
import { PageChannel } from './frame-channel.js';
import { isLoopback, LogClient } from './log-client.js';
import { MAX_POSTS } from './outbox.js';
import { reporting } from './panel-reports.js';
import * as protocol from './protocol.js';
import { RETRY } from './retry.js';
import { keep, kept } from './settings.js';
import { makeThemeSwitch, setTheme } from './theme-switch.js';
import { TRANSPORTS } from './transports.js';

/** A limit is shown from this share of it on. */
const NEAR = 0.8;

const page = {
  chat: find('chat', HTMLElement),
  head: find('head', HTMLElement),
  follows: find('follows', HTMLElement),
  state: find('state', HTMLElement),
  stateWords: find('state-words', HTMLElement),
  delivery: find('delivery', HTMLElement),
  caption: find('delivery-caption', HTMLElement),
  scroller: find('conversation', HTMLElement),
  rows: find('messages', HTMLElement),
  outbox: find('outbox', HTMLElement),
  toEnd: find('to-end', HTMLButtonElement),
  composer: find('composer', HTMLFormElement),
  user: find('user', HTMLInputElement),
  text: find('text', HTMLTextAreaElement),
  send: find('send', HTMLButtonElement),
  hint: find('hint', HTMLElement),
  problem: find('problem', HTMLElement),
  themeSwitch: find('theme-switch', HTMLButtonElement),
  about: find('about', HTMLElement),
  trust: find('trust', HTMLElement),
  back: find('back', HTMLAnchorElement),
  walkthrough: find('walkthrough', HTMLAnchorElement),
};

const query = new URLSearchParams(location.search);
const isPanel = query.has('panel') && parent !== window;
const name = document.querySelector('meta[name=transport]')?.getAttribute('content') ?? '';
const transport = TRANSPORTS.get(name);

/** @type {LogClient | undefined} */
let client;
/** What the page is told, beyond what it asked. */
const channel = isPanel ? new PageChannel(fromPage) : undefined;
const deliveries = new Deliveries(isLoopback(location.hostname), (last) => {
  page.delivery.textContent = duration(last.milliseconds);
  page.delivery.title = explained(last);
  setText(page.caption, last.since === 'enter' ? 'last, from Enter' : last.since === 'server' ? 'last, from the log' : 'last delivery');
  channel?.send({ type: 'delivered', figure: duration(last.milliseconds) });
}, (timed) => channel?.send({ type: 'timed', ...timed }));
const conversation = new Conversation(page, {
  sendAgain: (post) => client?.sendAgain(post),
  discard: (post) => client?.discard(post),
  showWire: (wish) => channel?.send({ type: 'wire', ...wish }),
});
const connection = new ConnectionState(page.state, page.stateWords, (sentence) => conversation.addSystemLine(sentence), showComposer);
/** The rule that the server saw broken, until the draft changes. */
let refusal = '';
/** What a panel does on purpose, for the lesson. Loaded with the rest: when the page asks for it, the server may be away. */
let retryWrong = RETRY;

if (query.has('trust')) showTrusted();
else if (transport) void start(transport);
else page.problem.textContent = `This page knows no transport named "${name}".`;

/** @param {import('./transports.js').Transport} of */
async function start({ load, follows }) {
  page.follows.textContent = follows;
  page.chat.hidden = false;
  document.documentElement.classList.toggle('panel', isPanel);
  if (isPanel) {
    // The page asks for the name, once for all panels, and says which one speaks to screen readers.
    page.rows.setAttribute('aria-live', 'off');
    addEventListener('focus', () => channel?.send({ type: 'focused' }));
    new ResizeObserver(tellHead).observe(page.head);
  } else {
    page.user.value = kept('name');
    conversation.setMe(user());
    showAbout();
    showWalkthrough();
  }
  makeThemeSwitch(page.themeSwitch);
  listenToComposer();
  showComposer();
  const [{ connect }, wrong] = await Promise.all([load(), channel && import('./variants/retry-without-jitter.js')]);
  retryWrong = wrong?.retryWithoutJitter((before, nonce) => channel?.send({ type: 'renamed', before, nonce })) ?? RETRY;
  client = new LogClient(channel ? reporting(connect, channel) : connect, new URL('/messages', location.href), {
    onState(state) {
      tellState();
      connection.show(state);
    },
    onMessages(arrived, isHistory) {
      for (const { post } of arrived) if (post) conversation.removePost(post);
      const messages = arrived.map(({ message }) => message);
      conversation.addMessages(messages, isHistory);
      for (const message of messages) deliveries.shown(message, isHistory);
      showComposer();
    },
    onMissed: (count) => conversation.addSystemLine(missedWords(count)),
    onReset: () => conversation.addSystemLine('The server was restarted; the conversation starts anew.'),
    onPost(post) {
      conversation.showPost(post);
      if (post.state === 'failed') refusal = `Not sent: ${post.problem}`;
      showComposer();
    },
    onDiscarded(post) {
      conversation.removePost(post);
      refusal = '';
      showComposer();
    },
  });
  client.start();
  tellReady();
  // Where there is no keyboard on the screen to come up for it.
  if (!isPanel && matchMedia('(pointer: fine)').matches) (user() === '' ? page.user : page.text).focus();
}

/** Only the program with all transports has one; it may be reached by another name than it knows of. */
function showWalkthrough() {
  if (!page.walkthrough.getAttribute('href')?.startsWith('http')) return;
  page.walkthrough.hostname = location.hostname;
  page.walkthrough.hidden = false;
}

/** @param {number} count */
function missedWords(count) {
  if (count === 1) return '1 earlier message is no longer kept.';
  return `${count.toLocaleString('en')} earlier messages are no longer kept.`;
}

// The composer.

function user() {
  return protocol.trimmed(page.user.value);
}

function listenToComposer() {
  page.composer.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  page.text.addEventListener('keydown', (event) => {
    // Enter that ends the composition of a character (an input method's) is not ours.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  for (const field of [page.user, page.text]) {
    field.addEventListener('input', () => {
      refusal = '';
      showComposer();
    });
  }
  page.user.addEventListener('change', () => {
    keep('name', user());
    conversation.setMe(user());
  });
}

function submit() {
  const sentAt = now();
  const text = page.text.value;
  if (!client || userProblem() !== undefined || protocol.textProblem(text) !== undefined || client.isFull) {
    if (userProblem() !== undefined && !isPanel) page.user.focus();
    return;
  }
  page.text.value = '';
  refusal = '';
  post(text, protocol.newNonce(), sentAt);
}

/**
 * @param {string} text
 * @param {string} nonce
 * @param {number} sentAt
 */
function post(text, nonce, sentAt) {
  if (!client) return;
  deliveries.sent(nonce, sentAt);
  channel?.send({ type: 'sent', nonce, sentAt });
  if (!client.post(user(), text, nonce)) refusal = fullWords();
  showComposer();
}

function userProblem() {
  return protocol.userProblem(user());
}

function fullWords() {
  return `${MAX_POSTS} messages wait to be sent; more can be written when they are.`;
}

/** Shows what keeps the composer from sending, and limits that come near. */
function showComposer() {
  const noName = userProblem();
  const noText = protocol.textProblem(page.text.value);
  const isEmpty = page.text.value === '';
  const isFull = client?.isFull ?? false;
  const nameAsked = isPanel ? 'Your name is needed: type it at the top of the page.' : 'Your name is needed first.';

  page.text.disabled = noName !== undefined;
  page.text.placeholder = noName === undefined ? 'Message' : 'Your name first';
  page.send.disabled = noName !== undefined || noText !== undefined || isFull;
  page.send.title = (noName !== undefined && nameAsked) || (isEmpty && 'There is nothing to send yet.') || noText || 'Enter sends, Shift+Enter starts a new line';

  const longName = protocol.scalars(user());
  const longText = protocol.scalars(page.text.value);
  page.user.setAttribute('aria-invalid', String(longName > 0 && noName !== undefined));
  page.text.setAttribute('aria-invalid', String(!isEmpty && noText !== undefined));

  const hints = [];
  if (noName !== undefined) hints.push(longName === 0 ? nameAsked : noName);
  else if (longName >= protocol.MAX_USER_SCALARS * NEAR) hints.push(`Name: ${longName} of ${protocol.MAX_USER_SCALARS} characters.`);
  if (!isEmpty && noText !== undefined) hints.push(noText);
  else if (longText >= protocol.MAX_TEXT_SCALARS * NEAR) {
    hints.push(`${longText.toLocaleString('en')} of ${protocol.MAX_TEXT_SCALARS.toLocaleString('en')} characters.`);
  }
  if (isFull) hints.push(fullWords());
  else if (client && client.state.name !== 'connected' && !connection.isShownConnected) {
    hints.push('Not connected: what you send waits here.');
  }
  setText(page.hint, hints.join(' '));
  setText(page.problem, refusal);
}

// The side-by-side page.

/** @param {import('./frame-channel.js').ToPanel} message */
function fromPage(message) {
  if (message.type === 'settings') {
    page.user.value = message.name;
    conversation.setMe(user());
    page.rows.setAttribute('aria-live', message.isLive ? 'polite' : 'off');
    setTheme(message.theme);
    showComposer();
    tellReady();
  } else if (message.type === 'room') {
    document.documentElement.style.setProperty('--room', `${message.pixels}px`);
    document.documentElement.classList.toggle('has-wire', message.pixels > 0);
  } else if (message.type === 'retry') {
    if (client) client.retrying = message.isWrong ? retryWrong : RETRY;
  } else if (message.type === 'sent') {
    deliveries.sent(message.nonce, message.sentAt);
  } else if (userProblem() === undefined && protocol.textProblem(message.text) === undefined) {
    post(message.text, message.nonce, message.sentAt);
  }
}

/** Tells the page that this panel can post, and how it stands. */
function tellReady() {
  if (!client) return;
  channel?.send({ type: 'ready' });
  channel?.send({ type: 'delivered', figure: duration(deliveries.last.milliseconds) });
  tellState();
  tellHead();
}

function tellState() {
  channel?.send({ type: 'state', isConnected: client?.state.name === 'connected' });
}

/** Tells the page where its instruments may begin. */
function tellHead() {
  channel?.send({ type: 'head', bottom: Math.round(page.head.getBoundingClientRect().bottom) });
}

/** A tab in which the browser was told to trust this server's certificate: says so, and leads back. */
function showTrusted() {
  const port = Number(query.get('trust'));
  // Only the port is taken from the address, so that this link leads nowhere else.
  const back = Number.isInteger(port) && port > 0 && port < 65_536 ? `http://${location.hostname}:${port}` : undefined;
  page.trust.hidden = false;
  document.documentElement.classList.add('trusting');
  page.back.hidden = back === undefined;
  if (back === undefined) return;
  page.back.href = `${back}/`;
  window.opener?.postMessage({ type: 'trusted' }, back);
  // Only a tab that a script opened may close itself; from any other the link leads back.
  window.close();
}

/** The explanation of this transport, beside its chat. */
function showAbout() {
  const template = document.getElementById(`about-${name}`);
  if (!(template instanceof HTMLTemplateElement)) return;
  page.about.append(template.content.cloneNode(true));
  page.about.hidden = false;
}
