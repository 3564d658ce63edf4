"""The engine: lanes in RabbitMQ.

A lane is a quorum queue that hands events to one consumer at a time. Who that is, workers settle
by a queue that one connection alone may use (``….holder``), and that goes with it. How
many workers there are is how many consume from a queue in which nothing ever is (``….workers``).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelLockedResource

from wharfinger_host.engines.contract import (
    DeadLetter,
    EngineDownError,
    EngineError,
    Fetched,
    LaneEvent,
    LaneStatus,
    Status,
)
from wharfinger_rabbitmq.address import Address
from wharfinger_rabbitmq.lease import RabbitLease
from wharfinger_rabbitmq.link import TROUBLE, Link
from wharfinger_rabbitmq.publishing import Publisher, event_of, message_of, rounds
from wharfinger_rabbitmq.topology import DELIVERY_LIMIT, QueuePlan, Topology

__all__ = ["RabbitEngine", "open_engine"]


def open_engine(url: str, lanes: int) -> RabbitEngine:
    """Return the engine of a RabbitMQ, not connected yet.

    Args:
        url: As `Address.of` takes it.
        lanes: How many lanes each connection has.

    Raises:
        EngineUrlError: Something in the URL is wrong.
    """
    for name in ("aio_pika", "aiormq"):
        # That a node is gone, the host says in its own words; the client adds a stack to it.
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.CRITICAL)
    address = Address.of(url)
    topology = Topology(address.space, lanes, address.most_waiting)
    return RabbitEngine(link=Link(address), topology=topology)


@attrs.define(eq=False, kw_only=True)
class RabbitEngine:
    """An engine over RabbitMQ.

    Attributes:
        link: The connection.
        topology: The names and forms of everything.
        beat_s: Seconds between two signs of life.
    """

    link: Link
    topology: Topology
    beat_s: float = 1.0
    _epoch: int = 0
    _alive_until_s: float = 0.0
    _signs: dict[str, AbstractChannel] = attrs.field(factory=dict)
    _events: Publisher = attrs.field(init=False)
    _dead: Publisher = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._events = Publisher(self.link, self.topology.events)
        self._dead = Publisher(self.link, self.topology.dead)

    @property
    def lanes(self) -> int:
        """How many lanes each connection has."""
        return self.topology.lanes

    @property
    def is_alive(self) -> bool:
        """Whether the server answered so lately that it cannot have given this worker up."""
        return time.monotonic() < self._alive_until_s

    async def setup(self, connections: Sequence[str]) -> None:
        """Make exchanges and queues."""
        async with _explained(self.link), self.link.asking() as channel:
            await self.topology.declare_exchanges(channel)
            for connection in connections:
                for plan in self.topology.queues(connection):
                    await plan.declare(channel)

    async def status(self, connections: Sequence[str]) -> Status:
        """Look at every queue; nothing is made."""
        lanes: list[LaneStatus] = []
        workers: dict[str, int] = {}
        dead: dict[str, int] = {}
        problems: list[str] = []
        for connection in connections:
            for lane in range(self.lanes):
                waiting, held, problem = await self._look(self.topology.lane(connection, lane))
                lanes.append(LaneStatus(connection, lane, waiting, held > 0, problem))
            waiting, _, problem = await self._look(self.topology.letters(connection))
            dead[connection] = waiting or 0
            problems += [problem] * bool(problem)
            _, workers[connection], problem = await self._look(self.topology.workers(connection))
            problems += [problem] * bool(problem)
        return Status(tuple(lanes), workers, dead, tuple(problems))

    async def publish(self, events: Sequence[LaneEvent]) -> None:
        """Publish events; each is confirmed before another of its contact is sent."""
        for some in rounds(events):
            await self._events.publish(
                [(self.topology.key(each.lane(self.lanes)), message_of(each)) for each in some]
            )

    async def acquire(self, connection: str, lane: int) -> RabbitLease | None:
        """Take a lane; None where another connection has its holder's queue."""
        channel = await self.link.channel(publisher_confirms=False)
        try:
            holder = self.topology.holder(connection, lane)
            await channel.declare_queue(holder, exclusive=True, auto_delete=True)
            # Deleted when the channel goes: an automatic queue lives as long as its consumer.
            await (await channel.get_queue(holder, ensure=False)).consume(_ignore)
            queue = await channel.declare_queue(
                self.topology.lane(connection, lane).name, passive=True
            )
            self._epoch += 1
            lease = RabbitLease(
                connection=connection,
                lane=lane,
                epoch=self._epoch,
                channel=channel,
                bury=self._bury,
                alive=lambda: self.is_alive,
            )
            await lease.begin(queue)
        except ChannelLockedResource:
            return None
        except ChannelNotFoundEntity as error:
            raise _missing(self.topology.lane(connection, lane)) from error
        except TROUBLE as error:
            with suppress(*TROUBLE):
                await channel.close()
            raise EngineDownError(f"{self.link.address} does not answer: {error!r}") from error
        return lease

    async def workers(self, connection: str) -> int:
        """Give a sign of life, by consuming from a queue, and return how many do."""
        plan = self.topology.workers(connection)
        asked_s = time.monotonic()
        try:
            async with asyncio.timeout(self.link.address.heartbeat_s):
                await self._be_there(connection, plan)
                async with self.link.asking() as channel:
                    queue = await channel.declare_queue(plan.name, passive=True)
        except ChannelNotFoundEntity as error:
            raise _missing(plan) from error
        except TROUBLE as error:
            raise EngineDownError(f"{self.link.address} does not answer: {error!r}") from error
        # The server gives a worker up after two heartbeats without a sign of life.
        self._alive_until_s = asked_s + self.link.address.heartbeat_s
        return max(queue.declaration_result.consumer_count or 0, 1)

    async def letters(self, connection: str, most: int) -> list[DeadLetter]:
        """Return dead letters; they are read and put back."""
        plan, found = self.topology.letters(connection), list[DeadLetter]()
        channel = await self.link.channel(publisher_confirms=False)
        try:
            queue = await channel.declare_queue(plan.name, passive=True)
            while len(found) < most:
                message = await queue.get(fail=False)
                if message is None:
                    break
                found.append(_letter(event_of(message), message.headers))
        except ChannelNotFoundEntity as error:
            raise _missing(plan) from error
        except TROUBLE as error:
            raise EngineDownError(f"{self.link.address} does not answer: {error!r}") from error
        finally:
            with suppress(*TROUBLE):
                await channel.close()
        return found

    async def close(self) -> None:
        """End the connection: the server hands all lanes over."""
        await self.link.close()

    async def _be_there(self, connection: str, plan: QueuePlan) -> None:
        channel = self._signs.get(connection)
        if channel is None or channel.is_closed:
            channel = await self.link.channel(publisher_confirms=False)
            queue = await channel.declare_queue(plan.name, passive=True)
            await queue.consume(_ignore)
            self._signs[connection] = channel

    async def _bury(
        self, lane: int, connection: str, events: Sequence[Fetched], reason: str
    ) -> None:
        await self._dead.publish(
            [
                (connection, message_of(each.event, lane=lane, reason=reason[:1_000]))
                for each in events
            ]
        )

    async def _look(self, plan: QueuePlan) -> tuple[int | None, int, str]:
        """Return events, consumers, and what is wrong with a queue."""
        try:
            async with self.link.asking() as channel:
                queue = await channel.declare_queue(plan.name, passive=True)
                found = queue.declaration_result
                await channel.declare_queue(plan.name, durable=True, arguments=plan.arguments)
        except ChannelNotFoundEntity:
            return None, 0, str(_missing(plan))
        except ChannelPreconditionFailed as error:
            return found.message_count, found.consumer_count or 0, _other_form(plan.name, error)
        except TROUBLE as error:
            raise EngineDownError(f"{self.link.address} does not answer: {error!r}") from error
        return found.message_count, found.consumer_count or 0, ""


@asynccontextmanager
async def _explained(link: Link) -> AsyncIterator[None]:
    """Say in words what the server refused."""
    try:
        yield
    except ChannelPreconditionFailed as error:
        raise EngineError(_other_form(str(link.address), error)) from error
    except ChannelClosed as error:
        raise EngineError(f"{link.address} refuses: {error}") from error
    except TROUBLE as error:
        raise EngineDownError(f"{link.address} does not answer: {error!r}") from error


def _missing(plan: QueuePlan) -> EngineError:
    return EngineError(f"There is no queue {plan.name}; `wharfinger engine setup` makes it.")


def _other_form(name: str, error: BaseException) -> str:
    return (
        f"{name} is there in another form: {error}. Let it run empty and delete it, or ask for "
        "what there is."
    )


def _letter(event: LaneEvent, headers: Mapping[str, Any]) -> DeadLetter:
    lane, reason = headers.get("lane"), headers.get("reason")
    if reason is None:
        reason = (
            f"It went back to its lane {DELIVERY_LIMIT} times without being delivered or refused: "
            "workers died with it."
        )
    return DeadLetter(event, lane if isinstance(lane, int) else -1, str(reason))


async def _ignore(_: object) -> None:
    """Hear nothing: the queue is consumed from as a sign of life."""
