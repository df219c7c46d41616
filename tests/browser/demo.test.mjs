/** A learner's server in its panel: red when it is gone, green when it is back, its octets and its module of the page shown. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, panel } from './crosstalk.mjs';
import { Desk, program } from './workshop.mjs';

/** @import { Browser, Page } from 'playwright-core' */

const ROOT = resolve(import.meta.dirname, '../..');

/** How long anything may take. A panel that is back pauses the longer the longer it was away. In milliseconds. */
const TIMEOUT_MS = 90_000;
/** The panel of ours that a learner's is compared with. */
const OURS = 'tungstenite-websocket';

/** @type {Browser} */
let browser;

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

/**
 * The demo of a track whose program this is, and its page.
 * @param {string} track
 * @param {(page: Page, desk: Desk, demo: import('./workshop.mjs').Verb) => Promise<void>} body
 * @param {string[]} run the command of that program
 */
async function withDemo(track, body, run = [program(track)]) {
  const desk = await Desk.create(run);
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ignoreHTTPSErrors: true });
  try {
    await desk.says('start', track);
    const demo = desk.run('demo');
    await demo.said('your server runs');
    const address = `http${await demo.said('page   http')}`;
    context.setDefaultTimeout(TIMEOUT_MS);
    // One of ours beside it is enough; five panels are much to do for a busy machine.
    for (const { name, url } of await (await fetch(`${address}transports`)).json()) {
      if (name !== track && name !== OURS) await context.route(`${new URL(url.replace(/^ws/, 'http')).origin}/**`, (route) => route.abort('connectionrefused'));
    }
    const page = await context.newPage();
    await page.goto(address);
    await connected(page, track);
    await page.locator('#user').fill('Ada');
    await page.locator('#target').selectOption(track);
    await body(page, desk, demo);
  } finally {
    await context.close();
    await desk.stop();
  }
}

/**
 * @param {Page} page
 * @param {string} track
 */
async function connected(page, track) {
  await page.locator(`#panel-${track} .own-server[data-state=connected]`).waitFor();
  await panel(page, track).locator('#state[data-state=connected]').waitFor();
}

/**
 * Says something in the panel, and waits until it is there.
 * @param {Page} page
 * @param {string} track
 * @param {string} text
 */
async function say(page, track, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
  await panel(page, track).locator('.message', { hasText: text }).waitFor();
}

/**
 * Kills the learner's server, which is a child of the demo.
 * @param {import('./workshop.mjs').Verb} demo
 * @param {string} track
 */
function kill(demo, track) {
  const listed = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(demo.child.pid)], { encoding: 'utf8' });
  const line = listed.split('\n').find((line) => line.trim().endsWith(program(track)));
  assert.ok(line, `no ${program(track)} in\n${listed}`);
  process.kill(Number.parseInt(line, 10), 'SIGKILL');
}

for (const track of ['polling', 'raw-websocket', 'http2-streaming']) {
  test(`${track}: red when it dies, green when it is back, and its octets on the wire`, { timeout: 300_000 }, () =>
    withDemo(track, async (page, desk, demo) => {
      const server = page.locator(`#panel-${track} .own-server`);
      await say(page, track, 'to mine');
      assert.equal(await panel(page, OURS).locator('.message', { hasText: 'to mine' }).count(), 0, 'its log is its own');
      const row = panel(page, track).locator('.message', { hasText: 'to mine' });
      await row.getByRole('button', { name: 'wire' }).click();
      await page.locator('.unit-chip').nth(1).waitFor();
      await page.locator('.word').first().waitFor();
      const shown = (await page.locator('.wire-view').textContent()) ?? '';
      assert.ok(shown.includes('to mine'), shown);

      kill(demo, track);
      await demo.said('your server has ended (by signal 9)');
      await page.locator(`#panel-${track} .own-server[data-state=offline]`).waitFor();
      assert.equal(await server.textContent(), 'your server is not there');
      // Saving a file builds it and starts it again.
      const source = join(desk.root, 'my', track, 'src/lib.rs');
      await writeFile(source, await readFile(source));
      await demo.said('your server runs', 2);
      await connected(page, track);
      await say(page, track, 'and again');
      assert.equal(await server.textContent(), 'your server runs, with its own log');
    }));
}

test("the learner's module of the page takes the place of ours when it is written", { timeout: 300_000 }, () =>
  withDemo('raw-websocket', async (page, desk, demo) => {
    const frame = panel(page, 'raw-websocket').locator('html');
    assert.ok(!demo.text.includes('page   with'), 'the starter has holes that throw, so ours is served');
    const ours = await readFile(join(ROOT, 'web/transports/websocket.js'), 'utf8');
    const mine = `${ours}\ndocument.documentElement.dataset.mine = 'yes';\n`;
    await writeFile(join(desk.root, 'my/raw-websocket/web/transports/websocket.js'), mine);
    await demo.said('page   with your web/transports/websocket.js');
    await demo.said('your server runs', 2);
    await page.reload();
    await connected(page, 'raw-websocket');
    assert.equal(await frame.getAttribute('data-mine'), 'yes');
    await panel(page, OURS).locator('#state[data-state=connected]').waitFor();
    assert.equal(await panel(page, OURS).locator('html').getAttribute('data-mine'), null, 'that panel has ours');
    await page.locator('#user').fill('Ada');
    await page.locator('#target').selectOption('raw-websocket');
    await say(page, 'raw-websocket', 'by my own module');
  }));

test('a server in another language, of the first steps, that serves no page', { timeout: 300_000 }, () => {
  const run = ['node', join(ROOT, 'crates/workshop/tests/programs/server.mjs')];
  return withDemo('raw-websocket', async (page) => {
    assert.match((await page.locator('#panel-raw-websocket .own-server').textContent()) ?? '', /your server runs/);
    assert.ok(await panel(page, 'raw-websocket').locator('.system', { hasText: 'Connected' }).isVisible());
  }, run);
});
