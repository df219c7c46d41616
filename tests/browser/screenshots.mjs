/** Photographs each page, in light and dark, as projected and on a phone, into target/screenshots. */

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { connected, Crosstalk, launch, panel, TRANSPORTS } from './crosstalk.mjs';
import { Desk } from './workshop.mjs';

const FOLDER = resolve(import.meta.dirname, '../../target/screenshots');
const SIZES = [
  { width: 1920, height: 1080 },
  { width: 390, height: 844 },
];
/** @type {('light' | 'dark')[]} */
const THEMES = ['light', 'dark'];
const SEEDS = [
  ['brian', 'Is anybody else here?'],
  ['Ada', 'Since the first poll. You are a second late again :)'],
  ['brian', 'That is polling for you. I will take the one with the frames.'],
  ['Grace Hopper', 'Every byte of it by hand, I hear. Even the masks.'],
  ['نور', 'مرحبا! الكل يرى نفس السجل'],
  ['Ada', 'One log, five ways to follow it.\nSame messages, same order.'],
];
/** What is said over a transport, to be followed on its wire. */
const FOLLOWED = {
  'raw-websocket': 'Where is my mask?',
  'http2-streaming': 'Which frame am I in?',
  polling: 'What did this cost?',
};
/** Who is on the wall of the class, and where they stand. @type {[string, object][]} */
const CLASS = [
  ['Ada', { track: 'raw-websocket', step: 'decode', passed: true, minutes: 4, done: { request: 18, handshake: 33, encode: 16 } }],
  ['Alan', { track: 'raw-websocket', step: 'encode', passed: false, minutes: 12, done: { request: 25, handshake: 41 } }],
  ['Barbara', { track: 'raw-websocket', step: 'judge', passed: true, minutes: 0, done: { request: 15, handshake: 22, encode: 14, decode: 30 } }],
  ['Donald', { track: 'raw-websocket', step: 'handshake', passed: false, minutes: 48, done: { request: 31 }, stuck_at: 'rfc-example-key' }],
  ['Edsger', { track: 'raw-websocket', step: 'decode', passed: false, minutes: 19, done: { request: 20, handshake: 29, encode: 25 } }],
  ['Grace Hopper', { track: 'raw-websocket', step: 'decode', passed: false, minutes: 52, done: { request: 22, handshake: 30, encode: 19 }, stuck_at: 'byte-by-byte' }],
  ['John', { track: 'raw-websocket', step: 'request', passed: false, minutes: 21, done: {} }],
  ['Margaret', { track: 'raw-websocket', step: 'encode', passed: true, minutes: 2, done: { request: 24, handshake: 28 } }],
  ['نور', { track: 'raw-websocket', step: 'encode', passed: false, minutes: 17, done: { request: 21, handshake: 35 }, stuck_at: 'reply-lengths' }],
  ['Konrad', { track: 'polling', step: 'post', passed: false, minutes: 9, done: { history: 11 } }],
  ['Radia', { track: 'polling', step: 'cheap', passed: false, minutes: 3, done: { history: 14, post: 22 } }],
  ['Tony', {}],
];
/** So that the messages stand apart on the strips. */
const SEED_PAUSE_MS = 1_700;
/** As long as a strip shows, and some more. */
const THEORY_MS = 20_000;

await mkdir(FOLDER, { recursive: true });
const browser = await launch();
try {
  for (const theme of THEMES) {
    for (const viewport of SIZES) {
      await photographAll(theme, viewport);
      await photographClass(theme, viewport);
    }
  }
} finally {
  await browser.close();
}

/**
 * @param {'light' | 'dark'} theme
 * @param {{ width: number, height: number }} viewport
 */
async function photographAll(theme, viewport) {
  const crosstalk = await Crosstalk.start();
  try {
    const size = `${viewport.width}x${viewport.height}-${theme}`;

    const trusting = await browser.newContext({ viewport, colorScheme: theme, ignoreHTTPSErrors: true });
    const page = await visit(trusting, crosstalk.page);
    await connected(page);
    for (const [user = '', text = ''] of SEEDS) {
      await crosstalk.post(user, text);
      await page.waitForTimeout(SEED_PAUSE_MS);
    }
    await page.locator('#target').selectOption('raw-websocket');
    await page.locator('#text').fill('Who is first?');
    await page.locator('#text').press('Enter');
    await Promise.all(TRANSPORTS.map((name) => delivered(panel(page, name))));
    await photograph(page, `side-by-side-${size}`);
    await photographWire(crosstalk, page, size);
    for (const name of TRANSPORTS) {
      await page.goto(`${crosstalk.origin(name)}/`);
      await page.locator('#state[data-state=connected]').waitFor();
      await page.locator('#text').fill('And here?');
      await page.locator('#text').press('Enter');
      await delivered(page);
      await photograph(page, `${name}-${size}`);
    }
    await photographWalkthrough(crosstalk, trusting, size);
    await trusting.close();

    const untrusting = await browser.newContext({ viewport, colorScheme: theme });
    const untrusted = await visit(untrusting, crosstalk.page);
    await connected(untrusted, TRANSPORTS.filter((name) => name !== 'http2-streaming'));
    await untrusted.locator('.trust-button').waitFor({ state: 'attached' });
    if (await untrusted.locator('#tabs').isVisible()) await untrusted.locator('#tab-http2-streaming').click();
    await photograph(untrusted, `untrusted-${size}`);

    await crosstalk.kill();
    await panel(untrusted, 'polling').getByText('Disconnected').waitFor({ state: 'attached' });
    await untrusted.locator('#text').fill('Is anybody there?');
    await untrusted.locator('#text').press('Enter');
    if (await untrusted.locator('#tabs').isVisible()) await untrusted.locator('#tab-polling').click();
    await photograph(untrusted, `stopped-${size}`);
    await untrusting.close();
  } finally {
    await crosstalk.stop();
  }
}

/**
 * What a person finds of their own message: its masking key, the HTTP/2 frame that carried it, the header fields that
 * polling paid for it; and all five beside what theory says of 200 ms each way.
 * @param {Crosstalk} crosstalk
 * @param {import('playwright-core').Page} page
 * @param {string} size
 */
async function photographWire(crosstalk, page, size) {
  const isTabbed = await page.locator('#tabs').isVisible();
  for (const [name, text] of Object.entries(FOLLOWED)) {
    await page.locator('#target').selectOption(name);
    await page.locator('#text').fill(text);
    await page.locator('#text').press('Enter');
    if (isTabbed) await page.locator(`#tab-${name}`).click();
    const row = panel(page, name).locator('.message', { hasText: text });
    await row.getByRole('button', { name: 'wire' }).click();
    await page.locator('.word').first().waitFor();
    // All units of its post and its delivery have been told of.
    await page.locator('.message-sum').waitFor();
    // What polling paid is in its heads.
    if (name === 'polling') await page.locator('.leg').last().locator('.unit-chip', { hasText: '↑ request' }).click();
    await photograph(page, `wire-${name}-${size}`);
    await page.locator('.wire-view').getByRole('button', { name: 'Close' }).click();
  }
  await crosstalk.tellWire('PUT', 'disturbances/all', { delay_ms: 200 });
  await crosstalk.speak(5);
  await page.waitForTimeout(THEORY_MS);
  if (isTabbed) await page.locator('#tab-long-polling').click();
  await photograph(page, `theory-${size}`);
  await crosstalk.calm();
}

/**
 * The walkthrough: its contents, a page with its live panel, a step, a slide, the notes that go with it, and the handout.
 * @param {Crosstalk} crosstalk
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} size
 */
async function photographWalkthrough(crosstalk, context, size) {
  const chapter = `${crosstalk.page}walkthrough/raw-websocket`;
  const contents = await visit(context, `${crosstalk.page}walkthrough`);
  await photograph(contents, `walkthrough-contents-${size}`);
  await contents.close();

  const page = await visit(context, chapter);
  await page.frameLocator('[data-live] iframe').locator('#state[data-state=connected]').waitFor();
  await photograph(page, `walkthrough-page-${size}`);
  await page.locator('#step-handshake').evaluate((step) => step.scrollIntoView());
  await photograph(page, `walkthrough-step-${size}`);
  await page.locator('#the-frame').evaluate((section) => section.scrollIntoView());
  await photograph(page, `walkthrough-diagram-${size}`);
  await page.emulateMedia({ media: 'print' });
  await page.locator('#the-handshake-that-looks-like-security-and-is-not').evaluate((section) => section.scrollIntoView());
  await photograph(page, `walkthrough-handout-${size}`);
  await page.close();

  const slides = await visit(context, `${chapter}?present#the-mask-and-why-it-exists`);
  const [notes] = await Promise.all([context.waitForEvent('page'), slides.keyboard.press('n')]);
  await notes.getByRole('heading', { name: 'The mask, and why it exists' }).last().waitFor();
  await photograph(slides, `walkthrough-slide-${size}`);
  await slides.keyboard.press('Home');
  await notes.locator('.said', { hasText: 'Two windows of this panel' }).waitFor();
  await photograph(notes, `walkthrough-notes-${size}`);
  await notes.close();
  await slides.close();
}

/**
 * The wall of a class of twelve, in two tracks.
 * @param {'light' | 'dark'} theme
 * @param {{ width: number, height: number }} viewport
 */
async function photographClass(theme, viewport) {
  const desk = await Desk.create();
  const context = await browser.newContext({ viewport, colorScheme: theme });
  try {
    const wall = await desk.run('class', '--port', '0').said('listening on ');
    for (const [at, [name, standing]] of CLASS.entries()) {
      const seat = String(at).padStart(32, '0');
      await fetch(`${wall}reports`, { method: 'POST', body: JSON.stringify({ name, seat, standing }) });
    }
    const page = await visit(context, wall);
    await page.getByText(`${CLASS.length} learners`).waitFor();
    await page.locator('#state[data-state=connected]').waitFor();
    await photograph(page, `class-${viewport.width}x${viewport.height}-${theme}`);
  } finally {
    await context.close();
    await desk.stop();
  }
}

/**
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} address
 */
async function visit(context, address) {
  await context.addInitScript(() => localStorage.setItem('crosstalk.name', 'Ada'));
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

/** @param {import('playwright-core').Page | import('playwright-core').FrameLocator} page */
function delivered(page) {
  return page.locator('#delivery', { hasText: /m?s$/ }).waitFor({ state: 'attached' });
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function photograph(page, name) {
  // Animations go on: without them strips would stand where they do not belong.
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  console.log(`target/screenshots/${name}.png`);
}
