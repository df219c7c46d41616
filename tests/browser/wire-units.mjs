/**
 * Makes wire-units.json anew: units of recorded connections, in the shape of `/wire/units/{transport}/{id}`, for the mock.
 *
 *     cargo build -p wire --example explain && node tests/browser/wire-units.mjs
 *
 * One side is explained at a time, as the example does.
 */

import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const recordings = `${root}/crates/wire/tests/recordings`;

/** @type {[string, string, string, 'client' | 'server', RegExp][]} */
const CHOSEN = [
  ['polling', 'chromium-polling', 'http1', 'client', /GET \/messages\?after/],
  ['polling', 'curl-polling-chunked', 'http1', 'client', /chunk, 33/],
  ['long-polling', 'chromium-long-polling', 'http1', 'client', /POST \/messages/],
  ['http2-streaming', 'chromium-http2-streaming', 'http2', 'client', /HEADERS stream 13/],
  ['http2-streaming', 'chromium-http2-streaming', 'http2', 'client', /DATA stream 13/],
  ['raw-websocket', 'chromium-raw-websocket', 'websocket', 'client', /GET/],
  ['raw-websocket', 'chromium-raw-websocket', 'websocket', 'client', /text/],
  ['tungstenite-websocket', 'chromium-tungstenite-websocket', 'websocket', 'client', /text/],
];

const units = await Promise.all(
  CHOSEN.map(async ([transport, recording, protocol, from, wanted]) => {
    const lines = (await readFile(`${recordings}/${recording}.jsonl`, 'utf8')).trim().split('\n');
    /** @type {{ from: string, octets: string }[]} */
    const parts = lines.map((line) => JSON.parse(line));
    const octets = Buffer.concat(parts.filter((part) => part.from === from).map((part) => Buffer.from(part.octets, 'base64')));
    const listed = (await readFile(`${recordings}/${recording}.txt`, 'utf8')).split('\n');
    const line = listed.find((one) => one.startsWith(from) && wanted.test(one)) ?? '';
    const [, start = '', end = '', name = ''] = /(\d+)\.\.(\d+)\s+(.*)/.exec(line) ?? [];
    const said = execFileSync(`${root}/target/debug/examples/explain`, [protocol, '--from', from], { input: octets, encoding: 'utf8' });
    /** @type {{ start: number, end: number }[]} */
    const spans = said.trim().split('\n').map((one) => JSON.parse(one));
    const own = spans.filter((span) => span.start >= Number(start) && span.end <= Number(end));
    return { transport, from, kind: /^[A-Z]+ \//.test(name) ? 'request' : name.split(/[ ,]/)[0], name, octets: octets.subarray(Number(start), Number(end)).toString('base64'), spans: own };
  }),
);
await writeFile(`${import.meta.dirname}/wire-units.json`, `[\n${units.map((unit) => JSON.stringify(unit)).join(',\n')}\n]\n`);
