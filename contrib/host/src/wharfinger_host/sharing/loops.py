"""One client for each event loop, closed with the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import attrs

__all__ = ["PerLoop"]

_Client = TypeVar("_Client")

# Nobody collects a client as garbage before it is closed, though nobody else knows it any more.
_OPEN: Final[dict[int, Any]] = {}


@attrs.define(eq=False)
class _Place(Generic[_Client]):
    """What one event loop has."""

    opening: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    client: _Client | None = None
    held_open: AsyncGenerator[_Client, None] | None = None


class PerLoop(Generic[_Client]):
    """Opens a client where an event loop has none.

    What holds it open is an asynchronous generator, which every loop closes when it ends: so no
    command has to know that there is anything to close.

    Args:
        open_client: Opens one.
        close_client: Closes it.
    """

    def __init__(
        self,
        open_client: Callable[[], Awaitable[_Client]],
        close_client: Callable[[_Client], Awaitable[None]],
    ) -> None:
        self._open = open_client
        self._close = close_client
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, _Place[_Client]]
        self._places = WeakKeyDictionary()

    async def get(self) -> _Client:
        """Return the client of this event loop; what opening it raises is raised here."""
        place = self._places.setdefault(asyncio.get_running_loop(), _Place())
        async with place.opening:
            if place.client is None:
                held_open = self._held_open()
                place.client = await anext(held_open)
                place.held_open = held_open
            return place.client

    async def forget(self, client: _Client) -> None:
        """Close a client that is of no use any more; the next one who asks gets another."""
        place = self._places.get(asyncio.get_running_loop())
        if place is None or place.client is not client:
            return
        held_open, place.client, place.held_open = place.held_open, None, None
        if held_open is not None:
            with suppress(Exception):
                await held_open.aclose()

    async def _held_open(self) -> AsyncGenerator[_Client, None]:
        client = await self._open()
        _OPEN[id(client)] = client
        try:
            yield client
        finally:
            del _OPEN[id(client)]
            await self._close(client)
