// Polling as the course builds it (btholt/realtime-exercises, polling): express, and the newest 50 in each answer.

import express from 'express';
import nanobuffer from 'nanobuffer';

import { listen } from './options.js';
import { createServer } from 'node:http';

const msg = new nanobuffer(50);
const getMsgs = () => Array.from(msg).reverse();

const app = express();
app.use(express.json());

app.get('/poll', (_request, response) => {
  response.json({ msg: getMsgs() });
});

app.post('/poll', (request, response) => {
  const { user, text } = request.body;
  msg.push({ user, text, time: Date.now() });
  response.json({ status: 'ok' });
});

listen(createServer(app));
