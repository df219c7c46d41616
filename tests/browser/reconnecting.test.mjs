/** Connections that are cut, servers that fail or restart, tabs that are hidden: nothing is lost, nothing shown twice. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { connected, Crosstalk, launch, panel, TRANSPORTS } from './crosstalk.mjs';

/** @import { Browser, BrowserContext, Page, FrameLocator } from 'playwright-core' */

/** @type {Browser} */
let browser;
/** @type {Crosstalk} */
let crosstalk;
/** @type {BrowserContext} */
let context;
/** @type {Page} */
let page;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
  crosstalk = await Crosstalk.start('--history', '20');
  context = await browser.newContext({ viewport: { width: 1600, height: 900 }, ignoreHTTPSErrors: true });
  await context.addInitScript(() => localStorage.setItem('crosstalk.name', 'Ada'));
  page = await context.newPage();
});
afterEach(async () => {
  await context?.close();
  await crosstalk?.stop();
});

/** @param {string} name */
async function alone(name) {
  await page.goto(`${crosstalk.origin(name)}/`);
  await page.locator('#state[data-state=connected]').waitFor();
}

/**
 * @param {Page | FrameLocator} where
 * @param {string} text
 */
function message(where, text) {
  return where.locator('.message .text').filter({ hasText: text });
}

/**
 * @param {Page | FrameLocator} where
 * @param {string | RegExp} text
 */
function systemLine(where, text) {
  return where.locator('.row.system').filter({ hasText: text });
}

/** @param {string} text */
async function send(text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
}

test('a server that is killed and comes back: all five reconnect, the reset is told, nothing is lost or doubled', { timeout: 120_000 }, async () => {
  await page.goto(crosstalk.page);
  await connected(page);
  await crosstalk.post('brian', 'before');
  for (const name of TRANSPORTS) await message(panel(page, name), 'before').waitFor();
  await crosstalk.kill();
  for (const name of TRANSPORTS) {
    await panel(page, name).locator('#state:not([data-state=connected])').waitFor();
    await systemLine(panel(page, name), 'Disconnected').waitFor();
    assert.match((await panel(page, name).locator('#state-words').textContent()) ?? '', /^reconnecting( in \d+ s)?$/);
    // Written while there is no server: it waits.
    await panel(page, name).locator('#text').fill(`waited on ${name}`);
    await panel(page, name).locator('#text').press('Enter');
    await panel(page, name).locator('.post', { hasText: 'Waiting to be sent' }).waitFor();
  }
  await crosstalk.run();
  await crosstalk.post('brian', 'after');
  for (const name of TRANSPORTS) {
    const where = panel(page, name);
    await where.locator('#state[data-state=connected]').waitFor({ timeout: 40_000 });
    await systemLine(where, 'The server was restarted; the conversation starts anew.').waitFor({ timeout: 40_000 });
    for (const text of ['after', ...TRANSPORTS.map((sender) => `waited on ${sender}`)]) {
      await message(where, text).first().waitFor({ timeout: 40_000 });
    }
  }
  await crosstalk.post('brian', 'the end');
  for (const name of TRANSPORTS) {
    const where = panel(page, name);
    await message(where, 'the end').waitFor();
    for (const text of ['before', 'after', ...TRANSPORTS.map((sender) => `waited on ${sender}`)]) {
      const texts = await where.locator('.message .text').allTextContents();
      assert.equal(texts.filter((shown) => shown === text).length, 1, `${text} on ${name}`);
    }
    assert.equal(await where.locator('.post').count(), 0);
    assert.equal(await systemLine(where, 'Disconnected').count(), 1);
    assert.equal(await systemLine(where, /^Connected$/).count(), 2);
    assert.equal(await systemLine(where, 'restarted').count(), 1);
  }
});

test('polling pauses in a hidden tab, and catches up at once when it is shown', async () => {
  await page.addInitScript(() => {
    let state = 'visible';
    Object.defineProperty(document, 'visibilityState', { get: () => state });
    Object.assign(window, {
      show(/** @type {string} */ next) {
        state = next;
        document.dispatchEvent(new Event('visibilitychange'));
      },
    });
  });
  await alone('polling');
  let polls = 0;
  page.on('request', (request) => void (request.method() === 'GET' && request.url().includes('/messages') && (polls += 1)));
  await page.waitForRequest(/\/messages\?after=/);
  await page.evaluate("show('hidden')");
  // The one under way, or whose pause has begun, may still come; from then on there is silence. Time is the subject here.
  await page.waitForTimeout(1_500);
  polls = 0;
  await crosstalk.post('brian', 'while hidden');
  await page.waitForTimeout(2_500);
  assert.equal(polls, 0);
  assert.equal(await message(page, 'while hidden').count(), 0);
  const asked = page.waitForRequest(/\/messages\?after=/);
  const shownAt = Date.now();
  await page.evaluate("show('visible')");
  await asked;
  assert.ok(Date.now() - shownAt < 500, 'at once');
  await message(page, 'while hidden').waitFor();
});

test('polling never has two requests under way, and waits between them', async () => {
  /** @type {{ started: number, ended: number }[]} */
  const polls = [];
  let underWay = 0;
  let most = 0;
  await page.route(/\/messages/, async (route) => {
    underWay += 1;
    most = Math.max(most, underWay);
    const started = Date.now();
    const response = await route.fetch();
    // A server slower than the pause.
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    await route.fulfill({ response });
    underWay -= 1;
    polls.push({ started, ended: Date.now() });
  });
  await page.goto(`${crosstalk.origin('polling')}/`);
  while (polls.length < 3) await page.waitForResponse(/\/messages/);
  assert.equal(most, 1);
  for (const [index, { started }] of polls.entries()) {
    const last = polls[index - 1];
    if (last) assert.ok(started - last.ended >= 900, `${started - last.ended} ms`);
  }
});

for (const name of ['polling', 'long-polling', 'http2-streaming']) {
  test(`${name}: half of the answers are failures, and nothing is lost or doubled`, { timeout: 90_000 }, async () => {
    await alone(name);
    let count = 0;
    let failures = 0;
    await page.route(/\/messages/, async (route) => {
      count += 1;
      if (count % 2 === 0) return route.continue();
      failures += 1;
      // Half of the failures lose the answer to a request that was served.
      if (count % 4 === 1) await route.fetch().catch(() => undefined);
      return route.fulfill({ status: 500, contentType: 'text/html', body: '<h1>Internal Server Error</h1>' });
    });
    const texts = Array.from({ length: 6 }, (_, index) => `flaky ${index}`);
    await page.locator('#text').fill('');
    for (const text of texts) await send(text);
    await page.locator('#text').fill('half written');
    for (const text of texts) await message(page, text).waitFor({ timeout: 60_000 });
    assert.deepEqual((await page.locator('.message .text').allTextContents()).filter((text) => text.startsWith('flaky')), texts);
    assert.ok(failures >= 3, String(failures));
    assert.equal(await page.locator('#text').inputValue(), 'half written', 'what is being written stays');
    assert.equal(await page.locator('.post').count(), 0);
  });
}

test('a lost answer: the post is sent again with its nonce, and the log holds it once', async () => {
  await alone('long-polling');
  /** @type {string[]} */
  const nonces = [];
  await page.route(/\/messages$/, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    nonces.push(route.request().postDataJSON().nonce);
    if (nonces.length > 1) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await send('only once');
  await message(page, 'only once').waitFor();
  await crosstalk.post('brian', 'after it');
  await message(page, 'after it').waitFor();
  assert.equal(await message(page, 'only once').count(), 1);
  assert.ok(new Set(nonces).size === 1, nonces.join());
});

for (const name of TRANSPORTS) {
  test(`${name}: pending, refused, sent again, discarded`, async () => {
    await alone(name);
    // A draft that the page would not let through: the rule is the server's to tell.
    await page.evaluate(() => {
      const real = JSON.stringify;
      JSON.stringify = (/** @type {any} */ value) => real(value?.text === 'to be refused' ? { ...value, user: 'a\u0007b' } : value);
      Object.assign(window, { allow: () => (JSON.stringify = real) });
    });
    await send('to be refused');
    const row = page.locator('.post[data-state=failed]');
    await row.waitFor();
    assert.match((await row.locator('.post-state').textContent()) ?? '', /^Not sent: .*user/);
    assert.match((await page.locator('#problem').textContent()) ?? '', /^Not sent: .*user/);
    await send('goes on');
    await message(page, 'goes on').waitFor();
    await page.evaluate('allow()');
    await row.getByRole('button', { name: 'Send again' }).click();
    await message(page, 'to be refused').waitFor();
    assert.equal(await page.locator('.post').count(), 0);

    await page.evaluate(() => {
      const real = JSON.stringify;
      JSON.stringify = (/** @type {any} */ value) => real(value?.text === 'to be dropped' ? { ...value, user: '' } : value);
    });
    await send('to be dropped');
    await row.waitFor();
    await row.getByRole('button', { name: 'Discard' }).click();
    assert.equal(await page.locator('.post').count(), 0);
    assert.equal(await message(page, 'to be dropped').count(), 0);
  });
}

test('too fast: it waits as long as the server asks, and everything arrives in order', { timeout: 60_000 }, async () => {
  await crosstalk.stop();
  crosstalk = await Crosstalk.start('--post-rate', '2');
  for (const name of ['polling', 'raw-websocket']) {
    await alone(name);
    const texts = Array.from({ length: 8 }, (_, index) => `${name} fast ${index}`);
    for (const text of texts) await send(text);
    await page.locator('.post', { hasText: 'will be tried again' }).first().waitFor();
    for (const text of texts) await message(page, text).waitFor();
    assert.deepEqual((await page.locator('.message .text').allTextContents()).filter((text) => text.startsWith(`${name} fast`)), texts);
  }
});

test('a reader that fell too far behind is told how many messages it missed', async () => {
  await page.addInitScript(() => {
    let state = 'visible';
    Object.defineProperty(document, 'visibilityState', { get: () => state });
    Object.assign(window, {
      show(/** @type {string} */ next) {
        state = next;
        document.dispatchEvent(new Event('visibilitychange'));
      },
    });
  });
  await alone('polling');
  await crosstalk.post('brian', 'seen');
  await message(page, 'seen').waitFor();
  await page.evaluate("show('hidden')");
  // The poll whose pause has begun may still come.
  await page.waitForTimeout(1_500);
  for (let count = 1; count <= 32; count += 1) await crosstalk.post('brian', `unseen ${count}`);
  await page.evaluate("show('visible')");
  await systemLine(page, '12 earlier messages are no longer kept.').waitFor();
  await message(page, 'unseen 32').waitFor();
  assert.equal(await page.locator('.message').count(), 21);
});

test('offline is told, and ends by itself', async () => {
  await alone('polling');
  await context.setOffline(true);
  await page.locator('#state[data-state=offline]').waitFor();
  assert.equal(await page.locator('#state-words').textContent(), 'offline');
  await context.setOffline(false);
  await page.locator('#state[data-state=connected]').waitFor();
});

test('the page scrolls by itself only for a reader at the end', async () => {
  for (let count = 0; count < 20; count += 1) await crosstalk.post('brian', `old ${count}\n.\n.\n.`);
  await alone('raw-websocket');
  await message(page, 'old 19').waitFor();
  const log = page.locator('#conversation');
  const gap = () => log.evaluate((scroller) => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight);
  assert.ok((await gap()) < 2);
  await crosstalk.post('brian', 'at the end');
  await message(page, 'at the end').waitFor();
  assert.ok((await gap()) < 2);
  await log.evaluate((scroller) => (scroller.scrollTop = 0));
  await page.waitForFunction(() => document.querySelector('#conversation')?.scrollTop === 0);
  await crosstalk.post('brian', 'further on');
  const button = page.getByRole('button', { name: '1 new message' });
  await button.waitFor();
  assert.ok((await log.evaluate(({ scrollTop }) => scrollTop)) < 2);
  await button.click();
  assert.ok((await gap()) < 2);
  await button.waitFor({ state: 'hidden' });
});

test('the page keeps the newest 500 rows', { timeout: 60_000 }, async () => {
  await crosstalk.stop();
  crosstalk = await Crosstalk.start('--post-rate', '0');
  await alone('raw-websocket');
  for (let count = 0; count < 520; count += 1) await crosstalk.post('brian', `row ${count}`);
  await message(page, 'row 519').waitFor();
  assert.equal(await page.locator('#messages .row').count(), 500);
});
