"""A lane that this worker holds: the one active consumer of its queue."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import attrs
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from wharfinger_host.engines.contract import Fetched, LaneLostError, fitting
from wharfinger_rabbitmq.link import ANSWER_S, CLOSE_S, TROUBLE, answered
from wharfinger_rabbitmq.publishing import event_of

__all__ = ["PREFETCH", "RabbitLease"]

PREFETCH: Final = 200
"""Events that a lane's worker has at most: a batch that is being delivered, and the next one."""


@attrs.define(eq=False, kw_only=True)
class RabbitLease:
    """The lease of a lane.

    Attributes:
        connection: Whose lane it is.
        lane: Its number.
        epoch: Grows with each lease of this engine.
        channel: This lane's own; when it closes, the server hands the lane over.
        bury: Writes dead letters.
        alive: Tells whether the server answered lately.
    """

    connection: str
    lane: int
    epoch: int
    channel: AbstractChannel
    bury: Callable[[int, str, Sequence[Fetched], str], Any]
    alive: Callable[[], bool]
    _queue: AbstractQueue | None = None
    _tag: str = ""
    _lost: bool = False
    _stopped: bool = False
    _buffer: deque[Fetched] = attrs.field(factory=deque)
    _news: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def begin(self, queue: AbstractQueue) -> None:
        """Have events sent from now on.

        Args:
            queue: The lane, on this lease's channel.
        """
        self.channel.close_callbacks.add(self._closed)
        underlay = await self.channel.get_underlay_channel()
        # Where its queue is deleted, the server sends nothing more, and leaves the channel open.
        underlay.on_consumer_cancel_callbacks.add(self._closed)
        await self.channel.set_qos(prefetch_count=PREFETCH)
        self._queue = queue
        self._tag = await queue.consume(self._hear)

    @property
    def is_good(self) -> bool:
        """Whether the server cannot have given the lane to another."""
        return not self._lost and not self.channel.is_closed and self.alive()

    async def fetch(self, most: int, wait_s: float) -> list[Fetched]:
        """Return what the server has sent."""
        self._check()
        if not self._buffer and not self._stopped:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            self._check()
        ready = islice(self._buffer, most)
        count = fitting(len(each.event.raw) for each in ready)
        return [self._buffer.popleft() for _ in range(count)]

    async def ack(self, batch: Sequence[Fetched]) -> None:
        """Acknowledge events, and all before them, at once."""
        self._check()
        try:
            async with answered(ANSWER_S):
                underlay = await self.channel.get_underlay_channel()
                await underlay.basic_ack(batch[-1].place, multiple=True)
        except TROUBLE as error:
            raise self._lose() from error

    async def dead(self, events: Sequence[Fetched], reason: str) -> None:
        """Publish dead letters, and wait until they are confirmed."""
        await self.bury(self.lane, self.connection, events, reason)

    async def stop(self) -> None:
        """Have the server send nothing more; it keeps what this worker was sent for it."""
        if self._queue is not None and not self._stopped:
            try:
                async with answered(ANSWER_S):
                    await self._queue.cancel(self._tag)
                    # What was sent before is handed in by tasks; this is answered after them.
                    await self.channel.set_qos(prefetch_count=PREFETCH)
            except TROUBLE as error:
                raise self._lose() from error
        self._stopped = True
        self._news.set()

    async def release(self) -> None:
        """Close the channel, which hands the lane over."""
        self._lost = True
        with suppress(*TROUBLE):
            async with answered(CLOSE_S):
                await self.channel.close()

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        if message.delivery_tag is None:
            return
        # Quorum queues count; a message that goes back to its place has been with somebody.
        again = bool(message.headers.get("x-delivery-count")) or bool(message.redelivered)
        at_ms = int(message.timestamp.timestamp() * 1000) if message.timestamp else None
        self._buffer.append(Fetched(event_of(message), message.delivery_tag, again, at_ms))
        self._news.set()

    def _closed(self, *_: Any) -> None:
        self._lost = True
        self._news.set()

    def _check(self) -> None:
        if self._lost or self.channel.is_closed:
            raise self._lose()

    def _lose(self) -> LaneLostError:
        self._lost = True
        self._buffer.clear()
        return LaneLostError(
            f"Lane {self.lane} of {self.connection} is lost: its channel is closed."
        )
