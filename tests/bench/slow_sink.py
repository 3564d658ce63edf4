"""A sink whose answers take their time, and that counts rows: a process of its own.

A line on its standard input is answered by how many rows it has taken so far; it ends with it.
"""

from __future__ import annotations

import asyncio
import sys

from tests.bench.whole_path.measure import tell
from tests.bench.whole_path.sink import Sink

_rows = 0


class SlowSink(Sink):
    """One connection."""

    def __init__(self, latency_s: float) -> None:
        super().__init__("echo")
        self._latency_s = latency_s

    def _answer(self, path: bytes, body: bytes) -> None:
        if b"/rowset" in path:
            global _rows  # noqa: PLW0603  # one process, one count
            _rows += body.count(b'"keys"')
        super()._answer(path, body)

    def _reply(self, status: bytes, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._latency_s, super()._reply, status, body)


async def _serve(latency_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SlowSink(latency_s), "127.0.0.1", 0)
    tell({"port": server.sockets[0].getsockname()[1]})
    while await asyncio.to_thread(sys.stdin.readline):
        tell({"rows": _rows})


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000))
