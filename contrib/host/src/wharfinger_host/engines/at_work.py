"""What commands do with an engine: look whether it is ready, work on it, and publish to it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from wharfinger_host.engines.contract import (
    Engine,
    EngineError,
    EngineFullError,
    EngineUrlError,
    LaneEvent,
)
from wharfinger_host.engines.finding import engine_of
from wharfinger_host.engines.post import EnginePost
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.inbox import Accepted, Entry

__all__ = ["engine_for", "on_engine", "post_on", "publishing_to"]


async def on_engine(
    engine: Engine | None, connections: Sequence[str], work: Callable[[], Awaitable[None]]
) -> None:
    """Work, where there is an engine once it has been looked at, and end with it.

    Args:
        engine: Not connected yet; None where the inbox is worked on.
        connections: Whose lanes are needed.
        work: What is to be done.

    Raises:
        EngineError: It has no lanes for a connection, or does not answer.
    """
    if engine is None:
        return await work()
    try:
        status = await engine.status(connections)
        if not status.ok:
            problems = [*status.problems, *(lane.problem for lane in status.lanes if lane.problem)]
            raise EngineError(problems[0])
        await work()
    finally:
        await engine.close()


def post_on(engine: Engine) -> Callable[..., Any]:
    """Return what makes posts on an engine, for `Worker.post`."""
    return partial(EnginePost, engine=engine)


def publishing_to(engine: Engine) -> Callable[[Sequence[Entry]], Awaitable[Accepted]]:
    """Return what takes events in by publishing them, for `Intake.take`.

    It raises `InboxFullError` where too many wait, and `StoreError` where the engine cannot be
    used. Which are duplicates is found out when they are fetched.
    """

    async def take(entries: Sequence[Entry]) -> Accepted:
        events = [
            LaneEvent(entry.message_id or secrets.token_hex(16), entry.contact, entry.raw)
            for entry in entries
        ]
        try:
            await engine.publish(events)
        except EngineFullError as error:
            raise InboxFullError(str(error)) from error
        except EngineError as error:
            raise StoreError(str(error)) from error
        return Accepted(len(events), 0)

    return take


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
