"""A sink of our own, for machines without Node: takes every POST and answers at once.

Run as a process of its own; it writes its port as one line of JSON and ends when its standard
input does. How it answers:

===========  ====================================================================
``echo``     200 with the body that it got, as SFMC answers a rowset
``empty``    200 without a body
``silent``   never
``refuse``   403
===========  ====================================================================

A token is given in every case but the last, so that a connection opens.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Final

import orjson
from tests.bench.whole_path.measure import tell

_TOKEN: Final = orjson.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 1079})
_REFUSAL: Final = orjson.dumps({"message": "Insufficient Privileges", "errorcode": 50001})


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._got = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._got[:end]).lower()
            whole = end + 4 + _length(head)
            if len(self._got) < whole:
                return
            body = bytes(self._got[end + 4 : whole])
            del self._got[:whole]
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        if self._mode == "refuse":
            self._reply(b"403 Forbidden", _REFUSAL)
        elif path.endswith(b"/token"):
            self._reply(b"200 OK", _TOKEN)
        elif b"/rowset" not in path:
            self._reply(b"403 Forbidden", _REFUSAL)
        elif self._mode != "silent":
            self._reply(b"200 OK", body if self._mode == "echo" else b"")

    def _reply(self, status: bytes, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _serve(mode: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(mode), "127.0.0.1", 0)
    tell({"plain_port": server.sockets[0].getsockname()[1]})
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)  # nobody writes there, so it has been closed
    await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=("echo", "empty", "silent", "refuse"), default="echo")
    asyncio.run(_serve(parser.parse_args().mode))
