"""An endpoint on a real socket that answers as it is told to, and lies where that is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Self

import attrs

__all__ = ["Arrived", "Endpoint", "answer", "hangs_up", "huge", "keeps_silent", "says"]

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@attrs.frozen
class Arrived:
    """One request as it came over the socket."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@attrs.define
class Endpoint:
    """Listens on loopback; what is not told is answered with 204.

    Attributes:
        arrived: The requests, in order.
        behaviours: What the next requests meet.
    """

    arrived: list[Arrived] = attrs.field(factory=list)
    behaviours: deque[Behaviour] = attrs.field(factory=deque)
    address: str = ""
    _server: asyncio.Server | None = None
    _serving: set[asyncio.Task[None] | None] = attrs.field(factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Nobody else holds one that keeps silent: the collector would take it away.
        self._serving.add(asyncio.current_task())
        try:
            while request := await _read(reader):
                self.arrived.append(request)
                behave = self.behaviours.popleft() if self.behaviours else answer(204)
                await behave(writer)
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Arrived | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(map(_pair, lines))
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Arrived(method, target, headers, body)


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


def answer(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer like an honest server."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if status != 204:
        lines.append(f"content-length: {len(body)}")

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await writer.drain()

    return behave


def says(raw: bytes) -> Behaviour:
    """Write these bytes and hang up."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    return behave


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    """Take the request and hang up without a word."""
    writer.close()


async def keeps_silent(writer: asyncio.StreamWriter) -> None:
    """Take the request and never answer; the client gives up."""
    await asyncio.get_running_loop().create_future()


async def huge(writer: asyncio.StreamWriter) -> None:
    """Answer 200 with a body that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    while True:
        writer.write(chunk)
        await writer.drain()
