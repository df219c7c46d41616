/** docs/requests.http, as an editor sends it: each request is answered with the status that its name says. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Program, curl } from './programs.mjs';

const FILE = join(import.meta.dirname, '../../docs/requests.http');

/** @type {Program} */
let program;
/** The addresses of the file's variables. @type {Record<string, string>} */
let variables;

before(async () => {
  program = await Program.start('side-by-side');
  const url = await program.transports();
  variables = { polling: new URL(url.polling).origin, longPolling: new URL(url['long-polling']).origin };
});
after(() => program?.stop());

/**
 * The requests of the file: `### NAME: STATUS…`, a line of method and target, fields, an empty line, content.
 * @param {string} text
 */
function requests(text) {
  return text.split(/^### /m).slice(1).map((part) => {
    const [name, ...lines] = part.trimEnd().split('\n');
    const blank = lines.indexOf('');
    const [first, ...fields] = blank < 0 ? lines : lines.slice(0, blank);
    const [method, target] = first.split(' ');
    const content = blank < 0 ? undefined : lines.slice(blank + 1).join('\n');
    return { name, status: Number(/[:?] (\d{3})/.exec(name)?.[1]), method, target, fields, content };
  });
}

/**
 * @param {{ method: string, target: string, fields: string[], content?: string }} request
 * @param {string} [cursor]
 */
function send({ method, target, fields, content }, cursor = 'CURSOR') {
  const address = target.replace(/\{\{(\w+)\}\}/, (_, name) => variables[name]).replace('CURSOR', cursor);
  const args = ['--request', method, ...fields.flatMap((field) => ['--header', field])];
  return curl(...args, ...(content === undefined ? [] : ['--data-binary', content]), address);
}

test('each request of the file is answered as its name says', async () => {
  const text = await readFile(FILE, 'utf8');
  const all = requests(text);
  assert.equal(all.length, 7);
  for (const request of all) {
    const answer = await send(request);
    assert.equal(answer.status, request.status, `${request.name}: ${answer.content}`);
  }
  assert.match(text, /^@polling = http:\/\/localhost:8081$/m);
  assert.match(text, /^@longPolling = http:\/\/localhost:8082$/m);
});

test('again it is answered 200 with the same message, and a cursor in place of CURSOR keeps it waiting', async () => {
  const all = requests(await readFile(FILE, 'utf8'));
  const [say, hear, , , , , wait] = all;
  const again = await send(say);
  assert.equal(again.status, 200);
  assert.equal(JSON.parse(again.content).nonce, JSON.parse(say.content ?? '').nonce);
  const { cursor, messages } = JSON.parse((await send(hear)).content);
  assert.equal(messages.length, 1);
  assert.equal((await send(wait, cursor)).status, 204);
});
