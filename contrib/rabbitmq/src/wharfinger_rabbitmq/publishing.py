"""Putting events into lanes, so that they are safe and in their order when it returns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import aio_pika
import attrs
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError, PublishError

from wharfinger_host.engines.contract import (
    EngineDownError,
    EngineError,
    EngineFullError,
    LaneEvent,
)
from wharfinger_rabbitmq.link import TROUBLE, Link

__all__ = ["Publisher", "event_of", "message_of", "rounds"]

_PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 0.2
_ANSWER_S: Final = 5.0
_MOST_AT_ONCE: Final = 1_000


@attrs.define(eq=False)
class Publisher:
    """Publishes to one exchange; each event is confirmed by most nodes that hold its lane.

    Attributes:
        link: Gives channels.
        exchange: Name of the exchange.
        patience_s: Seconds for which it is tried again.
    """

    link: Link
    exchange: str
    patience_s: float = _PATIENCE_S
    _channel: AbstractChannel | None = None
    _exchange_of: AbstractExchange | None = None
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def publish(self, messages: Sequence[tuple[str, aio_pika.Message]]) -> None:
        """Publish messages that need no order between each other.

        Args:
            messages: Each with its routing key.

        Raises:
            EngineFullError: A queue took no more until patience ended.
            EngineDownError: No node answered until patience ended.
            EngineError: No queue is there for one of them.
        """
        async with self._turn:
            deadline_s = time.monotonic() + self.patience_s
            left = list(messages)
            while left:
                left, why = await self._try(left)
                if left and time.monotonic() > deadline_s:
                    raise why
                if left:
                    await asyncio.sleep(_PAUSE_S)

    async def _try(
        self, messages: Sequence[tuple[str, aio_pika.Message]]
    ) -> tuple[list[tuple[str, aio_pika.Message]], EngineError]:
        """Publish, and return what was not confirmed, and why."""
        why: EngineError = EngineDownError(
            f"{self.link.address} did not confirm {len(messages):,} events in time."
        )
        try:
            exchange = await self._exchange()
        except EngineDownError as error:
            return list(messages), error
        results = await asyncio.gather(
            *(self._send(exchange, key, message) for key, message in messages),
            return_exceptions=True,
        )
        left = []
        for each, result in zip(messages, results, strict=True):
            if result is None:
                continue
            if isinstance(result, EngineFullError):
                why = result
            elif not isinstance(result, TROUBLE):
                raise result
            left.append(each)
        if isinstance(why, EngineFullError):
            await self._renew()
        return left, why

    async def _renew(self) -> None:
        """Let the next try have another channel.

        A channel that met a lane while its leader died goes on refusing for it.
        """
        channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(*TROUBLE):
                await channel.close()

    async def _send(self, exchange: AbstractExchange, key: str, message: aio_pika.Message) -> None:
        try:
            await exchange.publish(message, key, timeout=_ANSWER_S)
        except PublishError as error:
            raise _no_queue(self.link, f"{self.exchange} and {key}") from error
        except DeliveryError as error:
            raise EngineFullError(
                f"A lane at {self.link.address} takes no more events. Try again when the workers "
                "have caught up."
            ) from error

    async def _exchange(self) -> AbstractExchange:
        if self._exchange_of is None or self._channel is None or self._channel.is_closed:
            channel = await self.link.channel(on_return_raises=True)
            try:
                self._exchange_of = await channel.get_exchange(self.exchange)
            except ChannelNotFoundEntity as error:
                raise _no_queue(self.link, self.exchange) from error
            except TROUBLE as error:
                raise EngineDownError(f"{self.link.address} does not answer.") from error
            self._channel = channel
        return self._exchange_of


def _no_queue(link: Link, what: str) -> EngineError:
    return EngineError(
        f"{link.address} has no queue for {what}. `wharfinger engine setup` makes it; the number "
        "of lanes must be the same everywhere."
    )


def rounds(events: Iterable[LaneEvent]) -> Iterator[list[LaneEvent]]:
    """Split events so that no contact is in one round twice, and each keeps its order.

    A full lane refuses one event and may take the next, so what must keep its order is not under
    way at the same time.

    Args:
        events: In their order.
    """
    left = list(events)
    while left:
        chosen: list[LaneEvent] = []
        later: list[LaneEvent] = []
        met: set[str] = set()
        for index, event in enumerate(left):
            if len(chosen) >= _MOST_AT_ONCE:
                later += left[index:]
                break
            if event.contact and event.contact in met:
                later.append(event)
            else:
                met.add(event.contact)
                chosen.append(event)
        yield chosen
        left = later


def message_of(event: LaneEvent, **headers: Any) -> aio_pika.Message:
    """Return an event as a message that outlives a restart.

    Args:
        event: The event.
        headers: What else is to be known of it.
    """
    return aio_pika.Message(
        event.raw,
        message_id=event.id,
        headers={"contact": event.contact, **headers},
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def event_of(message: aio_pika.abc.AbstractMessage) -> LaneEvent:
    """Return the event that a message holds."""
    contact = message.headers.get("contact")
    return LaneEvent(message.message_id or "", str(contact or ""), message.body)
