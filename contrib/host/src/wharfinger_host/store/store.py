"""The file, or a ledger on a server, as a host holds it: one thread writes, another reads."""

from __future__ import annotations

import asyncio
import pathlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from wharfinger_host.store.database import File
from wharfinger_host.store.dialect import Database, Place
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.facts import Layout, settle_layout
from wharfinger_host.store.inbox import MOST_WAITING, Accepted, Entry, Inbox
from wharfinger_host.store.writer import Writer

__all__ = ["Store", "finished"]

_P = ParamSpec("_P")
_Made = TypeVar("_Made")


class Store:
    """Events and what became of them; a context manager.

    Attributes:
        place: Where they are.
        layout: How its events are spread over partitions.
        inbox: Takes events in.

    Args:
        place: The file, made where it is not there; or another place.
        layout: What a new file is to be like.
        most_waiting: How many events may wait before no more are taken.
        clock: Gives seconds since 1970.

    Raises:
        StoreError: The file cannot be used, or is laid out in another way.
    """

    def __init__(
        self,
        place: pathlib.Path | Place,
        layout: Layout | None = None,
        *,
        most_waiting: int = MOST_WAITING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place: Place = File(place) if isinstance(place, pathlib.Path) else place
        self.inbox = Inbox(most_waiting)
        self._clock = clock
        self.place.prepare()
        self._writer = Writer(self.place.open(reading=False))
        self._reading = self.place.open(reading=True)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="wharfinger-reader")
        try:
            self.layout = self.write(settle_layout, layout).result()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def now_ms(self) -> int:
        """Return the time in milliseconds since 1970."""
        return int(self._clock() * 1000)

    def lease_clock(self) -> float:
        """Return the time by the clock of leases, in seconds."""
        return self.place.clock()

    def close(self) -> None:
        """Finish what was asked for, and close the file."""
        self._writer.close()
        self._reader.shutdown()
        self._reading.close()

    def write(
        self,
        change: Callable[Concatenate[Database, _P], _Made],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Future[_Made]:
        """Make a change; it is on disk, whatever happens, once the future is done."""
        return self._writer.submit(partial(_applied, change, args, kwargs), durable=True)

    def accept(self, entries: Sequence[Entry]) -> Future[Accepted]:
        """Take events in, all or none: they are on disk once the future is done.

        Args:
            entries: In their order.

        Returns:
            How many there are now, and how many were there before. It raises `InboxFullError`
            where too many wait, and `StoreError` where the file cannot be written.

        Raises:
            StoreError: This is a ledger, which takes no events.
        """
        if not self.place.takes_events:
            raise StoreError(
                "[inbox] has a ledger, which is for the events of an engine: give --engine to "
                "whatever takes events in, or take ledger out of [inbox] to accept into its file."
            )
        change = partial(_applied, self.inbox.accept, (entries, self.now_ms()), {})
        return self._writer.submit(change, durable=True, undone=self.inbox.forget)

    def note(
        self,
        change: Callable[Concatenate[Database, _P], _Made],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Future[_Made]:
        """Make a change that a loss of power, but nothing less, may undo: it is done quicker."""
        return self._writer.submit(partial(_applied, change, args, kwargs), durable=False)

    def read(
        self,
        question: Callable[Concatenate[Database, _P], _Made],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Future[_Made]:
        """Ask something, in one snapshot of the file."""
        return self._reader.submit(self._reading.ask, partial(_applied, question, args, kwargs))


def _applied(
    function: Callable[..., _Made],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    db: Database,
) -> _Made:
    return function(db, *args, **kwargs)


async def finished(future: Future[_Made]) -> _Made:
    """Wait for a future of a store; a change that was asked for happens even if nobody waits."""
    waiting = asyncio.wrap_future(future)
    waiting.add_done_callback(_hear)
    return await asyncio.shield(waiting)


def _hear(future: asyncio.Future[Any]) -> None:
    """Take notice of what became of it: whoever was cancelled as he waited does not."""
    if not future.cancelled():
        future.exception()
