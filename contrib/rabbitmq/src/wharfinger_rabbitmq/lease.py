"""A lane that this worker holds: the one active consumer of its queue.

Where a consumer goes, all that it was sent goes back at once and in its order, and only then the
next one is sent anything. Not so where it is cancelled first: what is on its way to it then goes
back before what it has (`rabbit_fifo_client:handle_delivery`). If it dies now, the next one is sent
what is newer first; and what went back counts as having been with somebody. So a lane is given up
when nothing more comes of itself: it is empty, or this worker has its fill and acknowledges nothing
until all of that is delivered. Only where neither comes about soon, the consumer is cancelled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Any, Final

import attrs
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from wharfinger_host.engines.contract import EngineDownError, Fetched, LaneLostError, fitting
from wharfinger_rabbitmq.link import ANSWER_S, CLOSE_S, TROUBLE, answered
from wharfinger_rabbitmq.publishing import event_of

__all__ = ["PREFETCH", "RabbitLease"]

PREFETCH: Final = 200
"""Events that a lane's worker has at most: a batch that is being delivered, and the next one."""
_LEAVING_S: Final = 2.0
"""Seconds after `stop` in which what comes is still delivered."""
_QUIET_S: Final = 0.05
_LOOKS: Final = 10


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
    bury: Callable[[int, str, Sequence[Fetched], str], Awaitable[None]]
    alive: Callable[[], bool]
    _queue: AbstractQueue | None = None
    _tag: str = ""
    _lost: bool = False
    _until_s: float | None = None
    _cancelled: bool = False
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
        if self._until_s is not None and asyncio.get_running_loop().time() >= self._until_s:
            await self._cut_off()
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
        """Acknowledge events, and all before them, at once or, after `stop`, in the end."""
        self._check()
        self._delivered = batch[-1].place
        # What the server sends for what is acknowledged would go back as if it had been delivered.
        if self._cancelled or self._until_s is None:
            async with self._insisting():
                await self._settle()

    async def dead(self, events: Sequence[Fetched], reason: str) -> None:
        """Publish dead letters, and wait until they are confirmed; as long as the lane is good.

        A server that is short of memory confirms nothing for a while. To let the lane go would
        count for everything that this worker has of it.
        """
        while True:
            try:
                return await self.bury(self.lane, self.connection, events, reason)
            except EngineDownError:
                if not self.is_good:
                    raise

    async def stop(self) -> None:
        """Take soon nothing more; what `fetch` returns until then is to be delivered."""
        if self._until_s is None:
            self._until_s = asyncio.get_running_loop().time() + _LEAVING_S

    async def release(self) -> None:
        """Acknowledge what is delivered, and close the channel, which hands the lane over."""
        with suppress(*TROUBLE):
            async with answered(CLOSE_S):
                if not self._lost and not self.channel.is_closed:
                    if self._has_all and self._delivered == self._heard:
                        await self._cancel()
                    await self._settle()
        self._lost = True
        with suppress(*TROUBLE):
            async with answered(CLOSE_S):
                await self.channel.close()

    @property
    def _has_all(self) -> bool:
        """Whether the server sends nothing more before something is acknowledged, or at all."""
        return self._cancelled or self._heard - self._acked >= PREFETCH

    async def _cut_off(self) -> None:
        """Have the server send nothing more; it keeps what this worker was sent for it."""
        async with self._insisting():
            await self._let_come()
            if not self._has_all:
                await self._cancel()
                # What was sent before is handed in by tasks; this is answered after them.
                await self.channel.set_qos(prefetch_count=PREFETCH)

    async def _let_come(self) -> None:
        """Let come what is on its way; in a lane that is busy, until this worker has its fill."""
        for _ in range(_LOOKS):
            heard = self._heard
            if self._has_all:
                return
            await asyncio.sleep(_QUIET_S)
            if self._heard == heard:
                return

    async def _cancel(self) -> None:
        if self._queue is not None and not self._cancelled:
            self._cancelled = True
            await self._queue.cancel(self._tag)

    async def _settle(self) -> None:
        if self._delivered > self._acked:
            underlay = await self.channel.get_underlay_channel()
            await underlay.basic_ack(self._delivered, multiple=True)
            self._acked = self._delivered

    @asynccontextmanager
    async def _insisting(self) -> AsyncIterator[None]:
        """Ask the server for something; where that comes to nothing, the lane is lost."""
        try:
            async with answered(ANSWER_S):
                yield
        except TROUBLE as error:
            raise self._lose() from error

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
