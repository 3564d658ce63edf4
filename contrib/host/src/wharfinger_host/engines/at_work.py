"""What commands do with an engine: look whether it is ready, work on it, and publish to it."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final

import attrs
import typer

from wharfinger_host import opening
from wharfinger_host.engines.contract import (
    Engine,
    EngineError,
    EngineFullError,
    EngineUrlError,
    LaneEvent,
)
from wharfinger_host.engines.counts import LaneCounts
from wharfinger_host.engines.finding import engine_of
from wharfinger_host.engines.post import EnginePost
from wharfinger_host.exits import Exit
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.inbox import Accepted, Entry
from wharfinger_host.store.store import Store
from wharfinger_host.terminal import messages, printable

__all__ = [
    "Lanes",
    "Take",
    "check",
    "engine_for",
    "lanes_for",
    "leaving",
    "on_engine",
    "taking",
]

_WHOLE_S: Final = 300.0
"""What ``timeouts.whole_s`` is where a configuration does not say it."""
Take = Callable[[Sequence[Entry]], Future[Accepted]]
"""Takes events in; they are safe once the future is done."""


@attrs.frozen
class Lanes:
    """The lanes of an engine, in the place of those of the inbox.

    Attributes:
        engine: Has them.
        one_machine: Whether all workers of the engine write into one ledger.
        observer: The same engine once more, to be looked at: a question that waits for its answer
            must keep no sign of life from getting through. None where nobody looks.
        counts: How lanes come and go, by connection.
    """

    engine: Engine
    one_machine: bool = False
    observer: Engine | None = None
    counts: dict[str, LaneCounts] = attrs.field(factory=dict)

    def post(self, *, name: str, **duty: Any) -> EnginePost:
        """Make a post on the engine, for `Worker.post`.

        Args:
            name: Name of the connection.
            duty: As `EnginePost` takes it.
        """
        return EnginePost(
            engine=self.engine,
            one_machine=self.one_machine,
            counts=self.counts.setdefault(name, LaneCounts()),
            name=name,
            **duty,
        )

    async def close(self) -> None:
        """Leave the engine."""
        await self.engine.close()
        if self.observer is not None:
            await self.observer.close()

    async def waiting(self, connections: Sequence[str]) -> int:
        """Return how many events wait, each for every connection by itself.

        Raises:
            EngineError: The engine does not answer.
        """
        status = await self.engine.status(connections)
        return sum(lane.waiting or 0 for lane in status.lanes)

    async def take(self, entries: Sequence[Entry]) -> Accepted:
        """Publish events, for `Intake.take`; which are duplicates is found out as they are fetched.

        Raises:
            InboxFullError: Too many wait.
            StoreError: The engine cannot be used.
        """
        events = [
            LaneEvent(entry.message_id or secrets.token_hex(16), entry.contact, entry.raw)
            for entry in entries
        ]
        try:
            await self.engine.publish(events)
        except EngineFullError as error:
            raise InboxFullError(str(error)) from error
        except EngineError as error:
            raise StoreError(str(error)) from error
        return Accepted(len(events), 0)


async def on_engine(
    lanes: Lanes | None, connections: Sequence[str], work: Callable[[], Awaitable[None]]
) -> None:
    """Work, where there is an engine once it has been looked at, and end with it.

    Args:
        lanes: Of an engine that is not connected yet; None where the inbox is worked on.
        connections: Whose lanes are needed.
        work: What is to be done.

    Raises:
        EngineError: It has no lanes for a connection, or does not answer.
    """
    if lanes is None:
        return await work()
    try:
        await check(lanes.engine, connections)
        await work()
    finally:
        await lanes.close()


async def check(engine: Engine, connections: Sequence[str]) -> None:
    """Look whether an engine can be worked on.

    Raises:
        EngineError: It has no lanes for a connection, or does not answer.
    """
    status = await engine.status(connections)
    if not status.ok:
        problems = [*status.problems, *(lane.problem for lane in status.lanes if lane.problem)]
        raise EngineError(problems[0])


@contextmanager
def taking(lanes: Lanes, connections: Sequence[str]) -> Iterator[Take]:
    """Publish out of a thread that is not the engine's.

    Args:
        lanes: Of an engine that is not connected yet.
        connections: Whose lanes are needed.

    Yields:
        What publishes, as `Store.accept` takes in.

    Raises:
        EngineError: It has no lanes for a connection, or does not answer.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="wharfinger-engine", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(check(lanes.engine, connections), loop).result()
        yield lambda entries: asyncio.run_coroutine_threadsafe(lanes.take(entries), loop)
    finally:
        asyncio.run_coroutine_threadsafe(lanes.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def leaving() -> Iterator[None]:
    """End a command with what its engine says, where it cannot be used."""
    try:
        yield
    except EngineUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--engine") from error
    except EngineError as error:
        raise opening.leave(str(error), Exit.FILES) from error


def lanes_for(
    url: str,
    store: Store,
    *,
    lanes: int | None = None,
    one_machine: bool = False,
    delivering: Mapping[str, Mapping[str, Any]] | None = None,
) -> Lanes | None:
    """Return the lanes of the engine of a URL; None where none is named.

    Args:
        url: Its URL, or ``""``.
        store: The ledger.
        lanes: How many lanes each connection has; None for as many as the ledger has partitions.
        one_machine: Whether all workers of the engine run on this machine and write into this file.
            A ledger on a server is that of all workers anyway.
        delivering: The tables of those connections that are delivered to from here, by name. What
            of them does not go with the engine's leases is said.

    Raises:
        EngineUrlError: No engine takes it, or it is the inbox itself.
    """
    if not url:
        return None
    lanes = lanes or store.layout.partitions
    engine = engine_for(url, lanes)
    _warn_of_timeouts(engine, delivering or {})
    shared = not store.place.takes_events
    return Lanes(engine, one_machine or shared, engine_for(url, lanes))


def engine_for(url: str, lanes: int) -> Engine:
    """Return the engine of a URL that is to hold the lanes of a host.

    Args:
        url: Its URL.
        lanes: How many lanes each connection has.

    Raises:
        EngineUrlError: No engine takes it, or it is the inbox itself.
    """
    if url.startswith("sqlite:"):
        raise EngineUrlError(
            "The inbox needs no engine: leave --engine away, and name its file in [inbox]."
        )
    return engine_of(url, lanes)


def _warn_of_timeouts(engine: Engine, connections: Mapping[str, Mapping[str, Any]]) -> None:
    """Say where a request may last longer than the lease of the lane that it is from.

    Args:
        engine: Gives leases.
        connections: Their tables, by name.
    """
    longest_s: dict[float, list[str]] = {}
    for name, table in connections.items():
        whole_s = table.get("timeouts", {}).get("whole_s", _WHOLE_S)
        if whole_s >= engine.lease_s:
            longest_s.setdefault(whole_s, []).append(name)
    for whole_s, names in longest_s.items():
        text = (
            f"A request of {', '.join(names)} may take {whole_s:g} s (timeouts.whole_s), and the "
            f"engine gives a lane to another worker after {engine.lease_s:g} s without a sign of "
            "life. What a worker that is cut off still sends may then come after what is newer. "
            "Let whole_s be less, or ask for a longer lease in the engine's URL."
        )
        messages().print(printable(text), style="yellow", soft_wrap=True)
