/** The transports, by the names that servers give them: the module that follows, and how, in one line. */

/**
 * @typedef {object} Transport
 * @property {string} title
 * @property {string} shortTitle where there is little room
 * @property {string} follows how it follows the log
 * @property {() => Promise<{ connect: import('./protocol.js').Connect }>} load its module
 */

/** @type {ReadonlyMap<string, Transport>} */
export const TRANSPORTS = new Map([
  [
    'polling',
    {
      title: 'Polling',
      shortTitle: 'Polling',
      follows: 'asks, pauses 1 s, asks again',
      load: () => import('./transports/polling.js'),
    },
  ],
  [
    'long-polling',
    {
      title: 'Long polling',
      shortTitle: 'Long polling',
      follows: 'asks; the answer waits for news',
      load: () => import('./transports/long-polling.js'),
    },
  ],
  [
    'http2-streaming',
    {
      title: 'HTTP/2 streaming',
      shortTitle: 'HTTP/2',
      follows: 'asks once; the answer does not end',
      load: () => import('./transports/http2-streaming.js'),
    },
  ],
  [
    'raw-websocket',
    {
      title: 'Raw WebSocket',
      shortTitle: 'Raw WS',
      follows: 'both ways at once, framed by hand',
      load: () => import('./transports/websocket.js'),
    },
  ],
  [
    'tungstenite-websocket',
    {
      title: 'tungstenite',
      shortTitle: 'tungstenite',
      follows: 'both ways at once, by a library',
      load: () => import('./transports/websocket.js'),
    },
  ],
]);
