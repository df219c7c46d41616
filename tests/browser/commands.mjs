/** Runs the commands that the walkthrough shows, as they stand there. */

import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { binary } from './crosstalk.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
/** How long a command or a line may take to show what the page says, in milliseconds. */
export const SHOWN_TIMEOUT_MS = 60_000;

/**
 * Runs a command until it shows these words, or to its end if there are none.
 * @param {string} text
 * @param {string} expects
 * @param {string} my where learners' work goes
 */
export function run(text, expects, my) {
  // What `cargo workshop` is an alias of, built.
  const command = text.replace(/^cargo workshop/, `"${join(dirname(binary()), 'workshop')}"`);
  // What comes behind a starter that is written is the build of it, which the workshop's own tests have.
  const words = text.startsWith('cargo workshop start') ? 'is written' : expects;
  // In a group of its own, so that what it started ends with it.
  const child = spawn('sh', ['-c', command], { cwd: ROOT, env: { ...process.env, WORKSHOP_MY: my }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid);
  };
  const timer = setTimeout(end, SHOWN_TIMEOUT_MS);
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      shown += data;
      // A WebSocket does not end by itself.
      if (words !== '' && shown.includes(words)) end();
    });
  }
  /** @type {Promise<void>} */
  const done = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (words === '' ? code === 0 : shown.includes(words)) resolve();
      else reject(new Error(`${text}\nended with ${code}, and does not show ${words}:\n${shown}`));
    });
  });
  return done;
}
