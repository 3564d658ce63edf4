"""What commands do with an engine: look whether it is ready, work on it, and publish to it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

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
from wharfinger_host.engines.finding import engine_of
from wharfinger_host.engines.post import EnginePost
from wharfinger_host.exits import Exit
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.inbox import Accepted, Entry
from wharfinger_host.store.store import Store

__all__ = ["Lanes", "engine_for", "lanes_for", "leaving", "on_engine"]


@attrs.frozen
class Lanes:
    """The lanes of an engine, in the place of those of the inbox.

    Attributes:
        engine: Has them.
        one_machine: Whether all workers of the engine write into one ledger.
    """

    engine: Engine
    one_machine: bool = False

    @property
    def post(self) -> Callable[..., Any]:
        """What makes posts on the engine, for `Worker.post`."""
        return partial(EnginePost, engine=self.engine, one_machine=self.one_machine)

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
    engine = lanes.engine
    try:
        status = await engine.status(connections)
        if not status.ok:
            problems = [*status.problems, *(lane.problem for lane in status.lanes if lane.problem)]
            raise EngineError(problems[0])
        await work()
    finally:
        await engine.close()


@contextmanager
def leaving() -> Iterator[None]:
    """End a command with what its engine says, where it cannot be used."""
    try:
        yield
    except EngineUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--engine") from error
    except EngineError as error:
        raise opening.leave(str(error), Exit.FILES) from error


def lanes_for(url: str, store: Store, *, one_machine: bool) -> Lanes | None:
    """Return the lanes of the engine of a URL; None where none is named.

    Args:
        url: Its URL, or ``""``.
        store: The ledger; its layout says how many lanes each connection has.
        one_machine: Whether all workers of the engine run on this machine and write into this file.
            A ledger on a server is that of all workers anyway.

    Raises:
        EngineUrlError: No engine takes it, or it is the inbox itself.
    """
    if not url:
        return None
    shared = not store.place.takes_events
    return Lanes(engine_for(url, store.layout.partitions), one_machine or shared)


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
