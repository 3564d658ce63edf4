"""Engines as a test has them, and as another process has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from wharfinger_host.engines.contract import EngineDownError, Fetched

__all__ = ["fetched", "lane_of", "opened"]


_Engine = TypeVar("_Engine")


@asynccontextmanager
async def opened(engine: _Engine, *connections: str) -> AsyncIterator[_Engine]:
    """Set an engine up for connections, where there are any, and close it in the end."""
    made: Any = engine
    try:
        if connections:
            await made.setup(connections)
        yield engine
    finally:
        await made.close()


async def lane_of(engine: Any, lane: int, connection: str = "acme") -> Any:
    """Take a lane, as soon as its engine gives it."""
    async with asyncio.timeout(30):
        while True:
            await engine.workers(connection)
            with suppress(EngineDownError):  # a queue has no leader yet
                if (lease := await engine.acquire(connection, lane)) is not None:
                    return lease
            await asyncio.sleep(engine.beat_s / 4)


async def fetched(lease: Any, count: int) -> list[Fetched]:
    """Fetch so many events, and no more."""
    found: list[Fetched] = []
    while len(found) < count:
        found += await lease.fetch(count - len(found), 5.0)
    return found
