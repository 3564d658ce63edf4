"""The one thread that writes: what is asked of it meanwhile goes to disk together."""

from __future__ import annotations

import pathlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import attrs

from wharfinger_host.store.errors import explained

__all__ = ["Writer"]

_MOST_TOGETHER = 64
_Made = TypeVar("_Made")


@attrs.define
class _Job:
    """A change that was asked for, and where its end is told."""

    change: Callable[[sqlite3.Connection], Any]
    durable: bool
    undone: Callable[[], None] | None
    future: Future[Any]
    result: Any = None

    def run(self, db: sqlite3.Connection) -> None:
        self.result = self.change(db)

    def end(self) -> None:
        self.future.set_result(self.result)

    def fail(self, error: BaseException) -> None:
        self.future.set_exception(error)


class Writer:
    """Runs changes one after the other in a thread of its own, several of them in one transaction.

    Args:
        db: A connection that may write; it is this thread's alone from now on.
        path: Its file.
    """

    def __init__(self, db: sqlite3.Connection, path: pathlib.Path) -> None:
        self._db = db
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="wharfinger-writer", daemon=True)
        self._thread.start()

    def submit(
        self,
        change: Callable[[sqlite3.Connection], _Made],
        *,
        durable: bool,
        undone: Callable[[], None] | None = None,
    ) -> Future[_Made]:
        """Run a change within a transaction.

        Args:
            change: Called with the connection, perhaps twice; what it did the first time is then
                undone.
            durable: Whether the change must survive a loss of power once the future is done. All
                changes survive the death of the process, in the order they were made.
            undone: Called in the thread that writes where the change was rolled back.

        Returns:
            What the change returned, once it is on disk, or what it raised.
        """
        if self._closed:
            raise RuntimeError("the store is closed")
        future: Future[_Made] = Future()
        self._jobs.put(_Job(change, durable, undone, future))
        return future

    def close(self) -> None:
        """Finish what was asked for, and close the connection."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()
            self._db.close()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs, ended = [job], False
            while len(jobs) < _MOST_TOGETHER and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    ended = True
                    break
                jobs.append(more)
            self._together(jobs)
            if ended:
                return

    def _together(self, jobs: Sequence[_Job]) -> None:
        """Run jobs in one transaction; if one fails, each in its own."""
        try:
            self._transact(jobs)
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever asked
            for job in jobs:
                if job.undone is not None:
                    job.undone()
            if len(jobs) > 1:
                for job in jobs:
                    self._together([job])
                return
            if isinstance(error, sqlite3.Error):
                error = explained(self._path, error)
            jobs[0].fail(error)
        else:
            for job in jobs:
                job.end()

    def _transact(self, jobs: Sequence[_Job]) -> None:
        durable = any(job.durable for job in jobs)
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                job.run(self._db)
            self._db.execute("COMMIT")
        finally:
            # SQLite may have rolled back by itself already, on a full disk for example.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
