/** The side-by-side page: what is said in any panel is seen in all, as it was written. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { connected, Crosstalk, launch, panel, TRANSPORTS, withSideBySide } from './crosstalk.mjs';

/** @import { Browser, BrowserContext, Page } from 'playwright-core' */

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
 * @param {(page: Page, context: BrowserContext) => Promise<void>} body
 */
function withPage(options, body) {
  return withSideBySide(browser, crosstalk, options, body);
}

/**
 * The rows of a panel with this text.
 * @param {Page} page
 * @param {string} name
 * @param {string} text
 */
function rows(page, name, text) {
  return panel(page, name).locator('.message .text').filter({ hasText: text });
}

/**
 * @param {Page} page
 * @param {string} text
 */
async function shownByAll(page, text) {
  await Promise.all(TRANSPORTS.map((name) => rows(page, name, text).first().waitFor({ state: 'attached' })));
}

for (const sender of TRANSPORTS) {
  test(`a message sent in the panel of ${sender} is shown once in all five, and timed`, () =>
    withPage({}, async (page) => {
      await page.locator('#user').fill('Ada');
      const text = `from ${sender} ${Date.now()}`;
      await panel(page, sender).locator('#text').fill(text);
      await panel(page, sender).locator('#text').press('Enter');
      await shownByAll(page, text);
      for (const name of TRANSPORTS) {
        assert.equal(await rows(page, name, text).count(), 1, name);
        const delivery = panel(page, name).locator('#delivery');
        assert.match((await delivery.textContent()) ?? '', /^(< )?[\d.]+ (ms|s)$/);
        // The panels told one another when Enter was pressed.
        assert.match((await delivery.getAttribute('title')) ?? '', /Enter was pressed/);
      }
      assert.equal(await panel(page, sender).locator('.post').count(), 0, 'the pending row has become the message');
      assert.equal(await panel(page, sender).locator('.message.own').filter({ hasText: text }).count(), 1);
    }));
}

test('the composer of the page says it on all five, or on one', () =>
  withPage({}, async (page) => {
    await page.locator('#user').fill('Ada');
    const onAll = `on all ${Date.now()}`;
    await page.locator('#text').fill(onAll);
    await page.locator('#text').press('Enter');
    for (const name of TRANSPORTS) await rows(page, name, onAll).nth(4).waitFor();
    for (const name of TRANSPORTS) assert.equal(await rows(page, name, onAll).count(), 5, name);

    const onOne = `on one ${Date.now()}`;
    await page.locator('#target').selectOption('long-polling');
    await page.locator('#text').fill(onOne);
    await page.locator('#text').press('Enter');
    await shownByAll(page, onOne);
    for (const name of TRANSPORTS) assert.equal(await rows(page, name, onOne).count(), 1, name);
  }));

test('texts of every length that changes a frame arrive whole, on every transport', () =>
  withPage({}, async (page) => {
    await page.locator('#user').fill('Ada');
    for (const length of [1, 99, 100, 125, 126, 2_000]) {
      const text = String.fromCodePoint(0x1f600 + (length % 64)).repeat(length);
      await page.locator('#text').fill(text);
      await page.locator('#text').press('Enter');
      for (const name of TRANSPORTS) await panel(page, name).locator('.message .text').getByText(text, { exact: true }).nth(4).waitFor();
    }
  }));

test('all five show the same messages in the same order', () =>
  withPage({}, async (page) => {
    await page.locator('#user').fill('Ada');
    for (let count = 0; count < 6; count += 1) {
      await page.locator('#text').fill(`round ${count}`);
      await page.locator('#text').press('Enter');
    }
    await crosstalk.post('end', 'the end of the rounds');
    await shownByAll(page, 'the end of the rounds');
    for (const name of TRANSPORTS) await rows(page, name, 'round 5').nth(4).waitFor({ state: 'attached' });
    const lists = await Promise.all(TRANSPORTS.map((name) => panel(page, name).locator('.message .text').allTextContents()));
    for (const list of lists) assert.deepEqual(list, lists[0]);
  }));

/** What must be shown as the characters it is. The control characters stand for those that the log accepts. */
const TEXTS = [
  '<script>window.pwned=1</script>',
  '<img src=x onerror=alert(1)>',
  '<img src=x onerror=pwned=1>',
  '<svg/onload=pwned=1>',
  '"><iframe srcdoc="<script>parent.pwned=1</script>">',
  '</textarea><script>pwned=1</script>',
  'javascript:pwned=1',
  '&lt;b&gt;bold&lt;/b&gt;',
  '{{7*7}}',
  '${7*7}',
  'one\u2028two',
  `z${'\u0301'.repeat(1_999)}`,
  '\u202eright to left',
  '\u200fmark',
  'x'.repeat(2_000),
  'line\n'.repeat(300),
];
const USERS = ['<script>pwned=1</script>', '<img src=x onerror=alert(1)>', '__proto__', 'constructor', '\u202eevil', '"><iframe>', 'x'.repeat(32)];

test('what people write is text everywhere: no element, no script, no broken row', () =>
  withPage({}, async (page) => {
    await page.addInitScript(() => (window.alert = () => void Object.assign(window, { pwned: 1 })));
    await page.reload();
    await connected(page);
    const elements = () => Promise.all(page.frames().map((frame) => frame.locator('script,img,svg,iframe,object,embed').count()));
    const before = await elements();
    for (const text of TEXTS) await crosstalk.post('brian', text);
    for (const user of USERS) await crosstalk.post(user, `by ${user}`);
    // As typed by a user, in a panel and in the page's composer.
    await page.locator('#user').fill('<img src=x onerror=alert(1)>');
    await page.locator('#text').fill('<b>typed</b>');
    await page.locator('#text').press('Enter');
    for (const name of TRANSPORTS) await rows(page, name, '<b>typed</b>').nth(4).waitFor();

    for (const name of TRANSPORTS) {
      const texts = await panel(page, name).locator('.message .text').allTextContents();
      for (const text of TEXTS) assert.ok(texts.includes(text), `${name}: ${text.slice(0, 40)}`);
      const users = await panel(page, name).locator('.message bdi.user').allTextContents();
      for (const user of USERS) assert.ok(users.includes(user), `${name}: ${user}`);
      const heights = await panel(page, name).locator('.message').evaluateAll((all) => all.map((row) => row.getBoundingClientRect()));
      const width = await panel(page, name).locator('#messages').evaluate((log) => log.getBoundingClientRect().right);
      for (const { height, right } of heights) assert.ok(height < 420 && right <= width + 1, `${name}: ${height} ${right}`);
      assert.ok(await panel(page, name).locator('#conversation').evaluate((log) => log.scrollWidth <= log.clientWidth));
    }
    assert.deepEqual(await elements(), before);
    for (const frame of page.frames()) assert.equal(await frame.evaluate(() => 'pwned' in window), false, frame.url());
  }));

test('what the log would refuse is not sent, and the rule is named', () =>
  withPage({}, async (page) => {
    const polling = panel(page, 'polling');
    assert.ok(await polling.locator('#send').isDisabled());
    assert.match((await polling.locator('#hint').textContent()) ?? '', /name is needed/);
    await page.locator('#user').fill('x'.repeat(33));
    assert.match((await page.locator('#hint').textContent()) ?? '', /at most 32 characters; this one has 33/);
    await page.locator('#user').fill('Ada');
    await polling.locator('#text').fill('x'.repeat(1_700));
    await polling.locator('#hint', { hasText: '1,700 of 2,000 characters' }).waitFor();
    await polling.locator('#text').fill('x'.repeat(2_001));
    await polling.locator('#hint', { hasText: 'at most 2,000 characters; this one has 2,001' }).waitFor();
    assert.ok(await polling.locator('#send').isDisabled());
    await polling.locator('#text').press('Enter');
    assert.equal(await polling.locator('.post').count(), 0);
    assert.equal(await polling.locator('#text').inputValue().then(({ length }) => length), 2_001, 'the draft stays');
    await polling.locator('#text').fill('a\u0000b\u0007');
    await polling.locator('#hint', { hasText: 'control characters' }).waitFor();
  }));

test('who reads at the end stays there while messages come and the wire view takes half the height', () =>
  withPage({}, async (page) => {
    for (let line = 1; line <= 20; line += 1) await crosstalk.post('Ada', `line ${line} of 20`);
    await shownByAll(page, 'line 20 of 20');
    await crosstalk.speak(20);
    for (let times = 0; times < 8; times += 1) {
      await page.getByRole('button', { name: 'Wire', exact: true }).click();
      await page.waitForTimeout(300);
    }
    await crosstalk.speak(0);
    for (const name of TRANSPORTS) {
      const fromEnd = await panel(page, name).locator('#conversation').evaluate(async (scroller) => {
        const distance = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
        for (let frames = 0; frames < 60 && distance() > 8; frames += 1) await new Promise(requestAnimationFrame);
        return distance();
      });
      assert.ok(fromEnd <= 8, `${name} is ${fromEnd} pixels from its end`);
    }
  }));

test('the keyboard is enough', () =>
  withPage({}, async (page) => {
    await page.locator('#user').focus();
    await page.keyboard.type('Grace');
    await page.keyboard.press('Tab');
    await page.keyboard.type('by key');
    await page.keyboard.press('Enter');
    await rows(page, 'polling', 'by key').nth(4).waitFor();
    // On through the page's controls into the first panel: its theme switch is hidden, its conversation is not.
    const first = panel(page, 'polling');
    const isThere = () =>
      first.locator('#text').evaluate((field) => field === document.activeElement && document.hasFocus());
    for (let steps = 0; steps < 20 && !(await isThere()); steps += 1) await page.keyboard.press('Tab');
    assert.ok(await isThere(), 'within 20 steps');
    await page.keyboard.type('first line');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second line');
    await page.keyboard.press('Enter');
    await shownByAll(page, 'first line\nsecond line');
  }));

test('the theme is handed to the panels and kept', () =>
  withPage({ colorScheme: 'light' }, async (page) => {
    const paper = () => panel(page, 'raw-websocket').locator('.chat').evaluate((chat) => getComputedStyle(chat).backgroundColor);
    const light = await paper();
    const button = page.locator('#theme-switch');
    await button.click();
    await button.click();
    assert.equal(await button.getAttribute('aria-label'), 'Theme: dark');
    for (const name of TRANSPORTS) await panel(page, name).locator('html[data-theme=dark]').waitFor();
    assert.notEqual(await paper(), light);
    await page.reload();
    await connected(page);
    await panel(page, 'raw-websocket').locator('html[data-theme=dark]').waitFor();
    assert.notEqual(await paper(), light);
  }));

test('the name is kept', () =>
  withPage({}, async (page) => {
    await page.locator('#user').fill('Ada');
    await page.reload();
    await connected(page);
    assert.equal(await page.locator('#user').inputValue(), 'Ada');
    await panel(page, 'http2-streaming').locator('#text:enabled').waitFor();
  }));

test('one panel speaks to screen readers: the one that was used last', () =>
  withPage({}, async (page) => {
    const live = () => Promise.all(TRANSPORTS.map((name) => panel(page, name).locator('#messages').getAttribute('aria-live')));
    await panel(page, 'polling').locator('#messages[aria-live=polite]').waitFor({ state: 'attached' });
    assert.deepEqual(await live(), ['polite', 'off', 'off', 'off', 'off']);
    await panel(page, 'raw-websocket').locator('#conversation').click();
    await panel(page, 'raw-websocket').locator('#messages[aria-live=polite]').waitFor({ state: 'attached' });
    await panel(page, 'polling').locator('#messages[aria-live=off]').waitFor({ state: 'attached' });
    assert.deepEqual(await live(), ['off', 'off', 'off', 'polite', 'off']);
  }));

test('on a phone the panels are tabs, with the delivery times in their row', () =>
  withPage({ viewport: { width: 390, height: 844 }, hasTouch: true }, async (page) => {
    await page.locator('#user').fill('Ada');
    await page.locator('#text').fill('to all tabs');
    await page.locator('#text').press('Enter');
    for (const name of TRANSPORTS) await page.locator(`#tab-${name} .tab-figure`, { hasText: /m?s$/ }).waitFor();
    assert.ok(await page.locator('#panel-polling').isVisible());
    await page.locator('#tab-raw-websocket').tap();
    assert.ok(await page.locator('#panel-raw-websocket').isVisible());
    assert.equal(await page.locator('#panel-polling').isVisible(), false);
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('#tab-tungstenite-websocket').getAttribute('aria-selected'), 'true');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    for (const name of TRANSPORTS) {
      await page.goto(`${crosstalk.origin(name)}/`);
      await page.locator('#state[data-state=connected]').waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
    }
  }));

test('between phone and wide screen the panels keep 280 pixels and scroll sideways', () =>
  withPage({ viewport: { width: 1000, height: 800 } }, async (page) => {
    const widths = await page.locator('.side-panel').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
    for (const width of widths) assert.ok(width >= 280, String(width));
    assert.ok(await page.locator('#panels').evaluate((all) => all.scrollWidth > all.clientWidth));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  }));

test('a panel obeys its parent only, on its own host', () =>
  withPage({}, async (page, context) => {
    await page.locator('#user').fill('Ada');
    const raw = page.frames().find((frame) => frame.url().startsWith(crosstalk.origin('raw-websocket')));
    const polling = page.frames().find((frame) => frame.url().startsWith(crosstalk.origin('polling')));
    assert.ok(raw && polling);
    // From another frame, not its parent.
    const origin = crosstalk.origin('raw-websocket');
    await polling.evaluate((target) => {
      // Given to the one frame of that origin.
      for (let index = 0; index < parent.frames.length; index += 1) {
        const frame = parent.frames[index];
        frame?.postMessage({ type: 'post', text: 'forged', nonce: 'forged', sentAt: 0 }, target);
        frame?.postMessage({ type: 'settings', name: 'Mallory', theme: 'dark', isLive: true }, target);
      }
    }, origin);
    // Answered after them, so they were heard.
    const text = `after the forged ones ${Date.now()}`;
    await page.locator('#target').selectOption('raw-websocket');
    await page.locator('#text').fill(text);
    await page.locator('#text').press('Enter');
    await shownByAll(page, text);
    assert.equal(await rows(page, 'raw-websocket', 'forged').filter({ hasNotText: 'after' }).count(), 0);
    assert.equal(await raw.locator('#user').inputValue(), 'Ada');

    // A page of another origin cannot frame it at all.
    const stranger = await context.newPage();
    await stranger.route('http://localhost:9/', (route) => route.fulfill({ contentType: 'text/html', body: `<iframe src="${origin}/?panel"></iframe>` }));
    await stranger.goto('http://localhost:9/');
    await stranger.waitForLoadState();
    assert.equal(await stranger.frameLocator('iframe').locator('#composer').count(), 0);
  }));

/**
 * A program whose log is not yet full of what other tests said: each row costs axe its time.
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(page: Page, crosstalk: Crosstalk) => Promise<void>} body
 */
async function withFewMessages(options, body) {
  const crosstalk = await Crosstalk.start();
  try {
    await withSideBySide(browser, crosstalk, options, (page) => body(page, crosstalk));
  } finally {
    await crosstalk.stop();
  }
}

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const viewport of [{ width: 1920, height: 1080 }, { width: 390, height: 844 }]) {
    test(`axe finds nothing, ${colorScheme}, ${viewport.width} pixels`, () =>
      withFewMessages({ colorScheme, viewport, reducedMotion: 'reduce' }, async (page, crosstalk) => {
        await page.locator('#user').fill('Ada');
        await page.locator('#text').fill('for axe');
        await page.locator('#text').press('Enter');
        for (const name of TRANSPORTS) await rows(page, name, 'for axe').nth(4).waitFor({ state: 'attached' });
        await accessible(page, 'side by side');
        for (const name of TRANSPORTS) {
          await page.goto(`${crosstalk.origin(name)}/`);
          await page.locator('#state[data-state=connected]').waitFor();
          await page.locator('.message').first().waitFor();
          await accessible(page, name);
        }
        await page.goto(`${crosstalk.origin('http2-streaming')}/?trust=${crosstalk.port}`);
        await page.getByRole('heading', { name: 'Trusted' }).waitFor();
        await accessible(page, 'trusted');
      }));
  }
}

/**
 * @param {Page} page
 * @param {string} what
 */
async function accessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(found, [], what);
}
