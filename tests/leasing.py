"""Engines as a test has them, and as another process has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import attrs

from wharfinger_host.engines.contract import EngineDownError, Fetched

__all__ = ["fall_silent", "fetched", "lane_of", "leave", "opened"]


_Engine = TypeVar("_Engine")


@attrs.define
class _Signs:
    """The signs of life of one worker, until it is silent."""

    silent: asyncio.Event = attrs.field(factory=asyncio.Event)
    tasks: dict[str, asyncio.Task[None]] = attrs.field(factory=dict)


_signs: WeakKeyDictionary[Any, _Signs] = WeakKeyDictionary()


@asynccontextmanager
async def opened(engine: _Engine, *connections: str) -> AsyncIterator[_Engine]:
    """Set an engine up for connections, where there are any, and leave it in the end."""
    made: Any = engine
    try:
        if connections:
            await made.setup(connections)
        yield engine
    finally:
        await leave(engine)


async def leave(engine: Any) -> None:
    """Close an engine, as a worker does that ends: it gives no sign of life after that."""
    try:
        await fall_silent(engine)
    finally:
        await engine.close()


async def fall_silent(engine: Any) -> None:
    """Give no more signs of life, as a worker that hangs."""
    signs = _signs.pop(engine, _Signs())
    signs.silent.set()
    await asyncio.gather(*signs.tasks.values())


async def lane_of(engine: Any, lane: int, connection: str = "acme") -> Any:
    """Take a lane, as soon as its engine gives it.

    From then on signs of life are given, as a host does in a task of its own: nothing that a test
    does with the lane takes too long, however busy the machine is.
    """
    async with asyncio.timeout(60):
        while True:
            with suppress(EngineDownError):  # it is asked again: a queue has no leader yet
                await engine.workers(connection)
                if (lease := await engine.acquire(connection, lane)) is not None:
                    _begin_signs(engine, connection)
                    return lease
            await asyncio.sleep(engine.beat_s / 4)


def _begin_signs(engine: Any, connection: str) -> None:
    signs = _signs.setdefault(engine, _Signs())

    async def give() -> None:
        while not signs.silent.is_set():
            with suppress(EngineDownError):
                await engine.workers(connection)
            with suppress(TimeoutError):
                async with asyncio.timeout(engine.beat_s):
                    await signs.silent.wait()

    if connection not in signs.tasks:
        signs.tasks[connection] = asyncio.create_task(give())


async def fetched(lease: Any, count: int) -> list[Fetched]:
    """Fetch so many events, and no more."""
    found: list[Fetched] = []
    while len(found) < count:
        found += await lease.fetch(count - len(found), 5.0)
    return found
