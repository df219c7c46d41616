/** The walkthrough: links, commands and console lines work as they stand on its pages; slides and notes go in step. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { run, SHOWN_TIMEOUT_MS } from './commands.mjs';
import { Crosstalk, launch } from './crosstalk.mjs';

/** @import { Browser, BrowserContext, Page } from 'playwright-core' */

/** @type {Crosstalk} */
let crosstalk;
/** @type {Browser} */
let browser;
/** The paths of all pages. @type {string[]} */
let paths;

before(async () => {
  crosstalk = await Crosstalk.start('--post-rate', '0');
  browser = await launch();
  await withPage('walkthrough', {}, async (page) => {
    paths = await page.locator('.contents > ol > li > a').evaluateAll((links) => links.map((link) => link.getAttribute('href')?.slice(1) ?? ''));
  });
});
after(async () => {
  await browser?.close();
  await crosstalk?.stop();
});

/**
 * Opens a page of this path. An error of its scripts fails, and what its security policy refuses.
 * @param {string} path
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(page: Page, context: BrowserContext) => Promise<void>} body
 */
async function withPage(path, options, body) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ignoreHTTPSErrors: true, ...options });
  try {
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (entry) => /violates the following Content Security Policy|Refused to/.test(entry.text()) && errors.push(entry.text()));
    page.on('request', (request) => new URL(request.url()).hostname !== 'localhost' && errors.push(`asked for ${request.url()}`));
    await page.goto(crosstalk.page + path);
    await body(page, context);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

/**
 * The commands or console lines of a page, as they are copied, once their addresses are those of this program.
 * @param {Page} page
 * @param {string} kind
 */
async function copied(page, kind) {
  await page.waitForFunction((port) => !document.querySelector('.shell')?.textContent?.includes(':808') || port === 8080, crosstalk.port);
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
  for (const path of paths) {
    await withPage(path, {}, async (page) => {
      ids.set(`/${path}`, new Set(await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id))));
      const hrefs = await page.locator('a').evaluateAll((all) => all.map((link) => (link instanceof HTMLAnchorElement ? link.href : '')));
      links.push(...hrefs.filter((href) => href.startsWith(crosstalk.page)));
    });
  }
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

test('slides by keys, and notes in step with them', () =>
  withPage('walkthrough/opening?present', {}, async (page, context) => {
    const shown = page.locator('.idea.is-shown');
    assert.equal(await shown.count(), 1);
    assert.match((await shown.textContent()) ?? '', /Why HTTP alone is not enough/);
    const [notes] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('n')]);
    await notes.locator('.said', { hasText: 'who told the second window?' }).waitFor();

    await page.keyboard.press('ArrowRight');
    await notes.getByRole('heading', { name: 'One log, and ways to follow it' }).waitFor();
    await notes.keyboard.press('ArrowRight');
    await page.locator('.idea.is-shown', { hasText: 'Polling: ask, and ask again' }).waitFor();
    await notes.locator('.upcoming', { hasText: 'Then: Long polling' }).waitFor();

    await page.keyboard.press('End');
    await notes.locator('.upcoming', { hasText: 'This is the last one.' }).waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('b');
    await page.locator('.blank').waitFor();
    await page.keyboard.press('b');
    await page.locator('.blank').waitFor({ state: 'hidden' });
    await page.keyboard.press('t');
    await page.locator('.slide-foot', { hasText: '▶' }).waitFor();
    await notes.locator('.clock', { hasText: '▶' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.contents').waitFor();
  }));

test('a slide fits the screen, but for code that is longer', () =>
  withPage('walkthrough/raw-websocket?present', {}, async (page) => {
    const count = await page.locator('.idea').count();
    assert.ok(count > 30);
    for (let at = 0; at < count; at += 1) {
      const [wide, title] = await page.locator('.idea.is-shown').evaluate((slide) => [slide.scrollWidth - slide.clientWidth, slide.textContent?.slice(0, 60)]);
      assert.ok(Number(wide) <= 0, `${title} is too wide by ${wide}`);
      // A slide that is longer than the screen takes several presses.
      const place = await page.locator('.slide-foot .place').textContent();
      for (let press = 0; press < 30 && (await page.locator('.slide-foot .place').textContent()) === place && at < count - 1; press += 1) await page.keyboard.press('ArrowRight');
    }
    assert.equal(await page.locator('.slide-foot .place').textContent(), `${count} of ${count}`);
  }));

test('screen readers and keyboard', { timeout: 600_000 }, async () => {
  for (const path of [...paths, 'walkthrough/opening?present', 'walkthrough/opening?notes']) {
    await withPage(path, {}, async (page) => {
      const { violations } = await new AxeBuilder({ page }).exclude('iframe').disableRules('color-contrast').analyze();
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html)]), [], path);
    });
  }
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`contrast, ${colorScheme}`, { timeout: 600_000 }, async () => {
    for (const path of paths) {
      await withPage(path, { colorScheme }, async (page) => {
        const { violations } = await new AxeBuilder({ page }).exclude('iframe').withRules('color-contrast').analyze();
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html)]), [], path);
      });
    }
  });
}

test('on a phone nothing is wider than the screen', async () => {
  for (const path of paths) {
    await withPage(path, { viewport: { width: 390, height: 844 } }, async (page) => {
      await page.waitForFunction(() => document.querySelectorAll('.live-panel').length === document.querySelectorAll('.live-name').length);
      const wide = await page.evaluate(() =>
        [...document.querySelectorAll('main *')]
          .filter((part) => part.getBoundingClientRect().right > innerWidth && !part.parentElement?.closest('.wide, pre, .live-panel'))
          .map(({ outerHTML }) => outerHTML.slice(0, 120)),
      );
      assert.deepEqual(wide.slice(0, 3), [], path);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
    });
  }
});
