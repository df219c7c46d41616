/** The wire on the side-by-side page, over the real program: what a person finds of their own message, and the theory. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { Crosstalk, launch, panel, TRANSPORTS, withSideBySide } from './crosstalk.mjs';

/** @import { Browser, Page } from 'playwright-core' */

/** @type {Crosstalk} */
let crosstalk;
/** @type {Browser} */
let browser;

before(async () => {
  crosstalk = await Crosstalk.start('--post-rate', '0');
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await crosstalk?.stop();
});

/**
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(page: Page) => Promise<void>} body
 */
async function withPage(options, body) {
  try {
    await withSideBySide(browser, crosstalk, options, async (page) => {
      await page.locator('#user').fill('Ada');
      await page.locator('.instruments').first().waitFor({ state: 'attached' });
      await body(page);
    });
  } finally {
    await crosstalk.calm();
  }
}

/**
 * Says something over one transport, and follows its "wire" button in that transport's panel.
 * @param {Page} page
 * @param {string} name
 * @param {string} text
 * @param {number} units that its post and its delivery consist of
 */
async function sayAndFollow(page, name, text, units) {
  await page.locator('#target').selectOption(name);
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
  const row = panel(page, name).locator('.message', { hasText: text });
  await row.waitFor();
  await row.getByRole('button', { name: 'wire' }).click();
  await page.locator('.unit-chip').nth(units - 1).waitFor();
  await page.locator('.word').first().waitFor();
}

/**
 * The chips of the message's line, as `arrow kind octets`.
 * @param {Page} page
 */
async function chips(page) {
  const texts = await page.locator('.unit-chip').allTextContents();
  return texts.map((text) => text.replace(/ ([\d,]+) B, .*/, ''));
}

/** @param {Page} page */
function title(page) {
  return page.locator('.unit-head h3').textContent();
}

/** @param {Page} page */
async function hex(page) {
  return (await page.locator('.hex').allTextContents()).join(' ').replaceAll(/[^0-9a-f]/g, '');
}

for (const name of ['raw-websocket', 'tungstenite-websocket']) {
  test(`${name}: one click leads to the masking key of one's own message, in words and hexadecimal`, () =>
    withPage({}, async (page) => {
      const text = `mask of ${name}`;
      await sayAndFollow(page, name, text, 2);
      assert.deepEqual(await chips(page), ['↑ text', '↓ text']);
      assert.equal(await page.locator('.unit-chip').first().getAttribute('aria-current'), 'true');
      assert.equal(await page.locator('.word.is-current b').textContent(), 'masking key', 'it is what is looked at first');
      const key = (await page.locator('.hex .is-current').allTextContents()).join(' ').trim();
      assert.match(key, /^([0-9a-f]{2} ?){4}$/);
      assert.equal(await page.locator('.word.is-current .word-value').textContent(), key);
      assert.match((await page.locator('.word', { has: page.locator('b', { hasText: /^payload$/ }) }).textContent()) ?? '', new RegExp(text), 'unmasked it is the draft');
      await page.locator('.hex [data-span="0"]').first().hover();
      assert.equal(await page.locator('.word.is-current b').textContent(), 'FIN, RSV, opcode');
      await page.locator('.word').nth(2).hover();
      assert.equal((await page.locator('.hex .is-current').allTextContents()).join(' ').trim(), key);
      await page.locator('.unit-chip').nth(1).click();
      await page.locator('mark.is-message', { hasText: text }).waitFor();
      assert.match((await page.locator('.message-sum').textContent()) ?? '', /none of them header fields/);
    }));
}

test('HTTP/2: the frames of one\'s own message, of its post and of its delivery, with its octets marked', () =>
  withPage({}, async (page) => {
    await sayAndFollow(page, 'http2-streaming', 'frames, please', 5);
    // Whether its answer's head or content is told of first is the server's affair.
    assert.deepEqual((await chips(page)).slice(0, 2), ['↑ HEADERS', '↑ DATA']);
    assert.deepEqual((await chips(page)).slice(2).sort(), ['↓ DATA', '↓ DATA', '↓ HEADERS']);
    assert.match((await title(page)) ?? '', /^DATA stream \d+, \d+ octets/);
    assert.ok((await hex(page)).includes(Buffer.from('frames, please').toString('hex')), 'the draft, in the frame that was chosen');
    const posted = Number(/stream (\d+)/.exec((await title(page)) ?? '')?.[1]);
    const delivered = page.locator('.leg').last().locator('.unit-chip');
    assert.equal(await delivered.count(), 1, 'the stream is shared; only the frame is the message\'s');
    await delivered.click();
    await page.locator('mark.is-message', { hasText: 'frames, please' }).waitFor();
    assert.notEqual(Number(/stream (\d+)/.exec((await title(page)) ?? '')?.[1]), posted, 'it came on the stream that follows');
    const marked = (await page.locator('.hex .is-message').allTextContents()).join(' ').replaceAll(/\s/g, '');
    assert.match(Buffer.from(marked, 'hex').toString(), /^\{"id":\d+,"user":"Ada","text":"frames, please".*\}$/);
    await page.locator('.unit-chip', { hasText: '↑ HEADERS' }).click();
    await page.locator('.part', { hasText: 'header fields (HPACK)' }).waitFor();
    await page.locator('.unit-size .differs').waitFor();
  }));

test('polling: the header fields that a message cost are shown as such, with their sum', () =>
  withPage({}, async (page) => {
    await sayAndFollow(page, 'polling', 'what did it cost?', 7);
    assert.deepEqual(await chips(page), ['↑ request', '↑ content', '↓ response', '↓ content', '↑ request', '↓ response', '↓ content']);
    let sum = 0;
    for (const chip of await page.locator('.unit-chip', { hasText: /request|response/ }).all()) {
      await chip.click();
      const octets = Number(/ ([\d,]+) B, header/.exec((await chip.textContent()) ?? '')?.[1]?.replace(',', ''));
      await page.locator('.unit-size', { hasText: `${octets} B measured, ${octets} B expected` }).waitFor();
      const fields = page.locator('.part', { hasText: 'header fields' });
      assert.equal(await fields.getAttribute('aria-pressed'), 'true', 'marked at once');
      const marked = (await page.locator('.hex .is-part').allTextContents()).join('').replaceAll(/[^0-9a-f]/g, '').length / 2;
      assert.equal(await fields.locator('b').textContent(), `${marked} B`);
      assert.ok(marked > 100 && marked < octets);
      sum += octets;
    }
    assert.ok(sum > 1_000, `${sum} octets around 17 of text`);
    const words = (await page.locator('.message-sum').textContent()) ?? '';
    assert.ok(words.includes(`${sum.toLocaleString('en')} B of them start lines and header fields`), words);
    assert.ok(words.includes('passed for 17 B of text'), words);
  }));

test('on a phone a message leads to its bytes, too, and nothing is wider than the page', () =>
  withPage({ viewport: { width: 390, height: 844 }, hasTouch: true }, async (page) => {
    await page.locator('#tab-raw-websocket').click();
    await sayAndFollow(page, 'raw-websocket', 'from a phone', 2);
    assert.equal(await page.locator('.word.is-current b').textContent(), 'masking key');
    const key = await page.locator('.hex .is-current').first().boundingBox();
    assert.ok(key && key.y + key.height < 844 && key.x + key.width < 390, 'to be seen without scrolling');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  }));

test('pause, filter, copy and the capture, of what really passed', () =>
  withPage({ permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true }, async (page) => {
    await crosstalk.speak(5);
    await page.locator('#panel-raw-websocket .strip').click();
    await page.getByLabel('Kind', { exact: true }).selectOption('with chat messages');
    const rows = page.locator('.wire-row:visible');
    await rows.filter({ hasText: 'text' }).nth(3).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    const last = await rows.last().textContent();
    await page.locator('.wire-status', { hasText: /^Paused; [\d,]+ more ha/ }).waitFor();
    assert.equal(await rows.last().textContent(), last);
    for (const text of await rows.locator('.cell-who').allTextContents()) assert.equal(text, 'Raw WS');
    await rows.last().click();
    await page.locator('.word').first().waitFor();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.locator('.wire-status', { hasText: 'Copied' }).waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /payload: .*"user":"speaker"/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save raw-websocket.pcapng' }).click()]);
    const capture = await readFile(await download.path());
    assert.equal(capture.readUInt32LE(0), 0x0a0d0d0a, 'a pcapng section');
    assert.ok(capture.includes('GET /messages'), 'the opening handshake is in it');
  }));

test('a disturbance is on for all, seen in the delivery times, and put back with one click', () =>
  withPage({}, async (page) => {
    await page.getByRole('button', { name: 'Disturb', exact: true }).click();
    await page.getByRole('slider', { name: 'Delay each way' }).fill('300');
    await page.locator('#panel-raw-websocket .means', { hasText: 'theory 300 ms' }).waitFor();
    await crosstalk.post('brian', 'a little later');
    await panel(page, 'raw-websocket').getByText('a little later').waitFor();
    await page.locator('#panel-raw-websocket .means', { hasText: /mean (3\d0|[4-9]\d0|\d\.\d+) m?s/ }).waitFor();
    await page.getByRole('button', { name: 'Put back: Delay each way' }).click();
    await page.locator('#panel-raw-websocket .means', { hasText: 'theory 0 ms' }).waitFor();
    const told = await fetch(`${crosstalk.page}wire/disturbances/all`, { method: 'PUT', body: '{}' });
    for (const one of Object.values(/** @type {Record<string, { delay_ms: number }>} */ (await told.json()))) assert.equal(one.delay_ms, 0);
  }));

test('the counts of a transport are shown whole: the layers are all there is', () =>
  withPage({}, async (page) => {
    await crosstalk.speak(20);
    for (const name of TRANSPORTS) {
      const cells = page.locator(`#panel-${name} tbody tr`).nth(2).locator('td');
      await cells.last().filter({ hasText: /^\d/ }).waitFor();
    }
    await crosstalk.speak(0);
    // The last units are complete when the figures rest.
    await page.locator('#panel-raw-websocket .figure', { hasText: 'last byte' }).filter({ hasText: '2 s' }).waitFor();
    for (const name of TRANSPORTS) {
      for (const row of [0, 2]) {
        const texts = await page.locator(`#panel-${name} tbody tr`).nth(row).locator('td').allTextContents();
        const numbers = texts.map((text) => Number(text.replaceAll(',', '')));
        const all = numbers.pop() ?? NaN;
        const sum = numbers.reduce((total, number) => total + number, 0);
        assert.ok(Math.abs(all - sum) <= numbers.length / 2 + all / 50, `${name}: ${texts.join(' ')}`);
      }
    }
  }));

/** Of so many messages are the means that are compared with theory. */
const MESSAGES = 60;
/** By how much deliveries differ at 200 ms each way, where they do: a pause and a round trip, or a round trip. @type {Record<string, number>} */
const LATEST_LESS_SOONEST_MS = { polling: 1_400, 'long-polling': 400 };

test('delivery times differ as theory says: streams and sockets before long polling before polling', () =>
  withPage({}, async (page) => {
    await crosstalk.tellWire('PUT', 'disturbances/all', { delay_ms: 200 });
    await crosstalk.speak(5);
    await page.locator('#panel-polling .means', { hasText: 'theory 900 ms' }).waitFor();
    await page.waitForFunction((least) => Number(/of ([\d,]+) messages/.exec(document.querySelector('#panel-polling .mean-words')?.getAttribute('title') ?? '')?.[1]) >= least, MESSAGES, { timeout: 60_000 });
    /** @type {Map<string, { mean: number, theory: number }>} */
    const means = new Map();
    for (const name of TRANSPORTS) {
      const [mean = NaN, theory = NaN] = (await page.locator(`#panel-${name} .means b`).allTextContents()).map(milliseconds);
      // A mean of so many, each anywhere between the soonest and the latest, is itself by chance: four standard errors.
      const chance = (4 * (LATEST_LESS_SOONEST_MS[name] ?? 0)) / Math.sqrt(12 * MESSAGES);
      assert.ok(mean >= 0.9 * theory - chance, `${name}: nothing is faster than its theory, ${mean} ms, ${theory} ms`);
      means.set(name, { mean, theory });
    }
    const of = (/** @type {string} */ name) => means.get(name) ?? { mean: NaN, theory: NaN };
    for (const name of ['http2-streaming', 'raw-websocket', 'tungstenite-websocket']) {
      assert.equal(of(name).theory, 200);
      assert.ok(of(name).mean < of('long-polling').mean, `${name} is before long polling`);
    }
    assert.ok(of('long-polling').theory > 330 && of('long-polling').theory <= 400, String(of('long-polling').theory));
    assert.ok(of('long-polling').mean < of('polling').mean);
    await crosstalk.tellWire('PUT', 'disturbances/all', { bandwidth: 65_536 });
    await page.locator('#panel-polling .means', { hasText: 'theory –' }).waitFor();
  }));

/** @param {string} text such as `900 ms` or `1.02 s` */
function milliseconds(text) {
  const [number = '', unit] = text.split(' ');
  return Number(number) * (unit === 's' ? 1_000 : 1);
}
