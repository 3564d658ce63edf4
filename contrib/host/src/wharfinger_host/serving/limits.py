"""Reading the body of a request from whoever sends it, within bounds of size, time and depth."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from wharfinger_host.serving.refusing import RequestRefused

__all__ = ["MOST_LEVELS", "is_deeper", "read_body", "too_large"]

MOST_LEVELS: Final = 200
"""How deep an event may be nested. RudderStack's documentation of its HTTP API has the same."""
_BODY_WITHIN_S: Final = 30.0
_MOST_DISCARDED: Final = 8 * 1024 * 1024
_BLOCK_BYTES: Final = 64 * 1024


async def read_body(request: Request, most: int, within_s: float = _BODY_WITHIN_S) -> bytes:
    """Return the body of a request, unpacked.

    Args:
        request: Its body has not been read.
        most: Bytes it may have, packed and unpacked.
        within_s: Seconds in which it must be there.

    Raises:
        RequestRefused: It is too large, too slow, packed in an unknown way or damaged.
        ClientDisconnect: The client has gone.
    """
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip", ""):
        message = f'Content-Encoding "{packing[:40]}" is not known here. Send gzip, or nothing.'
        raise RequestRefused(415, "encoding-unknown", message, close=True)
    try:
        async with asyncio.timeout(within_s):
            body = await _received(request, most)
    except TimeoutError:
        message = f"The body did not arrive within {within_s:g} seconds. Send it again."
        raise RequestRefused(408, "too-slow", message, close=True) from None
    return _unpacked(body, most) if packing == "gzip" else body


async def _received(request: Request, most: int) -> bytes:
    if _announced(request) > most + _MOST_DISCARDED:
        raise too_large(most, close=True)
    body = bytearray()
    size = 0
    async for block in request.stream():
        size += len(block)
        if size <= most:
            body += block
        elif size > most + _MOST_DISCARDED:
            raise too_large(most, close=True)
    # A client reads the reply only once it has written everything, so that much is listened to.
    if size > most:
        raise too_large(most)
    if size < _announced(request):
        raise ClientDisconnect
    return bytes(body)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


def _unpacked(data: bytes, most: int) -> bytes:
    """Unpack gzip, never further than may be kept."""
    unpacked = bytearray()
    while data:
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not unpacker.eof:
            try:
                block = unpacker.decompress(data, _BLOCK_BYTES)
            except zlib.error:
                raise _damaged() from None
            data = unpacker.unconsumed_tail
            unpacked += block
            if len(unpacked) > most:
                raise too_large(most)
            if not block and not data and not unpacker.eof:
                raise _damaged()
        data = unpacker.unused_data
    return bytes(unpacked)


def _damaged() -> RequestRefused:
    return RequestRefused(400, "gzip-damaged", "The gzip data is damaged or cut off.")


def too_large(most: int, *, close: bool = False) -> RequestRefused:
    """Return what to raise for a request that is too large.

    Args:
        most: Bytes it may have.
        close: Whether more of it is on its way that nobody wants to read.
    """
    message = f"The request is larger than {most:,} bytes. Send fewer events at once."
    return RequestRefused(413, "request-too-large", message, close=close)


def is_deeper(value: Any, raw: bytes, levels: int) -> bool:
    """Tell whether something is nested deeper than so many levels.

    Args:
        value: Of JSON.
        raw: The same as JSON text.
        levels: A list or an object in nothing is one level.
    """
    # Every level begins with a bracket, so few brackets need no look at the value.
    if raw.count(b"{") + raw.count(b"[") <= levels:
        return False
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for each in layer
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return False
    return any(isinstance(each, (dict, list)) for each in layer)
