/** Starts and stops the programs under test, which CROSSTALK_BIN_DIR holds, and runs curl. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** How long a test waits for what must come, in milliseconds: it bounds a broken server, not a slow machine. */
export const PATIENCE_MS = 20_000;

/** The transports in the order of the protocol. */
export const TRANSPORTS = ['polling', 'long-polling', 'http2-streaming', 'raw-websocket', 'tungstenite-websocket'];

/** The transports that npm ws can speak. */
export const WEBSOCKETS = ['raw-websocket', 'tungstenite-websocket'];

/**
 * What `promise` gives, if it gives it in time.
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function soon(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A running program, and where it listens. */
export class Program {
  /**
   * @param {string} name
   * @param {string} data
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} address such as `http://localhost:8080/`
   */
  constructor(name, data, child, address) {
    this.name = name;
    this.data = data;
    this.child = child;
    this.address = address;
  }

  /**
   * Starts a program on free ports.
   * @param {string} name
   * @param {string[]} options further ones of the command line
   */
  static async start(name, ...options) {
    const folder = process.env.CROSSTALK_BIN_DIR;
    assert(folder, 'CROSSTALK_BIN_DIR is the folder of the built programs, such as target/debug');
    const data = await mkdtemp(join(tmpdir(), 'crosstalk-'));
    const child = spawn(resolve(folder, name), ['--port', '0', '--data', data, '--post-rate', '0', ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    child.stderr.on('data', (part) => (log += part));
    const listening = (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        const address = /https?:\/\/\S+/.exec(line)?.[0];
        if (address) return address;
      }
      throw new Error(`${name} ended before it listened: ${log}`);
    })();
    const address = await soon(`${name} to listen`, listening);
    child.stdout.resume();
    return new Program(name, data, child, address);
  }

  /** Stops it as Ctrl-C does, and gives its exit code. */
  async stop() {
    const ended = this.child.exitCode === null ? once(this.child, 'exit') : [this.child.exitCode];
    this.child.kill('SIGINT');
    const [code] = await soon(`${this.name} to stop`, Promise.resolve(ended));
    await rm(this.data, { recursive: true, force: true });
    return code;
  }

  /**
   * The URL of `/messages` of each transport; of side-by-side only.
   * @returns {Promise<Record<string, string>>}
   */
  async transports() {
    const list = JSON.parse((await curl(`${this.address}transports`)).content);
    return Object.fromEntries(list.map(({ name, url }) => [name, url]));
  }
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} version of HTTP, as curl names it: `1.1` or `2`
 * @property {Record<string, string>} fields of the last answer, names in lower case
 * @property {string} content
 */

/**
 * Runs curl to its end.
 * @param {...string} args
 * @returns {Promise<Answer>}
 */
export async function curl(...args) {
  const mark = '\n--crosstalk--';
  const write = `${mark}%{response_code} %{http_version} %{header_json}`;
  const child = spawn('curl', ['--silent', '--show-error', '--max-time', '20', '--write-out', write, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part) => (output += part));
  child.stderr.setEncoding('utf8').on('data', (part) => (log += part));
  const [code] = await soon(`the end of curl ${args.join(' ')}`, once(child, 'close'));
  assert.equal(code, 0, `curl ${args.join(' ')}: ${log}`);
  const at = output.lastIndexOf(mark);
  const [, status, version, json] = /^(\d+) (\S+) ([^]*)$/.exec(output.slice(at + mark.length)) ?? [];
  const fields = Object.fromEntries(Object.entries(JSON.parse(json)).map(([name, values]) => [name, values.join(', ')]));
  return { status: Number(status), version, fields, content: output.slice(0, at) };
}

/** A curl that follows a stream, line by line. */
export class CurlStream {
  /** @param {...string} args */
  constructor(...args) {
    this.child = spawn('curl', ['--silent', '--show-error', '--no-buffer', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.ended = once(this.child, 'close');
    this.log = '';
    this.child.stderr.setEncoding('utf8').on('data', (part) => (this.log += part));
  }

  /** The next line that is not empty; undefined at the end. */
  async next() {
    for (;;) {
      const { value, done } = await soon('a line of the stream', this.lines.next());
      if (done || value) return value;
    }
  }

  /**
   * Waits until it has said this on standard error, as it does of what it sends if it is told `--verbose`.
   * @param {string} text
   */
  async says(text) {
    const heard = async () => {
      while (!this.log.includes(text)) await once(this.child.stderr, 'data');
    };
    await soon(`curl to say ${text}`, heard());
  }

  /** Waits until it ends by itself, and gives its exit code. */
  async end() {
    const [code] = await soon('the end of the stream', this.ended);
    return code;
  }

  async stop() {
    this.child.kill();
    await soon('the end of curl', this.ended);
  }
}

/** The arguments by which curl posts this draft. */
export function posting(draft) {
  return ['--header', 'content-type: application/json', '--data-binary', JSON.stringify(draft)];
}
