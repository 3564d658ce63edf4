"""The engine: lanes in RabbitMQ.

A lane is a quorum queue that hands events to one consumer at a time. Who that is, workers settle
by a queue that one connection alone may use (``….holder``), and that goes with it. How many workers
there are, they tell each other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import attrs
from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelLockedResource

from wharfinger_host.engines.contract import (
    DeadLetter,
    EngineError,
    Fetched,
    LaneEvent,
    LaneStatus,
    Status,
)
from wharfinger_rabbitmq.address import Address
from wharfinger_rabbitmq.lease import RabbitLease
from wharfinger_rabbitmq.link import ANSWER_S, CLOSE_S, TROUBLE, Link, answered, down
from wharfinger_rabbitmq.publishing import Publisher, event_of, message_of, rounds
from wharfinger_rabbitmq.roll_call import RollCall
from wharfinger_rabbitmq.topology import DELIVERY_LIMIT, QueuePlan, Topology

__all__ = ["RabbitEngine", "open_engine"]

_LOOKS: Final = 10
_LOOK_S: Final = 0.05
_MAKE_S: Final = 30.0
_MISSED_BEATS: Final = 3.5
"""Beats after which one that says nothing no longer counts as a worker."""


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
    return RabbitEngine(
        link=Link(address), voice=Link(address), probe=Link(address), topology=topology
    )


@attrs.define(eq=False, kw_only=True)
class RabbitEngine:
    """An engine over RabbitMQ.

    Attributes:
        link: The connection that lanes are worked on by.
        voice: The connection that is published by. RabbitMQ listens no longer to one that publishes
            where it is short of memory or disk; acknowledgements must reach it all the same.
        probe: The connection that is asked whether a lane has a leader: where it has none, RabbitMQ
            ends the connection that asks.
        topology: The names and forms of everything.
        beat_s: Seconds between two signs of life.
    """

    link: Link
    voice: Link
    probe: Link
    topology: Topology
    beat_s: float = 1.0
    _epoch: int = 0
    _alive_until_s: float = 0.0
    _signs: dict[str, RollCall] = attrs.field(factory=dict)
    _events: Publisher = attrs.field(init=False)
    _directed: Publisher = attrs.field(init=False)
    _dead: Publisher = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._events = Publisher(self.voice, self.topology.events)
        self._directed = Publisher(self.voice, "")
        self._dead = Publisher(self.voice, self.topology.dead)

    @property
    def lanes(self) -> int:
        """How many lanes each connection has."""
        return self.topology.lanes

    @property
    def lease_s(self) -> float:
        """Seconds without a sign of life after which the server gives lanes to others."""
        return self.link.address.heartbeat_s * 2.0

    @property
    def is_alive(self) -> bool:
        """Whether the server answered so lately that it cannot have given this worker up."""
        return time.monotonic() < self._alive_until_s

    async def setup(self, connections: Sequence[str]) -> None:
        """Make exchanges and queues."""
        async with _explained(self.link), self.link.asking() as channel:
            async with answered(_MAKE_S):
                await self.topology.declare_exchanges(channel, connections)
            for connection in connections:
                for plan in self.topology.queues(connection):
                    async with answered(_MAKE_S):
                        await plan.declare(channel)

    async def status(self, connections: Sequence[str]) -> Status:
        """Look at every queue; nothing is made."""
        lanes: list[LaneStatus] = []
        workers: dict[str, int] = {}
        dead: dict[str, int] = {}
        problems: list[str] = []
        for connection in connections:
            for lane in range(self.lanes):
                waiting, held, problem = await self._look_at(connection, lane)
                lanes.append(LaneStatus(connection, lane, waiting, held > 0, problem))
            waiting, _, problem = await self._look(self.topology.letters(connection))
            dead[connection] = waiting or 0
            problems += [problem] * bool(problem)
            try:
                async with answered(ANSWER_S):
                    workers[connection] = await self._roll_call(connection).others()
            except ChannelNotFoundEntity:
                workers[connection] = 0
                problems.append(str(_missing(self.topology.workers(connection))))
            except TROUBLE as error:
                raise down(self.link.address, error) from error
        return Status(tuple(lanes), workers, dead, tuple(problems))

    async def publish(self, events: Sequence[LaneEvent]) -> None:
        """Publish events; each is confirmed before another of its contact is sent."""
        for some in rounds(events):
            await self._events.publish(
                [(self.topology.key(each.lane(self.lanes)), message_of(each)) for each in some]
            )

    async def publish_to(self, connection: str, events: Sequence[LaneEvent]) -> None:
        """Publish events to the queues of one connection, as `publish` does."""
        for some in rounds(events):
            await self._directed.publish(
                [
                    (self.topology.lane(connection, each.lane(self.lanes)).name, message_of(each))
                    for each in some
                ]
            )

    async def acquire(self, connection: str, lane: int) -> RabbitLease | None:
        """Take a lane; None where another worker has it, or it has no leader at present."""
        channel = await self.link.channel(publisher_confirms=False)
        try:
            async with answered(self.link.address.heartbeat_s / 2):
                return await self._take(channel, connection, lane)
        except ChannelLockedResource:
            return None
        except ChannelNotFoundEntity as error:
            raise _missing(self.topology.lane(connection, lane).name) from error
        except TROUBLE as error:
            await _close(channel)
            raise down(self.link.address, error) from error

    async def _take(
        self, channel: AbstractChannel, connection: str, lane: int
    ) -> RabbitLease | None:
        holder = self.topology.holder(connection, lane)
        await channel.declare_queue(holder, exclusive=True, auto_delete=True)
        # Deleted when the channel goes: an automatic queue lives as long as its consumer.
        await (await channel.get_queue(holder, ensure=False)).consume(_ignore)
        queue = await self._left_by_others(channel, self.topology.lane(connection, lane).name)
        if queue is None:
            await _close(channel)
            return None
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
        return lease

    async def _left_by_others(self, channel: AbstractChannel, name: str) -> AbstractQueue | None:
        """Wait until a lane's last consumer is gone, and what it had is back in its place.

        A consumer that was cancelled keeps what it was sent until its channel is gone. One that
        came before that would get what is behind it.

        Returns:
            The lane; None where it takes too long, or has no leader.
        """
        for _ in range(_LOOKS):
            queue = await channel.declare_queue(name, passive=True)
            found = queue.declaration_result
            if not found.consumer_count:
                is_known = found.message_count or await self._has_leader(name)
                return queue if is_known else None
            await asyncio.sleep(_LOOK_S)
        return None

    async def _has_leader(self, name: str) -> bool:
        """Tell whether most nodes of a lane answer for it.

        Where a queue has no leader, or answers too late, RabbitMQ says that it has no messages and
        no consumers (`rabbit_quorum_queue:stat`), and whoever consumes from it then loses the whole
        connection. So where nothing seems to be there, its leader is asked for something that it
        must refuse. RabbitMQ's log has a line of that.

        Raises:
            EngineDownError: No node answers.
            EngineError: The lane is not there.
        """
        channel = await self.probe.channel(publisher_confirms=False)
        try:
            async with answered(self.link.address.heartbeat_s / 4):
                await (await channel.get_queue(name, ensure=False)).get(fail=False)
        except ChannelLockedResource:  # nothing is fetched one by one where one consumer is active
            return True
        except ChannelNotFoundEntity as error:
            raise _missing(name) from error
        except TROUBLE:
            await _close(channel)
        return False

    async def workers(self, connection: str) -> int:
        """Give a sign of life to the other workers, and return how many give one.

        That a node which is cut off from the others serves nobody is RabbitMQ's to see to
        (`cluster_partition_handling = pause_minority`).
        """
        plan = self.topology.letters(connection)
        roll_call = self._signs.setdefault(connection, self._roll_call(connection))
        asked_s = time.monotonic()
        try:
            async with answered(self.link.address.heartbeat_s):
                async with self.link.asking() as channel:
                    await channel.declare_queue(plan.name, passive=True)
                # The server gives a worker up after two heartbeats without a sign of life.
                self._alive_until_s = asked_s + self.link.address.heartbeat_s
                return await roll_call.here()
        except ChannelNotFoundEntity as error:
            raise _missing(self.topology.workers(connection)) from error
        except TROUBLE as error:
            raise down(self.link.address, error) from error

    async def letters(self, connection: str, most: int) -> list[DeadLetter]:
        """Return dead letters; they are read and put back."""
        plan, found = self.topology.letters(connection), list[DeadLetter]()
        channel = await self.link.channel(publisher_confirms=False)
        try:
            async with answered(ANSWER_S):
                queue = await channel.declare_queue(plan.name, passive=True)
            while len(found) < most:
                async with answered(ANSWER_S):
                    message = await queue.get(fail=False)
                if message is None:
                    break
                found.append(_letter(event_of(message), message.headers))
        except ChannelNotFoundEntity as error:
            raise _missing(plan.name) from error
        except TROUBLE as error:
            raise down(self.link.address, error) from error
        finally:
            await _close(channel)
        return found

    async def close(self) -> None:
        """End the connection: the server hands all lanes over."""
        await asyncio.gather(*(each.leave() for each in self._signs.values()))
        await asyncio.gather(self.link.close(), self.voice.close(), self.probe.close())

    def _roll_call(self, connection: str) -> RollCall:
        return RollCall(self.voice, self.topology.workers(connection), self.beat_s * _MISSED_BEATS)

    async def _bury(
        self, lane: int, connection: str, events: Sequence[Fetched], reason: str
    ) -> None:
        await self._dead.publish(
            [
                (connection, message_of(each.event, lane=lane, reason=reason[:1_000]))
                for each in events
            ]
        )

    async def _look_at(self, connection: str, lane: int) -> tuple[int | None, int, str]:
        """Return events, consumers, and what is wrong with a lane."""
        plan = self.topology.lane(connection, lane)
        waiting, held, problem = await self._look(plan)
        if waiting or held or problem:
            return waiting, held, problem
        if await self._has_leader(plan.name):
            return await self._look(plan)
        return None, 0, f"{plan.name} has no leader: most nodes that have it do not answer for it."

    async def _look(self, plan: QueuePlan) -> tuple[int | None, int, str]:
        """Return events, consumers, and what is wrong with a queue."""
        try:
            async with answered(ANSWER_S), self.link.asking() as channel:
                queue = await channel.declare_queue(plan.name, passive=True)
                found = queue.declaration_result
                await channel.declare_queue(plan.name, durable=True, arguments=plan.arguments)
        except ChannelNotFoundEntity:
            return None, 0, str(_missing(plan.name))
        except ChannelPreconditionFailed as error:
            return found.message_count, found.consumer_count or 0, _other_form(plan.name, error)
        except TROUBLE as error:
            raise down(self.link.address, error) from error
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
        raise down(link.address, error) from error


async def _close(channel: AbstractChannel) -> None:
    with suppress(*TROUBLE):
        async with answered(CLOSE_S):
            await channel.close()


def _missing(name: str) -> EngineError:
    return EngineError(f"There is no {name} in RabbitMQ; `wharfinger engine setup` makes it.")


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
