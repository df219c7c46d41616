/** `scripts/deploy`, with a page open: another version, and one that does not come up. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, freePorts, launch } from './crosstalk.mjs';

/** @import { AddressInfo } from 'node:net' */
/** @import { Page } from 'playwright-core' */

const SCRIPT = resolve(import.meta.dirname, '../../scripts/deploy');
/** How long a page may take to be where it was, in milliseconds. */
const BACK_TIMEOUT_MS = 60_000;

/** The service manager of a machine, as far as the script asks for one: a POST starts what `current` leads to. */
class Services {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #running;
  #server = createServer((_, response) => void this.#restart().then(() => response.end('done\n')));
  /** What happens while nothing runs. */
  meanwhile = async () => {};

  /**
   * @param {string} folder
   * @param {number} port
   */
  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
  }

  async start() {
    await writeFile(join(this.folder, 'ssh'), '#!/bin/sh\n[ "$1" = chat.example ] && exec sh -c "$2"\n', { mode: 0o755 });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** The command that restarts. */
  get restart() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `curl -fsS -X POST http://127.0.0.1:${port}/`;
  }

  async #restart() {
    await this.#stop();
    await this.meanwhile();
    const program = join(this.folder, 'current', 'side-by-side');
    this.#running = spawn(program, ['--port', String(this.port), '--data', this.folder], { stdio: 'ignore' });
  }

  async #stop() {
    const running = this.#running;
    this.#running = undefined;
    if (!running || running.exitCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGTERM');
    await exit;
  }

  async end() {
    await this.#stop();
    this.#server.close();
  }

  /**
   * Deploys a program, to the folder of this machine or, by an ssh that leads to it, to another one.
   * @param {string} program
   * @param {number} tries
   * @param {'here' | 'by ssh'} way
   * @returns {Promise<{ code: number, shown: string }>}
   */
  deploy(program, tries, way) {
    const ready = `http://127.0.0.1:${this.port}/healthz`;
    const told = { CROSSTALK_BIN: program, DEPLOY_RESTART: this.restart, DEPLOY_READY: ready, DEPLOY_TRIES: String(tries) };
    const env = { ...process.env, ...told, DEPLOY_FOLDER: this.folder, PATH: `${this.folder}:${process.env.PATH}` };
    const to = way === 'here' ? `${this.folder}/` : 'chat.example';
    return new Promise((done) => {
      const child = execFile(SCRIPT, [to], { env }, (_, stdout, stderr) => done({ code: child.exitCode ?? -1, shown: stdout + stderr }));
    });
  }

  get current() {
    return readlink(join(this.folder, 'current'));
  }
}

/** @type {Services} */
let services;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  services = new Services(await mkdtemp(join(tmpdir(), 'deploy-')), await freePorts());
  await services.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await services?.end();
  await rm(services?.folder, { recursive: true, force: true });
});

/**
 * Writes a line, as people do.
 * @param {Page} page
 * @param {string} text
 */
async function write(page, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
}

/** @param {Page} page */
const texts = (page) => page.locator('#messages .message .text').allTextContents();

/** The texts of the log, by another transport. */
async function logged() {
  const answer = await fetch(`http://localhost:${services.port + 1}/messages`);
  return /** @type {{ messages: { text: string }[] }} */ (await answer.json()).messages.map(({ text }) => text);
}

test('another version: who is there hears 1001, comes back, and what was written meanwhile arrives once', { timeout: 180_000 }, async () => {
  const first = await services.deploy(binary(), 60, 'here');
  assert.equal(first.code, 0, first.shown);
  const page = await browser.newPage();
  await page.goto(`http://localhost:${services.port + 4}/`);
  await page.locator('#state[data-state=connected]').waitFor();
  await page.locator('#user').fill('Ada');
  await write(page, 'before');
  await page.locator('#messages .message', { hasText: 'before' }).waitFor();
  const closed = page.evaluate(async () => {
    const socket = new WebSocket(new URL('/messages', location.href.replace('http', 'ws')), ['json']);
    await new Promise((opened) => (socket.onopen = opened));
    document.title = 'open';
    return new Promise((closed) => (socket.onclose = ({ code }) => closed(code)));
  });
  await page.waitForFunction(() => document.title === 'open');

  const version = await services.current;
  services.meanwhile = async () => {
    await page.locator('#state:not([data-state=connected])').waitFor();
    await write(page, 'while nobody listened');
    await page.locator('#hint', { hasText: 'what you send waits here' }).waitFor();
  };
  const second = await services.deploy(binary(), 60, 'by ssh');
  services.meanwhile = async () => {};
  assert.equal(second.code, 0, second.shown);
  assert.notEqual(await services.current, version);
  assert.equal(await closed, 1001);
  await page.locator('#state[data-state=connected]').waitFor({ timeout: BACK_TIMEOUT_MS });
  await page.locator('#messages .message', { hasText: 'while nobody listened' }).waitFor({ timeout: BACK_TIMEOUT_MS });
  assert.deepEqual(await texts(page), ['before', 'while nobody listened']);
  // The log is in memory: of the first version's nothing is left, and the page has been told.
  assert.deepEqual(await logged(), ['while nobody listened']);
  await page.getByText('the conversation starts anew').waitFor();
  await page.close();
});

test('a version that does not come up: back at the one before, which takes up where it was', { timeout: 180_000 }, async () => {
  const version = await services.current;
  const page = await browser.newPage();
  await page.goto(`http://localhost:${services.port + 4}/`);
  await page.locator('#state[data-state=connected]').waitFor();
  await page.locator('#user').fill('Ada');
  const broken = join(services.folder, 'broken');
  await writeFile(broken, '#!/bin/sh\nexit 1\n');
  const { code, shown } = await services.deploy(broken, 2, 'by ssh');
  assert.equal(code, 1, shown);
  assert.match(shown, /does not answer at /);
  assert.equal(await services.current, version);
  await page.locator('#state[data-state=connected]').waitFor({ timeout: BACK_TIMEOUT_MS });
  await write(page, 'after');
  await page.locator('#messages .message', { hasText: 'after' }).waitFor({ timeout: BACK_TIMEOUT_MS });
  assert.ok((await texts(page)).includes('after'));
  const versions = (await readdir(services.folder)).filter((name) => /^2\d+T/.test(name));
  // It is kept where the one before was slow to answer: on a machine that is busy, two tries are few.
  assert.equal(versions.length, /^back at /m.test(shown) ? 2 : 3);
  await page.close();
});
