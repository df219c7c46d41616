/** A network that is disturbed for half a minute; `scripts/disturb` does it for five. */

import { test } from 'node:test';
import { launch } from './crosstalk.mjs';
import { disturbed, judged } from './disturbed.mjs';

test('cuts, a blackhole, restarts and failures: nothing is lost or doubled on any panel', { timeout: 180_000 }, async (t) => {
  const browser = await launch();
  try {
    for (const line of judged(await disturbed(browser, 30))) t.diagnostic(line);
  } finally {
    await browser.close();
  }
});
