// The first three steps of the track raw-websocket in another language: what a check talks to is a process.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const epoch = randomBytes(6).toString('hex');
const drafts = process.env.DRAFTS ? readFileSync(process.env.DRAFTS, 'utf8').split('\n').filter(Boolean) : [];
const messages = drafts.map((line, at) => {
  const { user, text } = JSON.parse(line);
  return { id: at + 1, user, text, time: Date.now() };
});

const split = (value) => (value ?? '').split(',').map((element) => element.trim());
const list = (value) => split(value?.toLowerCase());

/** The status and the fields of the answer to a request that must not become a WebSocket; nothing for one that must. */
function refusal({ method, httpVersion, headers, rawHeaders }) {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length !== 1 || httpVersion !== '1.1') return [400, {}];
  if (method !== 'GET') return [405, { allow: 'GET' }];
  const connection = list(headers.connection).includes('upgrade');
  if (headers.upgrade === undefined && !connection) return [426, { upgrade: 'websocket', connection: 'upgrade' }];
  if (!connection || !list(headers.upgrade).includes('websocket')) return [400, {}];
  if (headers['sec-websocket-version'] !== '13') {
    return [426, { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' }];
  }
  const { origin, host } = headers;
  if (origin !== undefined && origin !== `http://${host}`) return [403, {}];
}

/** The header of a text in one frame, RFC 6455 §5.2. */
function header(length) {
  if (length < 126) return Buffer.from([0x81, length]);
  const head = Buffer.alloc(length < 65536 ? 4 : 10);
  head[0] = 0x81;
  head[1] = length < 65536 ? 126 : 127;
  if (length < 65536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

const server = createServer((request, response) => response.writeHead(...(refusal(request) ?? [400, {}])).end());
server.on('upgrade', (request, socket) => {
  socket.on('error', () => {});
  const refused = refusal(request);
  if (refused) {
    const [status, fields] = refused;
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    return socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}content-length: 0\r\n\r\n`);
  }
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
  const json = split(request.headers['sec-websocket-protocol']).includes('json');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n${json ? 'sec-websocket-protocol: json\r\n' : ''}\r\n`);
  const batch = Buffer.from(JSON.stringify({ messages, cursor: `${epoch}-${messages.length}` }));
  socket.write(Buffer.concat([header(batch.length), batch]));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
