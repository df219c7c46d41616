/** What the side-by-side program says when it cannot start. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { binary, freePorts } from './crosstalk.mjs';

test('a port that is taken: the program ends with 1, and names the port, who wanted it, and the option', async () => {
  const port = await freePorts();
  const taken = createServer().listen(port + 2, '127.0.0.1');
  await once(taken, 'listening');
  try {
    const child = spawn(binary(), ['--port', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.equal(code, 1);
    assert.match(said, new RegExp(`\\b${port + 2}\\b`));
    assert.match(said, /Long polling/);
    assert.match(said, /--port/);
    assert.doesNotMatch(said, /panicked/);
  } finally {
    taken.close();
  }
});
