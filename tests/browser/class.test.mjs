/** The wall of a class: who told what stands there, as text, after a restart too; and it can be read. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { launch } from './crosstalk.mjs';
import { Desk } from './workshop.mjs';

/** @import { Browser, Page } from 'playwright-core' */

/** How long anything may take on a busy machine, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** @type {Browser} */
let browser;

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

/**
 * Reports as a learner's workshop does.
 * @param {string} wall
 * @param {string} name
 * @param {object} standing
 */
async function report(wall, name, standing) {
  const seat = Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32);
  const answer = await fetch(`${wall}reports`, { method: 'POST', body: JSON.stringify({ name, seat, standing }) });
  assert.equal(answer.status, 204, await answer.text());
}

/**
 * A wall of its own, and a page on it, which throws nothing and breaks no policy.
 * @param {(page: Page, wall: string, again: () => Promise<void>) => Promise<void>} body
 */
async function withWall(body) {
  const desk = await Desk.create();
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  try {
    context.setDefaultTimeout(TIMEOUT_MS);
    let running = desk.run('class', '--port', '0');
    const wall = await running.said('listening on ');
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (entry) => /Content Security Policy|Refused to/.test(entry.text()) && errors.push(entry.text()));
    await page.goto(wall);
    await page.locator('#state[data-state=connected]').waitFor();
    await body(page, wall, async () => {
      await running.stop();
      running = desk.run('class', '--port', new URL(wall).port);
      await running.said('listening on ');
    });
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
    await desk.stop();
  }
}

/**
 * The states of a learner's steps.
 * @param {Page} page
 * @param {string} name
 */
function states(page, name) {
  return page.locator(`[data-learner="${name}"] td`).evaluateAll((cells) => cells.map((cell) => cell.dataset.state));
}

test('who is at which step, who is stuck, and the minutes beside the plan', () =>
  withWall(async (page, wall) => {
    await page.getByText('nobody yet').waitFor();
    assert.equal(await page.locator('#join').textContent(), `cargo workshop join ${wall} --name NAME`);
    const track = 'raw-websocket';
    await report(wall, 'Ada', { track, step: 'encode', passed: true, minutes: 0, done: { request: 20, handshake: 40 } });
    await report(wall, 'Grace Hopper', { track, step: 'handshake', passed: false, minutes: 31, done: { request: 30 }, stuck_at: 'rfc-example-key' });
    await report(wall, 'Barbara', { track, step: 'handshake', passed: false, minutes: 500, done: { request: 26 } });
    await report(wall, 'Edsger', { track: 'polling', step: 'history', passed: false, minutes: 1, stuck_at: 'history-json' });
    await report(wall, 'Tony', {});
    await page.getByText('5 learners, 1 stuck').waitFor();
    const ahead = (await states(page, 'Ada')).length - 3;
    assert.deepEqual(await states(page, 'Ada'), ['done', 'done', 'at', ...Array(ahead).fill('ahead')]);
    assert.deepEqual((await states(page, 'Grace Hopper')).slice(0, 3), ['done', 'stuck', 'ahead']);
    assert.equal((await states(page, 'Barbara'))[1], 'at', 'who does not say so is not shown as stuck');
    assert.equal((await states(page, 'Edsger'))[0], 'at', 'a check may fail while there is time');
    assert.equal(await page.locator('[data-learner="Grace Hopper"] .check').nth(1).textContent(), 'rfc-example-key');
    assert.deepEqual(await page.locator('.track:visible').evaluateAll((tracks) => tracks.map((track) => track.dataset.transport)), ['polling', track]);
    const medians = await page.locator(`[data-transport=${track}] tfoot td`).allTextContents();
    assert.deepEqual(medians.slice(0, 3), ['26 min', '40 min', '–'], 'the middle of what they took');
    assert.equal(await page.locator('.others').textContent(), 'No track yet: Tony');
    const learners = await page.locator(`[data-transport=${track}] tbody tr`).evaluateAll((rows) => rows.map((row) => row.dataset.learner));
    assert.deepEqual(learners, ['Ada', 'Barbara', 'Grace Hopper']);

    await report(wall, 'Grace Hopper', { track, step: 'encode', passed: true, minutes: 0, done: { request: 30, handshake: 33 } });
    await page.locator('[data-learner="Grace Hopper"] [data-state=at]').waitFor();
    await report(wall, 'Ada', { left: true });
    await page.getByText('4 learners').waitFor();
    assert.equal(await page.locator('[data-learner=Ada]').count(), 0);
  }));

test('screen readers can read it, in both themes, on a projector and on a phone', { timeout: 240_000 }, () =>
  withWall(async (page, wall) => {
    const track = 'raw-websocket';
    await report(wall, 'Ada', { track, step: 'encode', passed: true, minutes: 0, done: { request: 20, handshake: 40 } });
    await report(wall, 'Grace', { track, step: 'handshake', passed: false, minutes: 31, done: { request: 30 }, stuck_at: 'rfc-example-key' });
    await report(wall, 'Tony', {});
    await page.getByText('3 learners, 1 stuck').waitFor();
    for (const [colorScheme, viewport] of /** @type {const} */ ([['light', { width: 1920, height: 1080 }], ['dark', { width: 390, height: 844 }]])) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`), []);
    }
  }));

test('a name is text, whatever it is', () =>
  withWall(async (page, wall) => {
    const names = ['<img src=x onerror=alert(1)>', '"><b>bold', '\u202eevil', '${1}', '__proto__'];
    for (const name of names) await report(wall, name, { track: 'polling', step: 'history' });
    await report(wall, '<i>', {});
    await page.getByText(`${names.length + 1} learners`).waitFor();
    assert.deepEqual((await page.locator('tbody .name:visible').allTextContents()).sort(), names.toSorted());
    assert.equal(await page.locator('tbody img, tbody b, .others i').count(), 0);
    assert.equal(await page.locator('.others').textContent(), 'No track yet: <i>');
  }));

test('what was told is there when the wall was started again, and nothing twice', { timeout: 120_000 }, () =>
  withWall(async (page, wall, again) => {
    for (const name of ['Ada', 'Grace']) await report(wall, name, { track: 'polling', step: 'history' });
    await report(wall, 'Ada', { track: 'polling', step: 'post', passed: true, done: { history: 9 } });
    await page.locator('[data-learner=Ada] [data-state=done]').waitFor();
    await again();
    await report(wall, 'Barbara', { track: 'polling', step: 'history' });
    await page.locator('[data-learner=Barbara]').waitFor();
    assert.equal(await page.locator('tbody tr:visible').count(), 3);
    assert.equal((await states(page, 'Ada'))[0], 'done');
    await page.reload();
    await page.getByText('3 learners').waitFor();
    assert.equal((await states(page, 'Ada'))[0], 'done');
  }));

test('a full class fits, on a projector and on a phone', { timeout: 240_000 }, () =>
  withWall(async (page, wall) => {
    const track = 'raw-websocket';
    for (let at = 0; at < 64; at += 1) {
      const name = at === 7 ? 'W'.repeat(32) : `Learner ${String(at).padStart(2, '0')}`;
      await report(wall, name, { track, step: 'handshake', passed: false, minutes: 45, done: { request: 12 }, stuck_at: 'protocol-only-if-offered' });
    }
    await page.getByText('64 learners, 64 stuck').waitFor();
    const seat = 'f'.repeat(32);
    const late = await fetch(`${wall}reports`, { method: 'POST', body: JSON.stringify({ name: 'One more', seat, standing: {} }) });
    assert.equal(late.status, 409);
    for (const viewport of [{ width: 1920, height: 1080 }, { width: 390, height: 844 }]) {
      await page.setViewportSize(viewport);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} pixels wider than ${viewport.width}`);
      const cut = await page.locator('.table-scroller:visible').evaluate((table) => table.scrollWidth - table.clientWidth);
      assert.ok(cut <= 0, `the table is ${cut} pixels wider than its place at ${viewport.width}`);
    }
  }));
