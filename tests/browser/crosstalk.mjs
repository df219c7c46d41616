/** Starts and stops what the browser tests test: the side-by-side program, named by CROSSTALK_BIN, and Chromium. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

/** @import { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core' */

/** The transports in the order of their ports. */
export const TRANSPORTS = ['polling', 'long-polling', 'http2-streaming', 'raw-websocket', 'tungstenite-websocket'];

/** How long a program may take to start or stop, in milliseconds. */
const PROGRAM_TIMEOUT_MS = 15_000;

/** The program under test. */
export function binary() {
  const path = process.env.CROSSTALK_BIN;
  if (!path) throw new Error('CROSSTALK_BIN names the built side-by-side program, such as target/debug/side-by-side');
  return resolve(path);
}

/**
 * The first of `count` ports in a row that are free now. From below those that systems give to whoever asks for any, so
 * that nobody is given one of them meanwhile.
 */
export async function freePorts(count = 6) {
  for (;;) {
    const first = randomInt(12_000, 32_000);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const listened = ports.flatMap((port) => ['127.0.0.1', '::1'].map((host) => listenOnce(port, host)));
    const results = await Promise.allSettled(listened);
    // A machine without IPv6 refuses in another way; the program then does without it, too.
    if (!results.some((result) => result.status === 'rejected' && result.reason.code === 'EADDRINUSE')) return first;
  }
}

/**
 * @param {number} port
 * @param {string} host
 */
async function listenOnce(port, host) {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

/** A running side-by-side program. */
export class Crosstalk {
  /**
   * @param {number} port
   * @param {string} data
   * @param {string[]} options
   */
  constructor(port, data, options) {
    this.port = port;
    this.data = data;
    this.options = options;
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.process = undefined;
  }

  /** @param {string[]} options further ones of the command line */
  static async start(...options) {
    const data = await mkdtemp(join(tmpdir(), 'crosstalk-'));
    const crosstalk = new Crosstalk(await freePorts(), data, options);
    await crosstalk.run();
    return crosstalk;
  }

  /** Starts it, again if it was killed, on the same ports. */
  async run() {
    const child = spawn(binary(), ['--port', String(this.port), '--data', this.data, ...this.options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process = child;
    const lines = createInterface({ input: child.stdout });
    const ready = (async () => {
      for await (const line of lines) if (line.includes('Ctrl-C')) return;
      throw new Error('the program ended before it listened');
    })();
    await withTimeout(ready, 'the program to listen');
    child.stdout.resume();
  }

  /** @param {NodeJS.Signals} signal */
  async kill(signal = 'SIGKILL') {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await withTimeout(exit, 'the program to stop');
  }

  async stop() {
    await this.kill('SIGINT');
    await rm(this.data, { recursive: true, force: true });
  }

  /** The page's address. */
  get page() {
    return `http://localhost:${this.port}/`;
  }

  /**
   * The origin of a transport's server.
   * @param {string} name
   */
  origin(name) {
    const scheme = name === 'http2-streaming' ? 'https' : 'http';
    return `${scheme}://localhost:${this.port + 1 + TRANSPORTS.indexOf(name)}`;
  }

  /**
   * Posts as a native client does, over polling's server.
   * @param {string} user
   * @param {string} text
   */
  async post(user, text) {
    const response = await fetch(`${this.origin('polling')}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user, text }),
    });
    if (response.status !== 201) throw new Error(`posting was answered ${response.status}: ${await response.text()}`);
    return /** @type {{ id: number }} */ (await response.json());
  }

  /**
   * Disturbs the wire, or has the speaker speak, as a native client does.
   * @param {'PUT' | 'POST'} method
   * @param {string} path below `/wire/`, such as `disturbances/all`
   * @param {object} [content]
   */
  async tellWire(method, path, content) {
    const response = await fetch(`${this.page}wire/${path}`, { method, body: content ? JSON.stringify(content) : null });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
  }

  /**
   * Has the speaker say so many messages a second.
   * @param {number} perSecond
   */
  speak(perSecond) {
    return this.tellWire('PUT', 'speaker', { per_second: perSecond });
  }

  /** Silences the speaker, and puts all disturbances back. */
  async calm() {
    await this.speak(0);
    await this.tellWire('PUT', 'disturbances/all', { delay_ms: 0, jitter_ms: 0, bandwidth: 0, slow_reader: 0, fail_share: 0 });
  }
}

/**
 * @template Value
 * @param {Promise<Value>} promise
 * @param {string} what
 * @returns {Promise<Value>}
 */
async function withTimeout(promise, what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PROGRAM_TIMEOUT_MS} ms for ${what}`)), PROGRAM_TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Chromium, without what it would fetch for itself. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
}

/**
 * The page of one panel.
 * @param {Page} page
 * @param {string} name
 */
export function panel(page, name) {
  return page.frameLocator(`#panel-${name} iframe`);
}

/**
 * Waits until all panels, or those named, are connected.
 * @param {Page} page
 * @param {string[]} names
 */
export async function connected(page, names = TRANSPORTS) {
  await Promise.all(names.map((name) => panel(page, name).locator('#state[data-state=connected]').waitFor({ state: 'attached' })));
}

/**
 * Opens the side-by-side page in a browser that trusts the certificate, waits for all panels, and closes it in the end. An
 * error of its scripts fails, and what its security policy refuses.
 * @param {Browser} browser
 * @param {Crosstalk} crosstalk
 * @param {BrowserContextOptions} options
 * @param {(page: Page, context: BrowserContext) => Promise<void>} body
 * @param {(context: BrowserContext) => Promise<void>} [prepare] before the page is asked for
 */
export async function withSideBySide(browser, crosstalk, options, body, prepare) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ignoreHTTPSErrors: true, ...options });
  try {
    await prepare?.(context);
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (entry) => /violates the following Content Security Policy|Refused to/.test(entry.text()) && errors.push(entry.text()));
    await page.goto(crosstalk.page);
    await connected(page);
    await body(page, context);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}
