"""Who works for a connection: every worker says so to all others, again and again.

The consumers of a queue are no measure: those of a node that is gone stay counted until it is back.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from typing import Final

import aio_pika
import attrs
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage

from wharfinger_rabbitmq.link import ANSWER_S, CLOSE_S, TROUBLE, Link, answered

__all__ = ["RollCall"]

_HERE: Final = "here"
_GONE: Final = "gone"
_WHO: Final = "who"
_ANSWERS_S: Final = 0.3


@attrs.define(eq=False)
class RollCall:
    """One voice among the workers of a connection.

    Attributes:
        link: Gives channels.
        exchange: Hands what one says to all.
        keeps_s: Seconds for which one that was heard counts.
    """

    link: Link
    exchange: str
    keeps_s: float
    _me: str = attrs.field(factory=lambda: secrets.token_hex(8))
    _heard: dict[str, float] = attrs.field(factory=dict)
    _channel: AbstractChannel | None = None
    _to_all: AbstractExchange | None = None

    async def here(self) -> int:
        """Say that this worker is here, and return how many are.

        Raises:
            ChannelNotFoundEntity: The exchange is not there.
        """
        joins = await self._join()
        if joins:
            await self._say(_WHO)
        await self._say(_HERE)
        if joins:
            await asyncio.sleep(_ANSWERS_S)
        self._heard[self._me] = time.monotonic()
        return self._count()

    async def others(self) -> int:
        """Return how many workers there are, without being one.

        Raises:
            ChannelNotFoundEntity: The exchange is not there.
        """
        try:
            await self._join()
            await self._say(_WHO)
            await asyncio.sleep(_ANSWERS_S)
            return self._count()
        finally:
            await self._close()

    async def leave(self) -> None:
        """Say that this worker goes, so that the others need not wait for it."""
        with suppress(*TROUBLE):
            async with answered(CLOSE_S):
                if self._me in self._heard and self._channel and not self._channel.is_closed:
                    await self._say(_GONE)
                await self._close()

    async def _join(self) -> bool:
        """Hear from now on, and tell whether it did not before."""
        if self._channel is not None and not self._channel.is_closed:
            return False
        channel = await self.link.channel(publisher_confirms=False)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await queue.bind(self.exchange)
        self._to_all = await channel.get_exchange(self.exchange, ensure=False)
        await queue.consume(self._hear, no_ack=True)
        self._channel = channel
        return True

    async def _say(self, what: str) -> None:
        if self._to_all is not None:
            message = aio_pika.Message(self._me.encode(), type=what)
            await self._to_all.publish(message, "", mandatory=False)

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        who = message.body.decode("ascii", "replace")
        if message.type == _HERE:
            self._heard[who] = time.monotonic()
        elif message.type == _GONE:
            self._heard.pop(who, None)
        elif message.type == _WHO and self._me in self._heard:
            with suppress(*TROUBLE):
                async with answered(ANSWER_S):
                    await self._say(_HERE)

    def _count(self) -> int:
        since_s = time.monotonic() - self.keeps_s
        self._heard = {who: at_s for who, at_s in self._heard.items() if at_s > since_s}
        return len(self._heard)

    async def _close(self) -> None:
        if self._channel is not None:
            with suppress(*TROUBLE):
                async with answered(CLOSE_S):
                    await self._channel.close()
