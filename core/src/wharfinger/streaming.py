"""A source of events put into a flow, and every event back as it settles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from typing import Any

from wharfinger.errors import NotOpenError
from wharfinger.flow import Flow, cancelled
from wharfinger.settling import Settled

__all__ = ["streamed"]


async def streamed(
    flow: Flow, source: Iterable[Any] | AsyncIterable[Any], *, drain_s: float
) -> AsyncGenerator[Settled, None]:
    """Put everything that a source gives, and yield it as it settles.

    Args:
        flow: Not entered yet.
        source: Events; each has its place in the source, from 0, as its token.
        drain_s: Seconds that are left to what is under way when this is closed early.
    """
    async with flow:
        reader = asyncio.create_task(_read(source, flow))
        try:
            async for settled in flow:
                yield settled
            failure = reader.exception() if reader.done() else None
            if not reader.done() or isinstance(failure, NotOpenError):
                # The reader did not end the flow, so the connection did.
                closed = "The connection was closed while events were streamed to it."
                raise NotOpenError(closed) from failure
            reader.result()
        except GeneratorExit:
            await flow.drain(drain_s)
            raise
        finally:
            await cancelled([reader])


async def _read(source: Iterable[Any] | AsyncIterable[Any], flow: Flow) -> None:
    try:
        if isinstance(source, AsyncIterable):
            place = 0
            async for event in source:
                await flow.put(event, place)
                place += 1
        else:
            for place, event in enumerate(source):
                await flow.put(event, place)
    finally:
        flow.end()
