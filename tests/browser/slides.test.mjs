/** The walkthrough as slides: keys, notes in step, and every slide of every chapter on one screen. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, end, OPENED_TIMEOUT_MS, paths, withPage, withPages } from './reading.mjs';

before(begin);
after(end);

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

test('every slide of every chapter fits the screen and can be read; all of the page is on one, and something is said to it', { timeout: 600_000 }, async () => {
  await withPages(
    paths.map((path) => `${path}?present`),
    {},
    async (page, path) => {
      await page.locator('.idea.is-shown').waitFor({ timeout: OPENED_TIMEOUT_MS });
      const { bad, slides, missing, silent } = await page.evaluate(goThrough);
      assert.deepEqual(bad.slice(0, 3), [], path);
      assert.deepEqual(missing.slice(0, 3), [], `${path}: on no slide`);
      assert.deepEqual(silent, [], `${path}: without notes`);
      assert.ok(slides > 3, path);
    },
  );
});

/** In a page that presents: goes from the first slide to the last, and measures each. */
function goThrough() {
  /** What is longer or wider than its place, or too small. @type {string[]} */
  const bad = [];
  const seen = new Set();
  let slides = 0;
  for (let before = ''; ; slides += 1) {
    const place = document.querySelector('.slide-foot .place')?.textContent ?? '';
    const slide = document.querySelector('.idea.is-shown');
    if (place === before || !(slide instanceof HTMLElement)) break;
    before = place;
    const name = `${location.hash}, ${place}`;
    if (slide.scrollHeight > slide.clientHeight) bad.push(`${name}: longer by ${slide.scrollHeight - slide.clientHeight}`);
    if (slide.scrollWidth > slide.clientWidth) bad.push(`${name}: wider by ${slide.scrollWidth - slide.clientWidth}`);
    if (Number.parseFloat(getComputedStyle(slide).fontSize) < 28) bad.push(`${name}: too small`);
    for (const part of slide.querySelectorAll('.wide, pre')) {
      if (part.checkVisibility() && part.scrollWidth > part.clientWidth) bad.push(`${name}: ${part.textContent?.slice(0, 40)} is wider`);
    }
    for (const part of slide.querySelectorAll('p, li, tr, .line, svg, summary')) if (part.checkVisibility()) seen.add(part);
    dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
  }
  // Elsewhere: what is said in the notes, beside the slide, or closed until somebody opens it; and bits without a meaning.
  const isElsewhere = (/** @type {Element} */ part) => part.closest('.notes, .mistakes, .step-label:has(+ .mistakes), .live, .idea > .minutes, .unused, .unit:not([open]) .wide, details:not([open]) > :not(summary)');
  const all = [...document.querySelectorAll('article :is(p, li, tr, .line, svg, summary)')];
  const missing = all.filter((part) => !seen.has(part) && !isElsewhere(part)).map(({ outerHTML }) => outerHTML.slice(0, 80));
  /** The ideas, each a heading with those below it. @type {Element[][]} */
  const ideas = [];
  for (const section of document.querySelectorAll('section.idea')) {
    if (section.getAttribute('data-level') === '3') ideas.at(-1)?.push(section);
    else ideas.push([section]);
  }
  const silent = ideas.filter((idea) => !idea.some((section) => section.querySelector('.notes'))).map(([first]) => first?.id);
  return { bad, slides, missing, silent };
}

test('a plan presents what it takes, chapter after chapter, and the notes go with it', { timeout: 300_000 }, () =>
  withPage('walkthrough', {}, async (page, context) => {
    const day = page.locator('section#in-half-a-day');
    const taught = await day.locator('table.plan a[href*="#"]').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
    await day.getByRole('link', { name: 'Present: Half a day' }).click();
    await page.locator('.idea.is-shown').waitFor({ timeout: OPENED_TIMEOUT_MS });
    const [notes] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('n')]);
    await notes.locator('.said', { hasText: 'who told the second window?' }).waitFor();
    /** @type {string[]} */
    const seen = [];
    const chapters = new Set(taught.map((href) => href.split('#')[0] ?? ''));
    for (const chapter of chapters) {
      await page.waitForURL(`**${chapter}?present&plan=half-a-day*`);
      await page.locator('.idea.is-shown').waitFor({ timeout: OPENED_TIMEOUT_MS });
      seen.push(...(await page.evaluate(() => [...document.querySelectorAll('section.idea[data-minutes]')].map(({ id }) => `${location.pathname}#${id}`))));
      await notes.waitForURL(`**${chapter}?notes`);
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowRight');
    }
    assert.deepEqual(seen.sort(), [...taught].sort());
    assert.ok(chapters.size > 2);
    // Behind the last slide of the last chapter there is nothing.
    await notes.locator('.upcoming', { hasText: 'This is the last one.' }).waitFor();
    await notes.locator('.clock', { hasText: 'planned up to here: 15 of 15 min' }).waitFor();
    // And back, to the last slide of the chapter before.
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(`**${[...chapters].at(-2)}?present&plan=half-a-day#*`);
    await page.locator('.slide-foot .place', { hasText: /^(\d+) of \1$/ }).waitFor({ timeout: OPENED_TIMEOUT_MS });
  }));

test('what people get wrong is said to a step', () =>
  withPage('walkthrough/raw-websocket?present#a-frame-from-the-server', {}, async (page, context) => {
    const [notes] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('n')]);
    await notes.locator('.said', { hasText: 'Write the two octets of "hi" on the board' }).waitFor();
    await notes.locator('.said .mistakes li').first().waitFor();
  }));

test('slides are cut anew for another screen, and stay at their place', () =>
  withPage('walkthrough/raw-websocket?present#the-rules-in-their-order--2', {}, async (page) => {
    const shown = page.locator('.idea.is-shown');
    const line = await shown.locator('.line:not(.is-elsewhere)').first().textContent();
    const count = await page.locator('.slide-foot .place').textContent();
    await page.setViewportSize({ width: 1024, height: 400 });
    await page.waitForFunction((count) => document.querySelector('.slide-foot .place')?.textContent !== count, count);
    assert.match((await shown.locator('h3').textContent()) ?? '', /The rules, in their order/);
    assert.ok((await shown.locator('.line:not(.is-elsewhere)').allTextContents()).includes(line ?? ''), `${line} is shown no more`);
  }));
