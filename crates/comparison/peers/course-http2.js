// The HTTP/2 stream as the course builds it (btholt/realtime-exercises, http2/push): each message sends the newest 50 to
// every stream. In cleartext here, as all others in the comparison; the course has TLS, because browsers ask for it.

import http2 from 'node:http2';

import nanobuffer from 'nanobuffer';

import { listen } from './options.js';

const msg = new nanobuffer(50);
const getMsgs = () => Array.from(msg).reverse();

let connections = [];
const server = http2.createServer();

server.on('stream', (stream, headers) => {
  if (headers[':method'] !== 'GET' || headers[':path'] !== '/msgs') return;
  stream.respond({ ':status': 200, 'content-type': 'text/plain; charset=utf-8' });
  stream.write(JSON.stringify({ msg: getMsgs() }));
  connections.push(stream);
  stream.on('error', () => {});
  stream.on('close', () => {
    connections = connections.filter((other) => other !== stream);
  });
});

server.on('request', async (request, response) => {
  if (request.method !== 'POST' || request.headers[':path'] !== '/msgs') return;
  const buffers = [];
  for await (const chunk of request) buffers.push(chunk);
  const { user, text } = JSON.parse(Buffer.concat(buffers).toString());
  msg.push({ user, text, time: Date.now() });
  response.end();
  connections.forEach((stream) => stream.write(JSON.stringify({ msg: getMsgs() })));
});

listen(server);
