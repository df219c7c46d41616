// Socket.IO, over a WebSocket and over long polling: a newcomer gets what is kept, everybody each message.

import { createServer } from 'node:http';

import { Server } from 'socket.io';

import { Log } from './log.js';
import { listen } from './options.js';

const log = new Log();
const server = createServer();
const io = new Server(server);

io.on('connection', (socket) => {
  socket.emit('messages', log.messages);
  socket.on('post', (draft) => io.emit('messages', [log.append(draft)]));
});

listen(server);
