"""Python websockets on both WebSockets."""

import asyncio
import json
import unittest

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from programs import PATIENCE, Program


class Client:
    """A client that follows and posts; `first` is the first batch."""

    def __init__(self, socket):
        self.socket = socket
        self.first = None

    @classmethod
    async def connect(cls, url, **options):
        options = {"subprotocols": ["json"], "open_timeout": PATIENCE, **options}
        client = cls(await connect(url, **options))
        client.first = await client.batch()
        return client

    async def text(self):
        async with asyncio.timeout(PATIENCE):
            text = await self.socket.recv()
        assert isinstance(text, str), text
        return text

    async def batch(self):
        batch = json.loads(await self.text())
        assert isinstance(batch.get("messages"), list), batch
        return batch

    async def texts(self, count):
        """The texts of the next messages, until there are `count`."""
        texts = []
        while len(texts) < count:
            texts += [message["text"] for message in (await self.batch())["messages"]]
        return texts

    async def send(self, text, **members):
        await self.socket.send(json.dumps({"user": "python", "text": text, **members}))

    async def end(self):
        """Reads to the end, and gives the close code that the server sent; None for a Close without one."""
        try:
            while True:
                await self.text()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection ended without a Close"
            return None if closed.rcvd.code == 1005 else closed.rcvd.code


class OverWebSocket:
    """The tests, run for each program by the classes below."""

    program_name = ""

    async def asyncSetUp(self):
        self.program = await Program.start(self.program_name)
        self.addAsyncCleanup(self.program.stop)
        self.url = self.program.messages

    async def client(self, url=None, **options):
        client = await Client.connect(url or self.url, **options)
        self.addAsyncCleanup(client.socket.close)
        return client

    async def test_posting_and_following(self):
        poster, follower = await self.client(), await self.client()
        self.assertEqual(poster.first["messages"], [])
        await poster.send("caf\u00e9 \U0001f600\n<b>", nonce="n-1")
        batch = await poster.text()
        self.assertEqual(batch, await follower.text(), "the poster gets what everyone gets")
        (message,) = json.loads(batch)["messages"]
        self.assertEqual(
            (message["user"], message["text"], message["nonce"]), ("python", "caf\u00e9 \U0001f600\n<b>", "n-1")
        )
        await poster.send("again", nonce="n-1")
        self.assertEqual(json.loads(await poster.text()), {"messages": [message]})
        await poster.send("", nonce="n-2")
        problem = json.loads(await poster.text())
        self.assertEqual((problem["status"], problem["nonce"]), (422, "n-2"))

    async def test_resuming_from_a_cursor(self):
        poster = await self.client()
        for text in ["one", "two", "three"]:
            await poster.send(text)
        self.assertEqual(await poster.texts(3), ["one", "two", "three"])
        resumed = await self.client(f"{self.url}?after={poster.first['cursor']}")
        self.assertEqual([message["text"] for message in resumed.first["messages"]], ["one", "two", "three"])
        caught_up = await self.client(f"{self.url}?after={resumed.first['cursor']}")
        self.assertEqual(caught_up.first, {"messages": [], "cursor": resumed.first["cursor"]})
        foreign = await self.client(f"{self.url}?after=another-1")
        self.assertTrue(foreign.first["reset"])

    async def test_each_form_of_a_length_both_ways(self):
        client = await self.client()
        for length in [1, 20, 126, 2_000]:
            await client.send("\u20ac" * length)
            self.assertEqual(await client.texts(1), ["\u20ac" * length])
        begin = '{"user":"python","text":"padded","x":"'
        for length in [125, 126, 127, 32 * 1024]:
            await client.socket.send(begin + "x" * (length - len(begin) - 2) + '"}')
            self.assertEqual(await client.texts(1), ["padded"], f"a draft of {length} octets")
        for _ in range(10):
            await client.send("\U0001f600" * 2_000)
        await client.texts(10)
        resumed = await connect(f"{self.url}?after={client.first['cursor']}")
        self.addAsyncCleanup(resumed.close)
        async with asyncio.timeout(PATIENCE):
            large = await resumed.recv(decode=False)
        self.assertGreater(len(large), 65_536, "a batch whose length takes 8 octets")
        self.assertEqual(len(json.loads(large)["messages"]), 18)

    async def test_fragments(self):
        client = await self.client()
        draft = json.dumps({"user": "python", "text": "\U0001f600" * 20}, ensure_ascii=False)
        await client.socket.send(draft[at : at + 1] for at in range(len(draft)))
        self.assertEqual(await client.texts(1), ["\U0001f600" * 20])

    async def test_ping_and_pong(self):
        client = await self.client(ping_interval=None)
        for data in [b"", b"\xff\x00", b"x" * 125]:
            pong = await client.socket.ping(data)
            async with asyncio.timeout(PATIENCE):
                await pong
        await client.socket.pong(b"unasked")
        await client.send("after a pong")
        self.assertEqual(await client.texts(1), ["after a pong"])

    async def test_permessage_deflate(self):
        plain, compressed = await self.client(compression=None), await self.client(compression="deflate")
        extensions = [client.socket.response.headers.get("sec-websocket-extensions") for client in (plain, compressed)]
        agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        self.assertEqual(extensions, [None, agreed if self.program_name == "raw-websocket" else None])
        for poster in (plain, compressed):
            for text in ["caf\u00e9", "to be or not to be " * 100, "\U0001f600" * 2_000]:
                await poster.send(text)
                batch = await plain.text()
                self.assertEqual(json.loads(batch)["messages"][0]["text"], text)
                self.assertEqual(await compressed.text(), batch)
        retained = await self.client(compression="deflate")
        self.assertEqual(retained.first["messages"][-1]["text"], "\U0001f600" * 2_000)
        await compressed.socket.send("x" * (32 * 1024 + 1))
        self.assertEqual(await compressed.end(), 1009)

    async def test_the_subprotocol_is_json_if_it_is_offered(self):
        for offers, picked in [(["json"], "json"), (["chat", "json"], "json"), (["chat"], None), (None, None)]:
            client = await self.client(subprotocols=offers)
            self.assertEqual(client.socket.subprotocol, picked, offers)

    async def test_close_codes(self):
        for code, reason in [(1000, ""), (1001, "leaving"), (3000, "r" * 123), (4999, "caf\u00e9")]:
            client = await self.client()
            await client.socket.close(code, reason)
            self.assertEqual(await client.end(), code)
        for code, data, is_text in [
            (1003, b"{}", False),
            (1007, b"\xc3\x28", True),
            (1009, b"x" * (32 * 1024 + 1), True),
        ]:
            client = await self.client()
            await client.socket.send(data, text=is_text)
            self.assertEqual(await client.end(), code)
        client = await self.client()
        for _ in range(64):
            await client.socket.send("{")
        self.assertEqual(await client.end(), 1008)

    async def test_handshakes_that_are_refused(self):
        for status, url, options in [
            (400, f"{self.url}?after=x", {}),
            (403, self.url, {"origin": Origin("https://evil.example")}),
            (404, self.url.replace("messages", "nothing"), {}),
        ]:
            with self.assertRaises(InvalidStatus) as refused:
                await connect(url, **options)
            response = refused.exception.response
            self.assertEqual(response.status_code, status)
            self.assertEqual(response.headers["content-type"], "application/problem+json")
            self.assertEqual(json.loads(response.body)["status"], status)

    async def test_a_stop_is_1001(self):
        clients = [await self.client() for _ in range(3)]
        stopped = asyncio.create_task(self.program.stop())
        for client in clients:
            self.assertEqual(await client.end(), 1001)
        self.assertEqual(await stopped, 0, "its exit code")


class RawWebSocket(OverWebSocket, unittest.IsolatedAsyncioTestCase):
    program_name = "raw-websocket"


class TungsteniteWebSocket(OverWebSocket, unittest.IsolatedAsyncioTestCase):
    program_name = "tungstenite-websocket"
