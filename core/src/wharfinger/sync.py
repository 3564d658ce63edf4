"""Connections for hosts without an event loop.

::

    with wharfinger.sync.opened(connection) as account:
        receipts = account.deliver(events)

The connection works in a thread of its own, which ends with the ``with`` block. What the host
hands in (the events, the iterable they come from) is touched in the host's own thread only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from wharfinger.connection import Connection
from wharfinger.errors import NotOpenError
from wharfinger.explanation import Explanation
from wharfinger.model.choices import Choices, Question
from wharfinger.model.destination import Finding
from wharfinger.model.outcome import Receipt
from wharfinger.model.provision import Plan
from wharfinger.preview import Preview
from wharfinger.settling import Settled

__all__ = ["SyncConnection", "opened"]

_Result = TypeVar("_Result")

_END: Final = object()


@contextmanager
def opened(connection: Connection) -> Iterator[SyncConnection]:
    """Open a connection, and close it at the end of the ``with`` block.

    Args:
        connection: Made by ``plugins.connect``; not open yet.

    Yields:
        The connection for callers that wait. When the block ends with an exception,
        `KeyboardInterrupt` included, whatever is still under way is cancelled.
    """
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(connection):
        account = SyncConnection(connection, portal)
        try:
            yield account
        finally:
            account.end()


class SyncConnection:
    """An open connection for callers that wait; made by `opened`.

    Any thread may use it, and several at once.

    Attributes:
        connection: The connection itself, for its facts: ``name``, ``mappings``, ``findings``.
    """

    def __init__(self, connection: Connection, portal: BlockingPortal) -> None:
        self.connection = connection
        self._portal = portal
        self._loop = portal.call(asyncio.get_running_loop)
        self._open = True

    def end(self) -> None:
        """Start nothing more; called at the end of the ``with`` block."""
        self._open = False

    def deliver(self, events: Iterable[Any]) -> list[Receipt]:
        """As `Connection.deliver`."""
        return self._call(self.connection.deliver, list(events))

    def preview(self, events: Iterable[Any]) -> Preview:
        """As `Connection.preview`."""
        return self._call(self.connection.preview, list(events))

    def explain(self, event: Any) -> Explanation:
        """As `Connection.explain`."""
        return self._call(self.connection.explain, event)

    def choices(self, action: str, question: Question) -> Choices:
        """As `Connection.choices`."""
        return self._call(self.connection.choices, action, question)

    def plan(self, events: Iterable[Any] = (), options: dict[str, Any] | None = None) -> list[Plan]:
        """As `Connection.plan`."""
        return self._call(self.connection.plan, list(events), options)

    def apply(self, plans: Iterable[Plan]) -> list[Finding]:
        """As `Connection.apply`."""
        return self._call(self.connection.apply, list(plans))

    def test(self) -> list[Finding]:
        """As `Connection.test`."""
        return self._call(self.connection.test)

    def diagnose(self) -> list[Finding]:
        """As `Connection.diagnose`."""
        return self._call(self.connection.diagnose)

    def stream(
        self, source: Iterable[Any], *, most_waiting: int = 10_000, drain_s: float = 30.0
    ) -> Generator[Settled, None, None]:
        """As `Connection.stream`, with an iterable that is read in the caller's thread.

        It may block; what settles meanwhile is yielded when it gives its next event.

        Args:
            source: Events; one without an end is as good.
            most_waiting: Events that may be read and not yet yielded.
            drain_s: Seconds that are left to what is under way when this is closed early.

        Yields:
            Events in no certain order; the token of each is its place in the source, from 0.

        Raises:
            NotOpenError: Outside the ``with`` block.
        """
        bridge = _Bridge(self._loop)
        future = self._start(bridge.carry, self.connection, most_waiting)
        failure: Exception | None = None
        events = iter(source)
        try:
            while not bridge.over:
                try:
                    event = next(events)
                except StopIteration:
                    break
                except Exception as error:  # noqa: BLE001  # raised when what was read is settled
                    failure = error
                    break
                bridge.hand(event)
                yield from bridge.ready(most_waiting)
            bridge.hand(_END)
            yield from bridge.rest()
            _result_of(future)
        except GeneratorExit:
            bridge.hand(_END)
            wait([future], drain_s)
            raise
        finally:
            future.cancel()
        if failure is not None:
            raise failure

    def _call(self, function: Callable[..., Awaitable[_Result]], *arguments: Any) -> _Result:
        future = self._start(function, *arguments)
        try:
            return _result_of(future)
        finally:
            future.cancel()  # an interrupted caller wants no result any more

    def _start(
        self, function: Callable[..., Awaitable[_Result]], *arguments: Any
    ) -> Future[_Result]:
        if not self._open:
            raise NotOpenError("This connection was closed at the end of its with block.")
        return self._portal.start_task_soon(function, *arguments)


def _result_of(future: Future[_Result]) -> _Result:
    if future.cancelled():
        raise NotOpenError("The connection was closed meanwhile.")
    return future.result()


class _Bridge:
    """Carries events from a host's thread into the event loop, and what became of them back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handed: deque[Any] = deque()
        self._given: SimpleQueue[Settled | None] = SimpleQueue()
        self._wake = asyncio.Event()
        self._sleeps = False
        self._waiting = 0
        # Looked at for each event: a future takes a lock to say whether it is done, and an
        # interrupt in the wrong place would leave it locked.
        self.over = False

    def hand(self, event: Any) -> None:
        """Hand over one event, or the end; waking the loop for each would cost more than it."""
        self._handed.append(event)
        self._waiting += event is not _END
        if self._sleeps and not self.over:
            self._sleeps = False
            self._loop.call_soon_threadsafe(self._wake.set)

    def ready(self, most_waiting: int) -> Iterator[Settled]:
        """Yield what has settled, and wait for it while too many are waiting."""
        while self._waiting >= most_waiting or not self._given.empty():
            if (settled := self._given.get()) is None:
                self._given.put(None)
                return
            self._waiting -= 1
            yield settled

    def rest(self) -> Iterator[Settled]:
        """Yield whatever settles until the end."""
        yield from iter(self._given.get, None)

    async def carry(self, connection: Connection, most_waiting: int) -> None:
        """Deliver what is handed over; runs in the event loop."""
        try:
            async for settled in connection.stream(self._events(), most_waiting=most_waiting):
                self._given.put(settled)
        finally:
            self.over = True
            self._given.put(None)

    async def _events(self) -> AsyncIterator[Any]:
        while True:
            while self._handed:
                if (event := self._handed.popleft()) is _END:
                    return
                yield event
            self._wake.clear()
            self._sleeps = True
            if not self._handed:  # the other thread looks at these two in the other order
                await self._wake.wait()
