// npm's ws: each draft to all as a message with an id, or, with --echo, each message back.

import { WebSocketServer, WebSocket } from "ws";

const echoes = process.argv.includes("--echo");
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
let id = 0;

server.on("listening", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
server.on("connection", (client) => {
    client.on("error", () => {});
    client.on("message", (data, isBinary) => {
        if (echoes) return client.send(data, { binary: isBinary });
        const { user, text } = JSON.parse(data);
        // Encoded once, not once a client.
        const batch = Buffer.from(JSON.stringify({ messages: [{ id: ++id, user, text, time: Date.now() }] }));
        for (const other of server.clients) {
            if (other.readyState === WebSocket.OPEN) other.send(batch, { binary: false });
        }
    });
});

// The bench has gone.
process.stdin.on("end", () => process.exit()).resume();
