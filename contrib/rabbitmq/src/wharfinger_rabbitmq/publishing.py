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
from wharfinger_rabbitmq.link import ANSWER_S, CLOSE_S, TROUBLE, Link, answered

__all__ = ["Publisher", "event_of", "message_of", "rounds"]

_PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 3.0
_LONGEST_ID: Final = 255
"""Bytes of a ``message_id``, which is a short string of AMQP."""
_MOST_AT_ONCE: Final = 1_000


@attrs.define(eq=False)
class Publisher:
    """Publishes to one exchange; each event is confirmed by most nodes that hold its lane.

    Attributes:
        link: Gives channels.
        exchange: Name of the exchange; ``""`` for the one whose keys are the names of queues.
        patience_s: Seconds for which it is tried again.
    """

    link: Link
    exchange: str
    patience_s: float = _PATIENCE_S
    _channel: AbstractChannel | None = None
    _exchange_of: AbstractExchange | None = None
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    _why: EngineError = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._why = self._unconfirmed()

    async def publish(self, messages: Sequence[tuple[str, aio_pika.Message]]) -> None:
        """Publish messages that need no order between each other.

        Args:
            messages: Each with its routing key.

        Raises:
            EngineFullError: A queue took no more until patience ended.
            EngineDownError: No node answered until patience ended.
            EngineError: No queue is there for one of them.
        """
        deadline_s, pause_s = time.monotonic() + self.patience_s, _PAUSE_S
        waits = self._turn.locked()
        async with self._turn:
            if waits:  # while nothing was confirmed, that was this one's patience, too
                self._raise_after(deadline_s, self._why)
            left = list(messages)
            while left:
                left, self._why = await self._try(left)
                if left:
                    self._raise_after(deadline_s, self._why)
                    # Where one lane is full, each try puts the event into those of others again.
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _raise_after(self, deadline_s: float, why: EngineError) -> None:
        if time.monotonic() > deadline_s:
            raise type(why)(*why.args)

    async def _try(
        self, messages: Sequence[tuple[str, aio_pika.Message]]
    ) -> tuple[list[tuple[str, aio_pika.Message]], EngineError]:
        """Publish, and return what was not confirmed, and why."""
        why = self._unconfirmed()
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

    def _unconfirmed(self) -> EngineError:
        return EngineDownError(
            f"{self.link.address} did not confirm events in time. It may be short of memory or "
            "disk, or most of its nodes may be away."
        )

    async def _renew(self) -> None:
        """Let the next try have another channel.

        A channel that met a lane while its leader died goes on refusing for it.
        """
        channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(*TROUBLE):
                async with answered(CLOSE_S):
                    await channel.close()

    async def _send(self, exchange: AbstractExchange, key: str, message: aio_pika.Message) -> None:
        try:
            async with answered(ANSWER_S):
                await exchange.publish(message, key)
        except PublishError as error:
            raise _no_queue(self.link, f"{self.exchange} {key}".strip()) from error
        except DeliveryError as error:
            raise EngineFullError(
                f"A lane at {self.link.address} takes no more events. Try again when the workers "
                "have caught up."
            ) from error

    async def _exchange(self) -> AbstractExchange:
        if self._exchange_of is None or self._channel is None or self._channel.is_closed:
            channel = await self.link.channel(on_return_raises=True)
            try:
                async with answered(ANSWER_S):
                    self._exchange_of = (
                        await channel.get_exchange(self.exchange)
                        if self.exchange
                        else channel.default_exchange
                    )
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
    named: dict[str, Any] = {"contact": event.contact}
    if event.only:
        named["only"] = list(event.only)
    name = event.id
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_ID:
        named["id"], name = name, ""
    return aio_pika.Message(
        event.raw,
        message_id=name or None,
        headers={**named, **headers},
        content_type="application/json",
        timestamp=time.time(),
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def event_of(message: aio_pika.abc.AbstractMessage) -> LaneEvent:
    """Return the event that a message holds."""
    contact, name = message.headers.get("contact"), message.headers.get("id")
    only = message.headers.get("only")
    return LaneEvent(
        str(name or message.message_id or ""),
        str(contact or ""),
        message.body,
        tuple(map(str, only)) if isinstance(only, list) else (),
    )
