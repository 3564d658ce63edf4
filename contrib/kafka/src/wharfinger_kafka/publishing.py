"""Publishing, so that events are safe and in their order when it returns."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import attrs
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from wharfinger_host.engines.contract import EngineDownError, EngineError
from wharfinger_kafka.address import Address
from wharfinger_kafka.messages import Outgoing
from wharfinger_kafka.topics import refused

__all__ = ["Publisher", "TooLargeError"]

_PATIENCE_S: Final = 15.0
_POLL_S: Final = 0.05
_ANSWERS_S: Final = 1.0
_LINGER_MS: Final = 2
_LARGEST: Final = 1_000_000_000
"""Bytes of a message that the client takes: how large it may be, brokers say."""

_Heard = Callable[[KafkaError | None, Message], None]


class TooLargeError(EngineError):
    """An event is larger than its topic takes.

    Attributes:
        missing: Which of the messages are not there, by their numbers from 0 on.
    """

    def __init__(self, said: str, missing: Sequence[int]) -> None:
        super().__init__(said)
        self.missing = missing


@attrs.define(eq=False)
class Publisher:
    """Publishes; each event is confirmed by all replicas that are in sync, and stored once.

    Attributes:
        address: Where the brokers are.
        in_order: Whether an event that fails takes with it what is behind it. The next ones then
            wait about half a second for another producer.
        patience_s: Seconds for which an event is tried again.
    """

    address: Address
    in_order: bool = True
    patience_s: float = _PATIENCE_S
    _producer: Producer | None = None
    _making: threading.Lock = attrs.field(factory=threading.Lock)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish messages in their order.

        Args:
            messages: Each with its topic.

        Raises:
            EngineDownError: Some were not confirmed in time. In order, what follows the first of
                them in its partition is not there either, so the same may be published again.
            TooLargeError: A broker refuses some for their size.
            EngineError: A broker refuses them.
        """
        if messages:
            await asyncio.to_thread(self._publish, messages)

    async def close(self) -> None:
        """End the connection; what is not confirmed is given up."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            await asyncio.to_thread(producer.flush, 1.0)

    def _publish(self, messages: Sequence[Outgoing]) -> None:
        try:
            producer = self._at_work()
        except KafkaException as error:
            raise refused(self.address, error) from error
        answers: dict[int, KafkaError | None] = {}

        def hear(number: int, error: KafkaError | None, _: Message) -> None:
            answers[number] = error

        try:
            for number, message in enumerate(messages):
                self._put(producer, message, partial(hear, number))
            while len(answers) < len(messages):
                producer.poll(_POLL_S)
        except KafkaException as error:
            self._leave(producer)
            with suppress(KafkaException):  # what it is about is told of the events themselves
                producer.flush(_ANSWERS_S)
            unheard = dict.fromkeys(range(len(messages)), error.args[0])
            raise self._refused(unheard | answers) from error
        if any(error is not None for error in answers.values()):
            found = self._refused(answers)
            # What one event waits for, others behind it would overtake: all of it ends here.
            if self.in_order or not isinstance(found, TooLargeError):
                self._leave(producer)
            raise found

    def _refused(self, answers: Mapping[int, KafkaError | None]) -> EngineError:
        """Return what is wrong: those behind one that is refused only say that they were left."""
        failed = {number: error for number, error in sorted(answers.items()) if error is not None}
        if any(error.code() == KafkaError.MSG_SIZE_TOO_LARGE for error in failed.values()):
            said = (
                f"An event is larger than {self.address} takes. Raise max.message.bytes of the "
                "topic."
            )
            return TooLargeError(said, list(failed))
        for error in failed.values():
            found = refused(self.address, KafkaException(error))
            if not isinstance(found, EngineDownError):
                return found
        return EngineDownError(f"{self.address} did not confirm {len(failed):,} events in time.")

    def _put(self, producer: Producer, message: Outgoing, hear: _Heard) -> None:
        event = message.event
        key = event.contact.encode("utf-8", "surrogatepass") if event.contact else None
        while True:
            try:
                producer.produce(
                    message.topic,
                    event.raw,
                    key,
                    headers=message.headers,
                    on_delivery=hear,
                    partition=message.partition,
                )
            except BufferError:  # the client has enough to do
                producer.poll(_POLL_S)
            else:
                break
        producer.poll(0)

    def _at_work(self) -> Producer:
        with self._making:
            if self._producer is None:
                self._producer = Producer(
                    {
                        **self.address.client,
                        "acks": "all",
                        "enable.idempotence": True,
                        "enable.gapless.guarantee": self.in_order,
                        "partitioner": self.address.partitioner_name,
                        "linger.ms": _LINGER_MS,
                        "message.max.bytes": _LARGEST,
                        "delivery.timeout.ms": int(self.patience_s * 1000),
                        "error_cb": _ignore,
                    },
                    logger=logging.getLogger("wharfinger_kafka.client"),
                )
            return self._producer

    def _leave(self, producer: Producer) -> None:
        """Let the next one have another producer: the numbers of this one have a gap."""
        with self._making:
            if self._producer is producer:
                self._producer = None
        producer.purge()


def _ignore(_: object) -> None:
    """Hear nothing: what fails is told of each event."""
