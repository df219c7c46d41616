/** HTTP/2's certificate is one that no browser trusts by itself: the page says so, and leads there and back. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connected, Crosstalk, launch, panel, TRANSPORTS } from './crosstalk.mjs';

/** @type {Crosstalk} */
let crosstalk;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  crosstalk = await Crosstalk.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await crosstalk?.stop();
});

test('untrusted: one sentence and a button; the others work; trusting it brings the panel and closes the tab', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  const page = await context.newPage();
  await page.goto(crosstalk.page);
  await page.locator('#user').fill('Ada');
  const notice = page.locator('#panel-http2-streaming .panel-notice');
  await notice.getByText('does not trust the certificate').waitFor();
  const others = TRANSPORTS.filter((name) => name !== 'http2-streaming');
  await connected(page, others);
  await page.locator('#text').fill('four of five');
  await page.locator('#text').press('Enter');
  for (const name of others) await panel(page, name).locator('.message', { hasText: 'four of five' }).nth(3).waitFor();

  const opened = context.waitForEvent('page');
  await notice.getByRole('button').click();
  const tab = await opened;
  await tab.locator('#details-button').click();
  const closed = tab.waitForEvent('close');
  await tab.locator('#proceed-link').click();
  await closed;
  await connected(page);
  await panel(page, 'http2-streaming').locator('.message', { hasText: 'four of five' }).nth(3).waitFor();
  await context.close();
});

test('trusted: the tab that was opened by hand says so and links back', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${crosstalk.origin('http2-streaming')}/?trust=${crosstalk.port}`);
  await page.getByRole('heading', { name: 'Trusted' }).waitFor();
  await page.getByRole('link', { name: 'Back to side by side' }).click();
  await page.waitForURL(crosstalk.page);
  await connected(page);
  // An address that names no port leads nowhere.
  await page.goto(`${crosstalk.origin('http2-streaming')}/?trust=//evil.example`);
  await page.getByRole('heading', { name: 'Trusted' }).waitFor();
  assert.equal(await page.getByRole('link').count(), 0);
  await context.close();
});

test('a transport that is down when the page is opened comes by itself', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const down = `${crosstalk.origin('long-polling')}/**`;
  await page.route(down, (route) => route.abort('connectionrefused'));
  await page.goto(crosstalk.page);
  await connected(page, TRANSPORTS.filter((name) => name !== 'long-polling'));
  await page.locator('#panel-long-polling .panel-notice').getByText('Nothing answers at localhost').waitFor();
  await page.unroute(down);
  await connected(page);
  await context.close();
});
