"""What an engine needs in RabbitMQ: exchanges, and queues for lanes and dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractQueue

__all__ = ["DELIVERY_LIMIT", "QueuePlan", "Topology"]

DELIVERY_LIMIT: Final = 200
"""How often an event goes back to its place before it is taken for one that kills workers.

Each death of a worker counts for all that it had fetched, and so does each half hour in which a
batch waits for its vendor (``consumer_timeout``): a small number, such as the 20 of RabbitMQ 4,
would make dead letters of innocent ones.
"""
_WITHOUT_LIMIT: Final = 2**31 - 1
"""How often dead letters may be looked at: each time, they go back to their place.

RabbitMQ 4 drops what went back 20 times, unless it is told another number; only from then on is
there one that means none.
"""


@attrs.frozen
class QueuePlan:
    """How a queue is to be.

    Attributes:
        name: Its name.
        arguments: As RabbitMQ takes them; a queue that is there with others stays as it is.
        exchange: What it is bound to, or ``""``.
        key: By which key.
    """

    name: str
    arguments: dict[str, Any]
    exchange: str = ""
    key: str = ""

    async def declare(self, channel: AbstractChannel) -> AbstractQueue:
        """Make the queue, or find it as it is to be.

        Raises:
            ChannelPreconditionFailed: It is there in another form.
        """
        queue = await channel.declare_queue(self.name, durable=True, arguments=self.arguments)
        if self.exchange:
            await queue.bind(self.exchange, self.key)
        return queue


@attrs.frozen
class Topology:
    """The names and forms of everything.

    Attributes:
        space: What names begin with.
        lanes: How many lanes each connection has. It is part of their names: a producer that counts
            otherwise finds no lane, rather than the wrong one.
        most_waiting: Events that may wait in a lane.
    """

    space: str
    lanes: int
    most_waiting: int

    @property
    def events(self) -> str:
        """The exchange that events are published to."""
        return self.space

    @property
    def dead(self) -> str:
        """The exchange of dead letters."""
        return f"{self.space}.dead"

    def key(self, lane: int) -> str:
        """Return the routing key of a lane, which the lanes of all connections share."""
        return f"{lane}-of-{self.lanes}"

    def lane(self, connection: str, lane: int) -> QueuePlan:
        """Return how a lane is to be."""
        arguments = {
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-max-length": self.most_waiting,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": self.dead,
            "x-dead-letter-routing-key": connection,
            "x-dead-letter-strategy": "at-least-once",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-queue-leader-locator": "balanced",
        }
        name = f"{self.space}.{connection}.{self.key(lane)}"
        return QueuePlan(name, arguments, self.events, self.key(lane))

    def letters(self, connection: str) -> QueuePlan:
        """Return how the queue of dead letters is to be."""
        name = f"{self.space}.{connection}.dead"
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": _WITHOUT_LIMIT}
        return QueuePlan(name, arguments, self.dead, connection)

    def workers(self, connection: str) -> str:
        """Return the exchange through which the workers of a connection hear each other."""
        return f"{self.space}.{connection}.workers"

    def holder(self, connection: str, lane: int) -> str:
        """Return the name of the queue that exists as long as a worker holds a lane."""
        return f"{self.space}.{connection}.{self.key(lane)}.holder"

    def queues(self, connection: str) -> Iterator[QueuePlan]:
        """Yield every queue of a connection."""
        yield self.letters(connection)
        for lane in range(self.lanes):
            yield self.lane(connection, lane)

    async def declare_exchanges(self, channel: AbstractChannel, connections: Sequence[str]) -> None:
        """Make the exchanges, or find them as they are to be."""
        for name in (self.events, self.dead):
            await channel.declare_exchange(name, ExchangeType.DIRECT, durable=True)
        for connection in connections:
            await channel.declare_exchange(
                self.workers(connection), ExchangeType.FANOUT, durable=True
            )
