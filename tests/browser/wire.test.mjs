/** The wire on the side-by-side page, over a server whose `/wire/*` is made up (wire-mock.mjs). */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { connected, Crosstalk, launch, panel, TRANSPORTS, withSideBySide } from './crosstalk.mjs';
import { WireMock } from './wire-mock.mjs';

/** @import { Browser, Page } from 'playwright-core' */

/** @type {Crosstalk} */
let crosstalk;
/** @type {Browser} */
let browser;

before(async () => {
  crosstalk = await Crosstalk.start('--post-rate', '0');
  await crosstalk.post('brian', 'before the wire');
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await crosstalk?.stop();
});

/**
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(page: Page, mock: WireMock) => Promise<void>} body
 */
async function withWire(options, body) {
  const mock = await WireMock.start();
  try {
    const told = async (/** @type {Page} */ page) => {
      await page.locator('.instruments').first().waitFor({ state: 'attached' });
      mock.connect();
      await body(page, mock);
    };
    await withSideBySide(browser, crosstalk, options, told, (context) => mock.standIn(context));
  } finally {
    await mock.stop();
  }
}

/** @param {Page} page */
async function openView(page) {
  await page.getByRole('button', { name: 'Wire', exact: true }).click();
  await page.locator('.wire-row:visible').first().waitFor();
}

/**
 * Opens the view and chooses the newest line of a transport that has this text.
 * @param {Page} page
 * @param {string} transport
 * @param {string} text
 */
async function choose(page, transport, text) {
  await openView(page);
  await page.getByLabel('Transport', { exact: true }).selectOption(transport);
  await page.waitForFunction((name) => [...document.querySelectorAll('.wire-row:not([hidden])')].every((row) => row.getAttribute('data-transport') === name), transport);
  await page.locator('.wire-row:visible', { hasText: text }).last().click();
  await page.locator('.word').first().waitFor();
}

test('a server without taps shows nothing of the wire', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  try {
    await context.route('**/wire/events', (route) => route.fulfill({ status: 404 }));
    const page = await context.newPage();
    await page.goto(crosstalk.page);
    await connected(page);
    assert.equal(await page.locator('.wire-controls').isVisible(), false);
    assert.equal(await page.locator('.instruments').count(), 0);
  } finally {
    await context.close();
  }
});

test('each panel leaves room for its strip and figures, under its head', () =>
  withWire({}, async (page) => {
    for (const name of TRANSPORTS) {
      const box = await page.locator(`#panel-${name} .instruments`).boundingBox();
      const head = await panel(page, name).locator('#head').boundingBox();
      assert.ok(box && head);
      assert.ok(Math.abs(box.y - head.y - head.height) < 1.5, `${name}: ${box.y} under ${head.y + head.height}`);
      await panel(page, name).locator('html[style*="--room"]').waitFor();
      const next = await panel(page, name).locator('.conversation').boundingBox();
      assert.ok(next && next.y >= box.y + box.height - 1.5, `${name}: the conversation begins below`);
    }
  }));

/**
 * Whether a strip's canvas has anything on it, and where it has been moved.
 * @param {Page} page
 * @param {string} name
 */
function strip(page, name) {
  return page.locator(`#panel-${name} canvas`).first().evaluate((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element);
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
    let painted = 0;
    for (let index = 3; index < pixels.length; index += 4) painted += Number((pixels[index] ?? 0) > 0);
    return { painted, transform: getComputedStyle(canvas).transform };
  });
}

test('the strips draw what passes, and move', () =>
  withWire({}, async (page, mock) => {
    mock.say();
    for (const name of TRANSPORTS.filter((one) => one !== 'polling')) {
      await page.waitForFunction((id) => {
        const canvas = /** @type {HTMLCanvasElement | null} */ (document.querySelector(`#panel-${id} canvas`));
        const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels?.some((value, index) => index % 4 === 3 && value > 0);
      }, name);
      const { transform } = await strip(page, name);
      await page.waitForFunction(([id, before]) => {
        const canvas = document.querySelector(`#panel-${id} canvas`);
        return canvas !== null && getComputedStyle(canvas).transform !== before;
      }, [name, transform]);
    }
    assert.equal((await strip(page, 'polling')).painted, 0, 'it has asked nothing yet');
  }));

test('where motion is not wanted the strips step once a second', () =>
  withWire({ reducedMotion: 'reduce' }, async (page, mock) => {
    mock.say();
    const moves = await page.evaluate(async () => {
      const canvas = document.querySelector('#panel-raw-websocket canvas');
      let seen = 0;
      const observer = new MutationObserver((all) => (seen += all.length));
      if (canvas) observer.observe(canvas, { attributes: true, attributeFilter: ['style'] });
      const start = performance.now();
      await new Promise((resolve) => {
        const frame = () => (performance.now() - start > 2_500 ? resolve(undefined) : requestAnimationFrame(frame));
        frame();
      });
      return seen;
    });
    assert.ok(moves >= 1 && moves <= 4, `${moves} moves in 2.5 s`);
  }));

test('figures are what was counted: bytes a message by layer, requests, deliveries, and begin anew', () =>
  withWire({}, async (page, mock) => {
    const of = (/** @type {string} */ name) => page.locator(`#panel-${name} .figures`);
    // Reported with all that was counted before.
    mock.event('polling', { kind: 'marker' });
    await page.locator('#wire-view option[value=marker]').waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Count anew' }).click();
    for (let count = 0; count < 4; count += 1) mock.say();
    const down = of('http2-streaming').locator('tbody tr').nth(2).locator('td');
    await down.last().filter({ hasText: '142' }).waitFor();
    assert.deepEqual(await down.allTextContents(), ['2', '109', '9', '0', '22', '0', '142']);
    const up = of('raw-websocket').locator('tbody tr').first().locator('td');
    assert.deepEqual(await up.allTextContents(), ['2', '40', '6', '0', '0', '0', '48']);
    assert.equal(await of('long-polling').locator('dd').nth(2).textContent(), '4');
    await of('long-polling').locator('.expected', { hasText: /^last exchange [\d,]+ B, expected [\d,]+ B: a reason in words$/ }).waitFor();

    await crosstalk.post('brian', 'to be timed');
    await of('polling').locator('dd').first().filter({ hasText: /m?s$/ }).waitFor();
    await page.getByRole('button', { name: 'Count anew' }).click();
    assert.equal(await of('polling').locator('dd').first().textContent(), '–');
    assert.equal(await up.last().textContent(), '–', 'without a message there is nothing to share');
  }));

test('a panel that loses its connection counts one reconnect, however many tries it takes', () =>
  withWire({}, async (page) => {
    const reconnects = (/** @type {string} */ name) => page.locator(`#panel-${name} dd`).nth(3);
    await reconnects('raw-websocket').filter({ hasText: /^0$/ }).waitFor();
    await crosstalk.kill();
    await panel(page, 'raw-websocket').getByText('Disconnected').waitFor();
    await reconnects('raw-websocket').filter({ hasText: /^1$/ }).waitFor();
    await crosstalk.run();
    await connected(page);
    for (const name of TRANSPORTS) assert.equal(await reconnects(name).textContent(), '1', name);
  }));

test('bytes and words of a unit tile it, and lead to one another: by pointer and by keyboard', () =>
  withWire({}, async (page, mock) => {
    mock.say();
    await choose(page, 'raw-websocket', 'text, 42');
    const words = await page.locator('.word b').allTextContents();
    assert.deepEqual(words, ['FIN, RSV, opcode', 'MASK, payload length', 'masking key', 'payload']);
    const hex = (await page.locator('.hex').allTextContents()).join(' ').replaceAll(/\s+/g, '');
    const unit = mock.units.find(({ transport }) => transport === 'raw-websocket');
    const recorded = mock.units.find(({ transport, kind }) => transport === 'raw-websocket' && kind === 'text') ?? unit;
    assert.equal(hex, Buffer.from(recorded?.octets ?? '', 'base64').toString('hex'));
    assert.ok((await page.locator('.word').first().locator('.bits tr').count()) >= 5, 'bit by bit');

    const current = () => page.locator('.hex .is-current').allTextContents();
    await page.locator('.word').nth(2).hover();
    const key = (await current()).join(' ');
    assert.match(key, /^([0-9a-f]{2} ?){4}$/, 'the masking key');
    await page.locator('.hex [data-span="0"]').first().hover();
    assert.equal(await page.locator('.word.is-current b').textContent(), 'FIN, RSV, opcode');

    await page.locator('.unit-octets').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('.word.is-current b').textContent(), 'masking key');
    await page.locator('.word.is-current button').focus();
    await page.keyboard.press('ArrowUp');
    assert.equal(await page.locator('.word.is-current b').textContent(), 'MASK, payload length');
    assert.equal((await current()).join('').length, 2, 'its one byte');
  }));

test('texts of the wire are shown as texts', () =>
  withWire({}, async (page, mock) => {
    const hostile = '<img src=x onerror=window.pwned=1>';
    mock.units.unshift({
      transport: 'polling', from: 'client', kind: hostile, name: hostile, octets: Buffer.from('<img>').toString('base64'),
      spans: [{ start: 0, end: 5, name: hostile, value: hostile, meaning: hostile, rfc: `javascript:${hostile}`, bits: [{ from: 0, to: 39, name: hostile, value: hostile, meaning: hostile }], steps: [{ name: hostile, value: hostile }] }],
    });
    mock.event('polling', { kind: hostile, from: 'client', name: hostile });
    await choose(page, 'polling', hostile);
    assert.equal(await page.locator('.word b').textContent(), hostile);
    assert.equal(await page.locator('.wire-view img').count(), 0);
    assert.equal(await page.locator('.wire-view a.rfc').count(), 0, 'what is no RFC is no link');
    assert.equal(await page.evaluate(() => 'pwned' in window), false);
  }));

test('the list is live until it is paused, filters, is bounded, and goes on', () =>
  withWire({}, async (page, mock) => {
    mock.say();
    await openView(page);
    const list = page.getByRole('listbox', { name: 'What passed on the wire' });
    await page.getByRole('button', { name: 'Pause' }).click();
    const before = await list.locator('[role=option]:visible').last().textContent();
    for (let count = 0; count < 1_200; count += 1) mock.say();
    await page.locator('.wire-status', { hasText: /^Paused; [\d,]+ more have passed$/ }).waitFor();
    assert.equal(await list.locator('[role=option]:visible').last().textContent(), before, 'what is looked at stays');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByLabel('Kind', { exact: true }).selectOption('DATA');
    await page.waitForFunction(() => [...document.querySelectorAll('.wire-row:not([hidden]) .cell-kind')].every((cell) => cell.textContent === 'DATA'));
    const size = Number(await list.locator('[role=option]:visible').last().getAttribute('aria-setsize'));
    assert.ok(size > 100 && size <= 3_000, String(size));
    assert.ok((await list.locator('[role=option]').count()) < 60, 'only what is seen are elements');
    await list.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    const chosen = list.locator('[aria-selected=true]');
    assert.equal(await chosen.getAttribute('aria-posinset'), String(size - 1));
    assert.equal(await list.getAttribute('aria-activedescendant'), await chosen.getAttribute('id'));
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.wire-view').isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Wire', 'where one came from');
  }));

test('the strip opens the view on its transport; the unit is copied, the capture saved', () =>
  withWire({ permissions: ['clipboard-read', 'clipboard-write'] }, async (page, mock) => {
    mock.say();
    await page.locator('#panel-raw-websocket .strip').click();
    assert.equal(await page.getByLabel('Transport', { exact: true }).inputValue(), 'raw-websocket');
    const save = page.getByRole('link', { name: 'Save raw-websocket.pcapng' });
    assert.equal(await save.getAttribute('href'), '/wire/capture/raw-websocket.pcapng');
    await page.locator('.wire-row:visible', { hasText: 'text, 42' }).last().click();
    await page.locator('.word').first().waitFor();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.locator('.wire-status', { hasText: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /masking key: [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2}\n/);
  }));

test('a disturbance is asked for, shown as the server says it, and put back with one click', () =>
  withWire({}, async (page, mock) => {
    await page.getByRole('button', { name: 'Disturb', exact: true }).click();
    const delay = page.getByRole('slider', { name: 'Delay each way' });
    await delay.fill('200');
    await page.getByRole('button', { name: 'Put back: Delay each way' }).waitFor();
    assert.deepEqual([...mock.disturbances.values()].map((one) => one.delay_ms), [200, 200, 200, 200, 200]);
    await page.getByRole('button', { name: 'Disturb: 1 on' }).waitFor();

    await page.locator('.disturb-target select').selectOption('polling');
    await page.getByRole('slider', { name: 'Requests failing' }).fill('0.5');
    await page.getByRole('button', { name: 'Disturb: 2 on' }).waitFor();
    assert.deepEqual([...mock.disturbances.values()].map((one) => one.fail_share), [0.5, 0, 0, 0, 0]);
    await page.getByRole('button', { name: 'Put back: Delay each way' }).click();
    await page.locator('.disturb-target select').selectOption('all');
    await page.locator('.control', { hasText: 'Delay' }).locator('output', { hasText: 'differs' }).waitFor();

    await page.getByRole('slider', { name: 'Speaker, to all' }).fill('5');
    await page.getByRole('button', { name: 'Put back: Speaker, to all' }).waitFor();
    assert.equal(mock.speaker, 5);
    await page.getByRole('button', { name: 'Put all back' }).click();
    await page.getByRole('button', { name: 'Disturb', exact: true }).waitFor();
    assert.equal(mock.speaker, 0);
    for (const one of mock.disturbances.values()) assert.deepEqual(new Set(Object.values(one)), new Set([0]));

    await delay.fill('990');
    await page.locator('.disturb-status', { hasText: 'Not done: `delay_ms` must be a whole number from 0 to 1000' }).waitFor();
    assert.equal(await delay.inputValue(), '0', 'what was refused is not shown as if it were on');
  }));

test('cut, blackhole and restart are asked for, for the chosen transport', () =>
  withWire({}, async (page, mock) => {
    await page.getByRole('button', { name: 'Disturb', exact: true }).click();
    const posts = () => mock.asked.filter(({ method }) => method === 'POST');
    for (const [title, path] of [['Cut now', '/wire/cut/all'], ['Blackhole', '/wire/blackhole/all'], ['Restart', '/wire/restart/all']]) {
      await page.getByRole('button', { name: title ?? '', exact: true }).click();
      await page.locator('.disturb-status', { hasText: `${title}: done` }).waitFor();
      assert.equal(posts().at(-1)?.path, path);
    }
    assert.deepEqual(posts().map(({ content }) => content), [{}, { seconds: 5 }, { seconds: 2 }]);
  }));

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const viewport of [{ width: 1920, height: 1080 }, { width: 390, height: 844 }]) {
    test(`axe finds nothing, ${colorScheme}, ${viewport.width} pixels`, () =>
      withWire({ colorScheme, viewport, reducedMotion: 'reduce' }, async (page, mock) => {
        mock.say();
        await page.getByRole('button', { name: 'Disturb', exact: true }).click();
        await page.getByRole('slider', { name: 'Delay each way' }).fill('200');
        await page.getByRole('button', { name: 'Put back: Delay each way' }).waitFor();
        await accessible(page, 'disturbances');
        await choose(page, 'raw-websocket', 'text, 42');
        await accessible(page, 'wire view');
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
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
