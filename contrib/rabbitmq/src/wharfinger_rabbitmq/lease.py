"""A lane that this worker holds: the one active consumer of its queue.

Where a consumer goes, all that it was sent goes back at once and in its order, and only then the
next one is sent anything. Not so where it is cancelled first: what is on its way to it then goes
back before what it has (`rabbit_fifo_client:handle_delivery`), and the next one overtakes it. So a
consumer is cancelled only when nothing can be on its way and nothing is left to deliver.
"""

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
    _heard: int = 0
    _delivered: int = 0
    _acked: int = 0
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
        if not self._buffer and not self._has_all:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            self._check()
        ready = islice(self._buffer, most)
        count = fitting(len(each.event.raw) for each in ready)
        return [self._buffer.popleft() for _ in range(count)]

    async def ack(self, batch: Sequence[Fetched]) -> None:
        """Acknowledge events, and all before them; once it was stopped, in the end.

        The server sends others for what is acknowledged, and what goes back unseen counts as
        having been with somebody.
        """
        self._check()
        self._delivered = batch[-1].place
        if not self._stopped:
            try:
                async with answered(ANSWER_S):
                    await self._settle()
            except TROUBLE as error:
                raise self._lose() from error

    async def dead(self, events: Sequence[Fetched], reason: str) -> None:
        """Publish dead letters, and wait until they are confirmed."""
        await self.bury(self.lane, self.connection, events, reason)

    async def stop(self) -> None:
        """Hand out what the server sends without being told that any of it is done."""
        self._stopped = True

    async def release(self) -> None:
        """Acknowledge what is delivered, and close the channel, which hands the lane over."""
        with suppress(*TROUBLE):
            async with answered(CLOSE_S):
                if not self._lost and not self.channel.is_closed:
                    await self._take_leave()
        self._lost = True
        with suppress(*TROUBLE):
            async with answered(CLOSE_S):
                await self.channel.close()

    @property
    def _has_all(self) -> bool:
        """Whether the server sends nothing more before something is acknowledged."""
        return self._heard - self._acked >= PREFETCH

    async def _take_leave(self) -> None:
        if self._queue is not None and self._has_all and self._delivered == self._heard:
            await self._queue.cancel(self._tag, nowait=True)
        if self._delivered > self._acked:
            await self._settle()

    async def _settle(self) -> None:
        underlay = await self.channel.get_underlay_channel()
        await underlay.basic_ack(self._delivered, multiple=True)
        self._acked = self._delivered

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        if message.delivery_tag is None:
            return
        # Quorum queues count; a message that goes back to its place has been with somebody.
        again = bool(message.headers.get("x-delivery-count")) or bool(message.redelivered)
        at_ms = int(message.timestamp.timestamp() * 1000) if message.timestamp else None
        self._heard = message.delivery_tag
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
