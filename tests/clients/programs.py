"""Starts and stops the programs under test, which CROSSTALK_BIN_DIR holds."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

# How long a test waits for what must come, in seconds: it bounds a broken server, not a slow machine.
PATIENCE = 20


class Program:
    """A running program, and where it listens, such as http://localhost:8080/."""

    def __init__(self, data, process, address):
        self._data = data
        self._process = process
        self.address = address

    @classmethod
    async def start(cls, name, *options):
        """Starts a program on a free port."""
        data = tempfile.mkdtemp(prefix="crosstalk-")
        process = await asyncio.create_subprocess_exec(
            Path(os.environ["CROSSTALK_BIN_DIR"]) / name,
            *("--port", "0", "--data", data, "--post-rate", "0", *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(PATIENCE):
            line = (await process.stdout.readline()).decode()
        address = re.search(r"http://\S+", line)
        if address is None:
            raise RuntimeError(f"{name} does not say where it listens, but {line!r}")
        return cls(data, process, address[0])

    @property
    def messages(self):
        """The URL of the WebSocket."""
        return self.address.replace("http:", "ws:") + "messages"

    async def stop(self):
        """Stops it as Ctrl-C does, and gives its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
        shutil.rmtree(self._data, ignore_errors=True)
        return code
