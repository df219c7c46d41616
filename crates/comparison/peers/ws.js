// npm's ws: a newcomer gets what is kept, everybody each message.

import { createServer } from 'node:http';

import { WebSocket, WebSocketServer } from 'ws';

import { Log } from './log.js';
import { listen } from './options.js';

const log = new Log();
const server = createServer();
const sockets = new WebSocketServer({ server });

sockets.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.send(JSON.stringify({ messages: log.messages }));
  socket.on('message', (data) => {
    const batch = JSON.stringify({ messages: [log.append(JSON.parse(data))] });
    for (const other of sockets.clients) {
      if (other.readyState === WebSocket.OPEN) other.send(batch);
    }
  });
});

listen(server);
