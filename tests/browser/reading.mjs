/** What the tests of the walkthrough share: a program, a browser, and its pages, opened one by one. */

import assert from 'node:assert/strict';
import { Crosstalk, launch } from './crosstalk.mjs';

/** @import { Browser, BrowserContext, Page } from 'playwright-core' */

/** How long a page may take to open, and to be cut into slides, in milliseconds, on a machine that is busy. */
export const OPENED_TIMEOUT_MS = 120_000;

/** Pages that are open at once where nothing depends on time: one computes on one core. */
const AT_ONCE = 2;

/** @type {Crosstalk} */
export let crosstalk;
/** @type {Browser} */
let browser;
/** The paths of all pages. @type {string[]} */
export let paths;

export async function begin() {
  crosstalk = await Crosstalk.start('--post-rate', '0');
  browser = await launch();
  await withPage('walkthrough', {}, async (page) => {
    paths = await page.locator('.contents > ol > li > a').evaluateAll((links) => links.map((link) => link.getAttribute('href')?.slice(1) ?? ''));
  });
}

export async function end() {
  await browser?.close();
  await crosstalk?.stop();
}

/**
 * Opens a page of this path. An error of its scripts fails, and what its security policy refuses.
 * @param {string} path
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(page: Page, context: BrowserContext) => Promise<void>} body
 */
export async function withPage(path, options, body) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ignoreHTTPSErrors: true, ...options });
  try {
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (entry) => /violates the following Content Security Policy|Refused to/.test(entry.text()) && errors.push(entry.text()));
    page.on('request', (request) => new URL(request.url()).hostname !== 'localhost' && errors.push(`asked for ${request.url()}`));
    await page.goto(crosstalk.page + path, { timeout: OPENED_TIMEOUT_MS });
    await body(page, context);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

/**
 * Opens the pages of all these paths, some at once.
 * @param {string[]} paths
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(page: Page, path: string) => Promise<void>} body
 */
export async function withPages(paths, options, body) {
  const left = [...paths];
  const ended = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, async () => {
      for (let path = left.shift(); path !== undefined; path = left.shift()) {
        const of = path;
        await withPage(of, options, (page) => body(page, of));
      }
    }),
  );
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
