/** Photographs each page, in light and dark, as projected and on a phone, into target/screenshots. */

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { connected, Crosstalk, launch, panel, TRANSPORTS } from './crosstalk.mjs';

const FOLDER = resolve(import.meta.dirname, '../../target/screenshots');
const SIZES = [
  { width: 1920, height: 1080 },
  { width: 390, height: 844 },
];
/** @type {('light' | 'dark')[]} */
const THEMES = ['light', 'dark'];
const SEEDS = [
  ['brian', 'Is anybody else here?'],
  ['Ada', 'Since the first poll. You are a second late again :)'],
  ['brian', 'That is polling for you. I will take the one with the frames.'],
  ['Grace Hopper', 'Every byte of it by hand, I hear. Even the masks.'],
  ['نور', 'مرحبا! الكل يرى نفس السجل'],
  ['Ada', 'One log, five ways to follow it.\nSame messages, same order.'],
];

await mkdir(FOLDER, { recursive: true });
const crosstalk = await Crosstalk.start();
const browser = await launch();
try {
  for (const [user = '', text = ''] of SEEDS) await crosstalk.post(user, text);
  for (const theme of THEMES) {
    for (const viewport of SIZES) {
      const context = await browser.newContext({ viewport, colorScheme: theme, ignoreHTTPSErrors: true });
      await context.addInitScript(() => localStorage.setItem('crosstalk.name', 'Ada'));
      const page = await context.newPage();
      const size = `${viewport.width}x${viewport.height}-${theme}`;

      await page.goto(crosstalk.page);
      await connected(page);
      await page.locator('#text').fill(`Hello from ${viewport.width} pixels`);
      await page.locator('#target').selectOption('raw-websocket');
      await page.locator('#text').press('Enter');
      for (const name of TRANSPORTS) await panel(page, name).locator('#delivery', { hasText: /m?s$/ }).waitFor({ state: 'attached' });
      await page.locator('#text').fill('');
      await photograph(page, `side-by-side-${size}`);

      for (const name of TRANSPORTS) {
        await page.goto(`${crosstalk.origin(name)}/`);
        await page.locator('#state[data-state=connected]').waitFor();
        await page.locator('#text').fill(`One more over ${name}`);
        await page.locator('#text').press('Enter');
        await page.locator('#delivery', { hasText: /m?s$/ }).waitFor({ state: 'attached' });
        await photograph(page, `${name}-${size}`);
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await crosstalk.stop();
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function photograph(page, name) {
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' });
  console.log(`target/screenshots/${name}.png`);
}
