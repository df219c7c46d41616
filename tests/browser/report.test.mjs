/** The report of the comparison: one page from a file, its calculator, screen readers, a phone's width. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { read, row, rule } from '../../crates/comparison/src/report/calculator.js';
import { binary, launch } from './crosstalk.mjs';

const RECORD = fileURLToPath(new URL('../../crates/comparison/tests/fixtures/record.json', import.meta.url));

/** @type {import('playwright-core').Browser} */
let browser;
let folder = '';
let address = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstalk-report-'));
  const program = resolve(dirname(binary()), 'comparison');
  const { stdout } = await promisify(execFile)(program, ['report', RECORD, '--into', folder]);
  address = pathToFileURL(stdout.trim()).href;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** @param {import('playwright-core').BrowserContextOptions} options */
async function open(options = {}) {
  const context = await browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('request', (request) => request.url().startsWith('file:') || errors.push(`asked for ${request.url()}`));
  await page.goto(address);
  return { page, errors, close: () => context.close() };
}

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`it opens offline, without an error, and screen readers can read it: ${colorScheme}`, async () => {
    const { page, errors, close } = await open({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0]?.html]), []);
    assert.deepEqual(errors, []);
    await close();
  });
}

test('each plot has a question as its title, a name for those who do not see it, and the same as a table', async () => {
  const { page, close } = await open();
  const plots = page.locator('figure.plot');
  assert.ok((await plots.count()) >= 4);
  for (const plot of await plots.all()) {
    const question = await plot.locator('h3').textContent();
    assert.match(question ?? '', /\?$/);
    for (const drawing of await plot.locator('svg').all()) {
      assert.ok((await drawing.getAttribute('aria-label'))?.startsWith(question ?? '-'));
    }
    assert.ok((await plot.locator('table tbody tr').count()) > 0, question ?? '');
  }
  await close();
});

test('a phone needs no scrolling sideways', async () => {
  const { page, close } = await open({ viewport: { width: 390, height: 844 } });
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(beyond <= 0, `${beyond} pixels`);
  await close();
});

test('the theme can be switched', async () => {
  const { page, close } = await open({ colorScheme: 'light' });
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await paper();
  await page.locator('#theme').click();
  assert.notEqual(await paper(), light);
  await page.locator('#theme').click();
  assert.equal(await paper(), light);
  await close();
});

test('a figure of the paragraph leads to its case, opened', async () => {
  const { page, close } = await open();
  const link = page.locator('.says a').first();
  const figure = (await link.getAttribute('data-figure')) ?? '';
  await link.click();
  const open_ = page.locator('#all-cases details[open]');
  await open_.waitFor();
  assert.equal(await open_.count(), 1);
  assert.ok(figure);
  assert.match((await open_.textContent()) ?? '', new RegExp((await link.textContent())?.split(' ')[0] ?? '-'));
  await close();
});

test('the calculator answers of the case that was measured, and says where it cannot', async () => {
  const { page, errors, close } = await open();
  const first = page.locator('#calculator tbody tr').first();
  const cells = first.locator('td');
  assert.match((await cells.first().textContent()) ?? '', /% of a core/);
  await first.locator('summary').click();
  const id = (await first.locator('li a').first().textContent()) ?? '';
  assert.ok(await page.evaluate((case_) => document.getElementById(case_), id).then(Boolean), id);
  await page.locator('#calculator input[name=rate]').fill('999999');
  assert.match((await cells.first().textContent()) ?? '', /^– measured: /);
  await page.locator('#calculator input[name=rate]').fill('');
  assert.equal(await first.count(), 0);
  assert.match((await page.locator('#calculator output').textContent()) ?? '', /needs a number/);
  assert.deepEqual(errors, []);
  await close();
});

/** @param {Partial<import('../../crates/comparison/src/report/calculator.js').Point>} of */
function point(of) {
  const { rate = 10, audience = 100, delay = 0, payload = 100, figures = {} } = of;
  return { rate, audience, delay, payload, figures, window: 5, case: `${rate},${audience},${delay},${payload}` };
}

const POINTS = [
  point({ figures: { cpu: 8, p50: 1_000 } }),
  point({ rate: 1, figures: { cpu: 4, p50: 2_000 } }),
  point({ rate: 100, figures: { cpu: 16, p50: 500 } }),
  point({ audience: 1, figures: { cpu: 80, p50: 900 } }),
  point({ delay: 200, figures: { cpu: 8, p50: 401_000 } }),
  // Corners, of which the rule says 402,000 and 160.
  point({ delay: 200, rate: 1, figures: { p50: 402_100 } }),
  point({ audience: 1, rate: 100, figures: { cpu: 150 } }),
];

/** @param {Partial<import('../../crates/comparison/src/report/calculator.js').Place>} at */
function reading(figure = 'cpu', at = {}) {
  return read(POINTS, figure, { rate: 10, audience: 100, delay: 0, payload: 100, ...at });
}

test('a measured point is read as it is', () => {
  assert.deepEqual(reading(), { value: 8, cases: ['10,100,0,100'], moved: 0 });
});

test('between two points of a line it is interpolated, and both are named', () => {
  const found = reading('cpu', { rate: Math.sqrt(1_000) });
  assert.ok(typeof found !== 'string' && Math.abs(found.value - Math.sqrt(128)) < 1e-9);
  assert.deepEqual(new Set(found.cases), new Set(['10,100,0,100', '100,100,0,100']));
  const far = reading('p50', { delay: 50 });
  assert.ok(typeof far !== 'string' && Math.abs(far.value - 101_000) < 1e-6);
});

test('times add up along two lines, costs multiply, and it is about', () => {
  const time = reading('p50', { delay: 100, rate: 100 });
  assert.ok(typeof time !== 'string' && time.moved === 2 && Math.abs(time.value - 200_500) < 1e-6);
  const cost = reading('cpu', { audience: 1, rate: 1 });
  assert.ok(typeof cost !== 'string' && cost.moved === 2 && Math.abs(cost.value - 40) < 1e-9);
});

test('two lines are put together only where corners bear it out', () => {
  assert.deepEqual(rule(POINTS, 'cpu'), new Set(['rate', 'audience']));
  assert.deepEqual(rule(POINTS, 'p50'), new Set(['rate', 'delay']));
  // No corner has told of payload, or of the rate where a corner says something else.
  assert.equal(reading('cpu', { audience: 1, delay: 100 }), 'not measured in this combination');
  const wrong = [...POINTS, point({ audience: 1, rate: 1, figures: { cpu: 60 } })];
  assert.deepEqual(rule(wrong, 'cpu'), new Set());
});

test('beyond what was measured nothing is read', () => {
  assert.equal(reading('cpu', { rate: 1_000 }), 'measured: 1 to 100 messages a second');
  assert.equal(reading('cpu', { payload: 5 }), 'measured: only 100 B of text');
  assert.equal(reading('octets'), 'not measured');
});

test('phones are told apart in delay, and mixed in what the server pays', () => {
  const of = { rate: 10, audience: 100, delay: 0, payload: 100, phones: 0.25, phoneDelay: 200 };
  const cells = row(POINTS, of);
  assert.equal(cells.find(({ title }) => title === 'delay, median')?.text, '1 ms; phones 401 ms');
  assert.equal(cells.find(({ title }) => title === 'server CPU')?.text, '0.8 % of a core');
  assert.deepEqual(cells.find(({ title }) => title === 'memory')?.found, false);
});

test('nothing within a window is not called nothing for ever', () => {
  const of = { rate: 10, audience: 100, delay: 0, payload: 100, phones: 0, phoneDelay: 0 };
  const idle = (/** @type {number} */ segments) => row([point({ rate: 0, figures: { segments } })], of).at(-1)?.text;
  assert.equal(idle(0), 'none in 5 s');
  assert.equal(idle(0.1), '360 /h');
});
