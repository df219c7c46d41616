/** A relay of the tests' own, which counts octets. */

import { once } from 'node:events';
import { connect as connectTcp, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A relay that counts octets and knows nothing of what they are. Ends and resets pass as they are. */
export class Relay {
  client = 0;
  server = 0;
  open = 0;

  /**
   * @param {number} port where it leads to
   * @param {boolean} intoTls puts what passes into TLS
   */
  static async start(port, intoTls = false) {
    const relay = new Relay();
    relay.listener = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const to = { port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true };
      const far = intoTls ? connectTls({ ...to, ALPNProtocols: ['h2'], rejectUnauthorized: false }) : connectTcp(to);
      relay.open += 1;
      // What comes before there is a way to the server does not pass.
      near.pause();
      far.once(intoTls ? 'secureConnect' : 'connect', () => {
        relay.#pass('client', near, far);
        relay.#pass('server', far, near);
        near.resume();
      });
      let left = 2;
      for (const [socket, peer] of [[near, far], [far, near]]) {
        socket.on('close', () => (left -= 1) || (relay.open -= 1));
        // A TLS socket has no reset of its own; its end is one that the server sees as such.
        socket.on('error', () => (peer.encrypted ? peer.destroy() : peer.resetAndDestroy()));
      }
    });
    relay.listener.listen(0, '127.0.0.1');
    await once(relay.listener, 'listening');
    return relay;
  }

  #pass(side, from, to) {
    from.on('data', (octets) => {
      this[side] += octets.length;
      if (to.writable && !to.write(octets)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
    from.on('end', () => to.end());
  }

  get port() {
    return this.listener.address().port;
  }

  get seen() {
    return { client: this.client, server: this.server };
  }
}
