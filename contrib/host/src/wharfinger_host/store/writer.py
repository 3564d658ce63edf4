"""The one thread that writes: what is asked of it meanwhile goes to disk together."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import attrs

from wharfinger_host.store.dialect import Database, Session
from wharfinger_host.store.errors import InDoubtError, NotNowError, ServerDownError

__all__ = ["Writer"]

_MOST_TOGETHER = 64
_LOOK_S = 1.0
"""Seconds between two looks whether a change in doubt was written."""
_Made = TypeVar("_Made")


@attrs.define
class _Job:
    """A change that was asked for, and where its end is told."""

    change: Callable[[Database], Any]
    durable: bool
    undone: Callable[[], None] | None
    future: Future[Any]
    result: Any = None

    def run(self, db: Database) -> None:
        self.result = self.change(db)

    def end(self) -> None:
        self.future.set_result(self.result)

    def fail(self, error: BaseException) -> None:
        self.future.set_exception(error)


class Writer:
    """Runs changes one after the other in a thread of its own, several of them in one transaction.

    Args:
        session: May write; it is this thread's alone from now on.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="wharfinger-writer", daemon=True)
        self._thread.start()

    def submit(
        self,
        change: Callable[[Database], _Made],
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
            self._session.close()

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
        durable = any(job.durable for job in jobs)
        try:
            self._session.write(partial(_run, jobs), durable=durable)
        except InDoubtError as doubt:
            self._find_out(doubt, jobs)
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever asked
            for job in jobs:
                if job.undone is not None:
                    job.undone()
            # A server that is down is down for each of them.
            if len(jobs) > 1 and not isinstance(error, ServerDownError):
                for job in jobs:
                    self._together([job])
                return
            for job in jobs:
                job.fail(error)
        else:
            for job in jobs:
                job.end()

    def _find_out(self, doubt: InDoubtError, jobs: Sequence[_Job]) -> None:
        """Wait until it is known whether jobs were written; where they were not, run them again.

        Run twice, they would be counted twice; given up, nobody would know what became of them.
        """
        while True:
            try:
                written = doubt.was_written()
            except NotNowError as error:
                if not self._closed:
                    self._turn_away(error)
                    continue
                written = None
            except BaseException:  # noqa: BLE001  # nobody will ever know
                written = None
            break
        if written is False:
            self._together(jobs)
            return
        for job in jobs:
            if written:
                job.end()
            else:
                job.fail(doubt)

    def _turn_away(self, error: NotNowError) -> None:
        """Say for a while to whoever wants to write that it is not possible."""
        until_s = time.monotonic() + _LOOK_S
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                job = self._jobs.get(timeout=left_s)
            except queue.Empty:
                return
            if job is None:
                self._jobs.put(None)  # the end is for who comes after
                return
            job.fail(error)


def _run(jobs: Sequence[_Job], db: Database) -> None:
    for job in jobs:
        job.run(db)
