"""Writing what must be written, through the time in which a disk is full or a server is down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import Any, Concatenate, Final, NoReturn, ParamSpec, Protocol, TypeVar

import attrs

from wharfinger_host.store.errors import DiskFailedError, NotNowError, StoreError
from wharfinger_host.store.leases import LEASE_S
from wharfinger_host.store.store import Store, finished

__all__ = ["Disk", "Watcher"]

_WAITS_S: Final = (1.0, 2.0, 4.0, 8.0)
_LONGEST_WAIT_S: Final = 10.0
"""Shorter than a lease, so that whoever holds one renews it in time when there is room again."""

_P = ParamSpec("_P")
_Made = TypeVar("_Made")


class Watcher(Protocol):
    """Hears when the disk is full, or the server of a ledger down, and when it no longer is."""

    def disk_full(self, error: NotNowError) -> None:
        """Hear that nothing can be written; what is to be written is tried again."""

    def disk_has_room(self) -> None:
        """Hear that everything that waited has been written."""


@attrs.define(eq=False, kw_only=True)
class Disk:
    """The writes of one process to an inbox, or to a ledger on a server.

    A server that is down is to it as a disk that is full: there is no room at present. While
    something waits for room, `ready` lets nothing be sent: after a crash, what was sent and
    not written down is sent again, or nobody knows what became of it.

    Attributes:
        store: The inbox.
        watcher: Hears of a full disk; None raises instead of waiting for room.
        clock: The clock of leases.
        waits_s: Seconds between the tries; the last goes on.
    """

    store: Store
    watcher: Watcher | None = None
    clock: Callable[[], float] = time.monotonic
    waits_s: tuple[float, ...] = (*_WAITS_S, _LONGEST_WAIT_S)
    _waiting: set[object] = attrs.field(factory=set)
    _said: bool = False
    _room_since_s: float = float("-inf")
    _ends_s: float = float("inf")
    _room: asyncio.Event = attrs.field(factory=asyncio.Event)
    _news: asyncio.Event = attrs.field(factory=asyncio.Event)
    _broken: asyncio.Event = attrs.field(factory=asyncio.Event)
    _error: StoreError = attrs.field(factory=StoreError)

    def __attrs_post_init__(self) -> None:
        self._room.set()

    @property
    def is_full(self) -> bool:
        """Whether something waits for room."""
        return bool(self._waiting)

    @property
    def has_settled(self) -> bool:
        """Whether lanes may be taken from others whose leases ran out.

        While the disk is full no lease can be renewed, so those of the living run out, too. They
        come first once there is room.
        """
        return not self._waiting and self.clock() - self._room_since_s >= LEASE_S

    async def ready(self) -> None:
        """Wait while the disk is full."""
        await self._room.wait()

    async def write(
        self, change: Callable[Concatenate[Any, _P], _Made], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Made:
        """Make a change as `Store.write` does, if need be once there is room.

        Raises:
            StoreError: It cannot be made.
        """
        return await self.insist(partial(self.store.write, change, *args, **kwargs))

    async def note(
        self, change: Callable[Concatenate[Any, _P], _Made], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Made:
        """Make a change as `Store.note` does, if need be once there is room.

        Raises:
            StoreError: It cannot be made.
        """
        return await self.insist(partial(self.store.note, change, *args, **kwargs))

    async def read(
        self, question: Callable[Concatenate[Any, _P], _Made], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Made:
        """Ask something as `Store.read` does, if need be once the server answers.

        Raises:
            StoreError: It cannot be read.
        """
        return await self.insist(partial(self.store.read, question, *args, **kwargs))

    async def insist(self, begin: Callable[[], Future[_Made]]) -> _Made:
        """Begin a change or a look, and begin it again for as long as there is no room for it.

        Args:
            begin: Asks the store for it.

        Raises:
            StoreError: It cannot be made.
        """
        mine, failed = object(), False
        try:
            for wait_s in chain(self.waits_s, repeat(self.waits_s[-1])):
                try:
                    made = await finished(begin())
                except NotNowError as error:
                    self._wait_from_now(mine, error)
                    await self._pause(wait_s, error)
                except DiskFailedError:
                    # Room was made after it failed, and before anyone could look why.
                    if failed or not self.is_full:
                        raise
                    failed = True
                else:
                    self._written(mine)
                    return made
        finally:
            self._no_longer_waits(mine)
        raise AssertionError("it never ends to repeat")  # pragma: no cover  # for mypy alone

    def give_up_after(self, seconds: float) -> None:
        """Wait for room no longer than this; what cannot be written by then raises."""
        self._ends_s = self.clock() + seconds
        self._tell()

    async def break_off(self, error: StoreError) -> NoReturn:
        """Let `broken` raise an error, and wait until that has ended everything."""
        self._error = error
        self._broken.set()
        await asyncio.Event().wait()
        raise error

    async def broken(self) -> NoReturn:
        """Wait for an error in a place that can raise none.

        Raises:
            StoreError: What was given to `break_off`.
        """
        await self._broken.wait()
        raise self._error

    def _wait_from_now(self, waiter: object, error: NotNowError) -> None:
        if self.watcher is None:
            raise error
        self._waiting.add(waiter)
        self._room.clear()
        if not self._said:
            self._said = True
            self.watcher.disk_full(error)

    async def _pause(self, wait_s: float, error: NotNowError) -> None:
        left_s = self._ends_s - self.clock()
        if left_s <= 0:
            raise error
        with suppress(TimeoutError):
            async with asyncio.timeout(min(wait_s, left_s)):
                await self._news.wait()

    def _written(self, waiter: object) -> None:
        """Let the others try at once; there is room when the last of them is through."""
        if waiter in self._waiting:
            self._waiting.discard(waiter)
            self._tell()
        if self._said and not self._waiting and self.watcher is not None:
            self._said = False
            self._room_since_s = self.clock()
            self.watcher.disk_has_room()

    def _no_longer_waits(self, waiter: object) -> None:
        self._waiting.discard(waiter)
        if not self._waiting:
            self._room.set()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
