"""The file as a host holds it: one thread writes, another reads."""

from __future__ import annotations

import asyncio
import pathlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from wharfinger_host.store.database import connect, connect_reading, prepare
from wharfinger_host.store.errors import explained
from wharfinger_host.store.facts import Layout, settle_layout
from wharfinger_host.store.inbox import MOST_WAITING, Accepted, Entry, Inbox
from wharfinger_host.store.writer import Writer

__all__ = ["Store", "finished"]

_P = ParamSpec("_P")
_Made = TypeVar("_Made")


class Store:
    """A file of events and of what became of them; a context manager.

    Attributes:
        path: The file.
        layout: How its events are spread over partitions.
        inbox: Takes events in.

    Args:
        path: The file; made where it is not there.
        layout: What a new file is to be like.
        most_waiting: How many events may wait before no more are taken.
        clock: Gives seconds since 1970.

    Raises:
        StoreError: The file cannot be used, or is laid out in another way.
    """

    def __init__(
        self,
        path: pathlib.Path,
        layout: Layout | None = None,
        *,
        most_waiting: int = MOST_WAITING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.inbox = Inbox(most_waiting)
        self._clock = clock
        prepare(path)
        self._writer = Writer(connect(path), path)
        self._reading = connect_reading(path)
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

    def close(self) -> None:
        """Finish what was asked for, and close the file."""
        self._writer.close()
        self._reader.shutdown()
        self._reading.close()

    def write(
        self,
        change: Callable[Concatenate[sqlite3.Connection, _P], _Made],
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
        """
        change = partial(_applied, self.inbox.accept, (entries, self.now_ms()), {})
        return self._writer.submit(change, durable=True, undone=self.inbox.forget)

    def note(
        self,
        change: Callable[Concatenate[sqlite3.Connection, _P], _Made],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Future[_Made]:
        """Make a change that a loss of power, but nothing less, may undo: it is done quicker."""
        return self._writer.submit(partial(_applied, change, args, kwargs), durable=False)

    def read(
        self,
        question: Callable[Concatenate[sqlite3.Connection, _P], _Made],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Future[_Made]:
        """Ask something, in one snapshot of the file."""
        return self._reader.submit(self._ask, partial(_applied, question, args, kwargs))

    def _ask(self, question: Callable[[sqlite3.Connection], _Made]) -> _Made:
        try:
            self._reading.execute("BEGIN")
            try:
                return question(self._reading)
            finally:
                self._reading.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error


def _applied(
    function: Callable[..., _Made],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    db: sqlite3.Connection,
) -> _Made:
    return function(db, *args, **kwargs)


async def finished(future: Future[_Made]) -> _Made:
    """Wait for a future of a store; a change that was asked for happens even if nobody waits."""
    return await asyncio.shield(asyncio.wrap_future(future))
