/** Runs verbs of the workshop, whose program lies beside the one under test, in a repository whose tracks run another program. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { binary } from './crosstalk.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
/** How long a verb may take to say what it must, in milliseconds. */
const SAID_TIMEOUT_MS = 60_000;

/**
 * A program of the workspace.
 * @param {string} name
 */
export function program(name) {
  return join(dirname(binary()), name);
}

/** A repository like this one in a folder of its own; the learner's program is `run`, and nothing is compiled. */
export class Desk {
  /** @param {string} root */
  constructor(root) {
    this.root = root;
    /** @type {Verb[]} */
    this.verbs = [];
  }

  /** @param {string[]} run the command of a learner's program */
  static async create(run = ['node', 'server.mjs']) {
    const root = await mkdtemp(join(tmpdir(), 'crosstalk-desk-'));
    const tracks = join(root, 'crates/workshop/tracks');
    await mkdir(tracks, { recursive: true });
    for (const shared of ['web', 'Cargo.toml', 'Cargo.lock']) await symlink(join(ROOT, shared), join(root, shared));
    for (const name of await readdir(join(ROOT, 'crates'))) {
      if (name !== 'workshop') await symlink(join(ROOT, 'crates', name), join(root, 'crates', name));
    }
    for (const name of await readdir(join(ROOT, 'crates/workshop/tracks'))) {
      const text = await readFile(join(ROOT, 'crates/workshop/tracks', name), 'utf8');
      await writeFile(join(tracks, name), text.replace('\n[[step]]', `\nrun = ${JSON.stringify(run)}\n\n[[step]]`));
    }
    return new Desk(root);
  }

  /**
   * A verb, running.
   * @param {...string} verb and its options
   */
  run(...verb) {
    const env = { ...process.env, WORKSHOP_NO_BROWSER: '1', WORKSHOP_SIDE_BY_SIDE: binary(), WORKSHOP_MY: join(this.root, 'my') };
    const child = spawn(program('workshop'), verb, { cwd: this.root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const running = new Verb(child);
    this.verbs.push(running);
    return running;
  }

  /**
   * A verb that ends by itself; gives what it said.
   * @param {...string} verb and its options
   */
  async says(...verb) {
    const running = this.run(...verb);
    const code = await running.ended;
    if (code !== 0) throw new Error(`${verb.join(' ')} ended with ${code}:\n${running.text}`);
    return running.text;
  }

  async stop() {
    for (const verb of this.verbs) await verb.stop();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** A verb that runs, and the lines that it says. */
export class Verb {
  #lines = /** @type {string[]} */ ([]);
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /** @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} child */
  constructor(child) {
    this.child = child;
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      this.#lines.push(line);
      for (const look of this.#waiting) look();
    });
    /** @type {Promise<number | null>} */
    this.ended = once(child, 'close').then(([code]) => code);
  }

  get text() {
    return this.#lines.join('\n');
  }

  /**
   * What stands behind `words` in the line that begins with them, the `count`-th that does.
   * @param {string} words
   * @param {number} count
   * @returns {Promise<string>}
   */
  said(words, count = 1) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.#lines.filter((line) => line.startsWith(words))[count - 1];
        if (line === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(line.slice(words.length).trim());
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited ${SAID_TIMEOUT_MS} ms for ${words}; it said:\n${this.text}`));
      }, SAID_TIMEOUT_MS);
      this.#waiting.add(look);
      look();
    });
  }

  /** Ends it as `kill` does, and waits until it has. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    await this.ended;
  }
}
