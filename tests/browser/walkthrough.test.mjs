/** The walkthrough: links, commands, console lines and exercises work as they stand on its pages, for everybody. */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { run, SHOWN_TIMEOUT_MS } from './commands.mjs';
import { begin, crosstalk, end, paths, withPage, withPages } from './reading.mjs';

/** @import { BrowserContext, Page } from 'playwright-core' */

before(begin);
after(end);

/**
 * Waits until the page names the addresses of this program, in place of the usual ones.
 * @param {Page} page
 */
function addressed(page) {
  return page.waitForFunction(() => [...document.querySelectorAll('button')].every(({ dataset }) => !/localhost:808[0-5]/.test(dataset.copy ?? '')));
}

/**
 * The commands or console lines of a page, as they are copied, once their addresses are those of this program.
 * @param {Page} page
 * @param {string} kind
 */
async function copied(page, kind) {
  await addressed(page);
  return page.locator(`figure.${kind}`).evaluateAll((figures) =>
    figures.map((figure) => ({
      text: figure.querySelector('button')?.dataset.copy ?? '',
      expects: figure instanceof HTMLElement ? (figure.dataset.expects ?? '') : '',
      of: figure.querySelector('a')?.dataset.transport ?? '',
    })),
  );
}

test('one click from the first page, and from the page of a transport', () =>
  withPage('', {}, async (page) => {
    await page.getByRole('link', { name: 'Walkthrough' }).click();
    await page.getByRole('heading', { level: 1, name: 'The walkthrough' }).waitFor();
    await page.goto(`${crosstalk.origin('raw-websocket')}/`);
    await page.getByRole('link', { name: 'Walkthrough' }).click();
    await page.getByRole('heading', { level: 1, name: 'A WebSocket by hand' }).waitFor();
    await page.goto(`${crosstalk.page}walkthrough/tungstenite-websocket`);
    await page.locator('article').waitFor();
  }));

test('every link within leads to a page and a place', async () => {
  /** @type {Map<string, Set<string>>} */
  const ids = new Map();
  /** @type {string[]} */
  const links = [];
  await withPages(paths, {}, async (page, path) => {
    ids.set(`/${path}`, new Set(await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id))));
    const hrefs = await page.locator('a').evaluateAll((all) => all.map((link) => (link instanceof HTMLAnchorElement ? link.href : '')));
    links.push(...hrefs.filter((href) => href.startsWith(crosstalk.page)));
  });
  assert.ok(links.length > 20);
  for (const link of new Set(links)) {
    const { pathname, hash } = new URL(link);
    assert.ok(pathname === '/' || ids.has(pathname), link);
    if (hash !== '') assert.ok(ids.get(pathname)?.has(decodeURIComponent(hash.slice(1))), link);
  }
});

test('every console line shows what the page says', { timeout: 300_000 }, async () => {
  let count = 0;
  for (const path of paths) {
    await withPage(path, {}, async (page, context) => {
      /** The consoles, one a transport, as they go on from one line to the next. @type {Map<string, { say: (text: string) => Promise<void>, shown: (words: string) => Promise<void> }>} */
      const consoles = new Map();
      for (const { text, expects, of } of await copied(page, 'console')) {
        const console = consoles.get(of) ?? (await openConsole(context, of));
        consoles.set(of, console);
        await console.say(text);
        await console.shown(expects);
        count += 1;
      }
    });
  }
  assert.ok(count >= 5);
});

/**
 * The console of a transport's own page.
 * @param {BrowserContext} context
 * @param {string} transport
 */
async function openConsole(context, transport) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  let shown = '';
  page.on('console', (entry) => (shown += `${entry.text()}\n`));
  await page.goto(`${crosstalk.origin(transport)}/`);
  await page.locator('#state[data-state=connected]').waitFor();
  return {
    /** @param {string} text */
    async say(text) {
      // As the console does: what one paste declares, the next has.
      const { exceptionDetails } = await session.send('Runtime.evaluate', { expression: text, replMode: true, awaitPromise: true });
      assert.equal(exceptionDetails, undefined, text);
    },
    /** @param {string} words */
    async shown(words) {
      const deadline = Date.now() + SHOWN_TIMEOUT_MS;
      while (!shown.includes(words)) {
        assert.ok(Date.now() < deadline, `the console does not show ${words}: ${shown}`);
        await page.waitForEvent('console', { timeout: SHOWN_TIMEOUT_MS }).catch(() => undefined);
      }
    },
  };
}

test('every command shows what the page says', { timeout: 600_000 }, async () => {
  const my = await mkdtemp(join(tmpdir(), 'workshop-'));
  try {
    let count = 0;
    for (const path of paths) {
      await withPage(path, {}, async (page) => {
        for (const { text, expects } of await copied(page, 'shell')) {
          count += 1;
          await run(text, expects, my);
        }
      });
    }
    assert.ok(count > 5);
  } finally {
    await rm(my, { recursive: true, force: true });
  }
});

test('what is copied is what stands there', () =>
  withPage('walkthrough/raw-websocket', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
    await addressed(page);
    const figure = page.locator('figure.shell').first();
    const shown = (await figure.locator('code').first().textContent())?.trimEnd();
    await figure.getByRole('button', { name: 'Copy' }).click();
    await figure.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown);
  }));

test('a live panel posts and shows, and its strip moves', () =>
  withPage('walkthrough/raw-websocket', {}, async (page) => {
    await page.getByLabel('Name').fill('Ada');
    const panel = page.frameLocator('[data-live=raw-websocket] iframe');
    await panel.locator('#state[data-state=connected]').waitFor();
    await panel.locator('#text').fill('from the walkthrough');
    await panel.locator('#text').press('Enter');
    await panel.locator('.message .text').filter({ hasText: 'from the walkthrough' }).waitFor();
    await page.locator('[data-live=raw-websocket] .strip').waitFor();
  }));

test('an exercise says what the workshop found of the reader’s own program, and follows it', () =>
  withPage('walkthrough/opening', {}, async (page) => {
    const track = { step: 'encode', passed: ['request', 'handshake'], failed: 'reply-lengths' };
    await page.route('**/walkthrough/progress', (route) => route.fulfill({ json: { 'raw-websocket': track } }));
    await page.goto(`${crosstalk.page}walkthrough/raw-websocket`);
    await page.locator('#step-request').getByText('Yours passes', { exact: true }).waitFor();
    const here = page.locator('#step-encode');
    await here.getByText('You are here').waitFor();
    assert.match((await here.locator('[data-check=not-masked]').textContent()) ?? '', /^Yours passes: /);
    assert.match((await here.locator('[data-check=reply-lengths]').textContent()) ?? '', /^Yours fails: /);
    assert.equal(await page.locator('#step-decode .step-state').count(), 0);
    track.passed.push('encode');
    track.step = 'decode';
    await here.getByText('Yours passes', { exact: true }).waitFor();
    await page.locator('#step-decode').getByText('You are here').waitFor();
  }));

test('from each step one click to its exercise, and what the reader’s own program passes beside it', async () => {
  const tracks = join(import.meta.dirname, '../../crates/workshop/tracks');
  /** @type {string[]} */
  const expected = [];
  /** @type {Record<string, { step: string, passed: string[], failed: null }>} */
  const passed = {};
  for (const file of await readdir(tracks)) {
    const track = file.replace('.toml', '');
    const names = [...(await readFile(join(tracks, file), 'utf8')).matchAll(/^\[\[step\]\]\nname = "(.+)"$/gm)].map(([, name]) => name ?? '');
    expected.push(...names.map((name) => `${track}/${name}`));
    passed[track] = { step: '', passed: names, failed: null };
  }
  /** @type {string[]} */
  const found = [];
  for (const path of paths) {
    await withPage(path, { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
      if ((await page.locator('.step').count()) === 0) return;
      await page.route('**/walkthrough/progress', (route) => route.fulfill({ json: passed }));
      await page.reload();
      const first = page.locator('.step').first();
      await first.getByRole('button', { name: 'Copy' }).click();
      await first.getByRole('button', { name: 'Copied' }).waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `cargo workshop start ${await first.getAttribute('data-step')}`);
      await first.getByText('Yours passes', { exact: true }).waitFor();
      const steps = await page.locator('.step').evaluateAll((all) =>
        all.map((step) => ({
          name: step.getAttribute('data-step') ?? '',
          copied: step.querySelector('button.copy')?.getAttribute('data-copy'),
          state: step.querySelector('.step-state')?.textContent,
          checks: step.querySelectorAll('.checks [data-mark=passed]').length,
        })),
      );
      for (const { name, copied, state, checks } of steps) {
        assert.deepEqual({ copied, state, has: checks > 0 }, { copied: `cargo workshop start ${name}`, state: 'Yours passes', has: true }, name);
        found.push(name);
      }
    });
  }
  assert.deepEqual(found.sort(), expected.sort());
});

/**
 * What axe finds, frames aside, by rule.
 * @param {AxeBuilder} axe
 */
async function axeFinds(axe) {
  const { violations } = await axe.exclude('iframe').analyze();
  return violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html)]);
}

test('screen readers and keyboard; contrast, light', { timeout: 600_000 }, () =>
  withPages(paths, { colorScheme: 'light' }, async (page, path) => assert.deepEqual(await axeFinds(new AxeBuilder({ page })), [], path)));

test('screen readers and keyboard, slides and notes', { timeout: 600_000 }, () =>
  withPages(['walkthrough/opening?present', 'walkthrough/opening?notes'], {}, async (page, path) =>
    assert.deepEqual(await axeFinds(new AxeBuilder({ page }).disableRules('color-contrast')), [], path)));

test('contrast, dark', { timeout: 600_000 }, () =>
  withPages(paths, { colorScheme: 'dark' }, async (page, path) =>
    assert.deepEqual(await axeFinds(new AxeBuilder({ page }).withRules('color-contrast')), [], path)));

test('on a phone nothing is wider than the screen', () =>
  withPages(paths, { viewport: { width: 390, height: 844 } }, async (page, path) => {
    await page.waitForFunction(() => document.querySelectorAll('.live-panel').length === document.querySelectorAll('.live-name').length);
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll('main *')]
        .filter((part) => part.getBoundingClientRect().right > innerWidth && !part.parentElement?.closest('.wide, pre, .live-panel'))
        .map(({ outerHTML }) => outerHTML.slice(0, 120)),
    );
    assert.deepEqual(wide.slice(0, 3), [], path);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
  }));
