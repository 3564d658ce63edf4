"""The engine: a topic whose partitions are lanes, and a consumer group for each connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import attrs
from confluent_kafka import KafkaException, Message

from wharfinger_host.engines.contract import DeadLetter, Fetched, LaneEvent, Status
from wharfinger_kafka.address import Address
from wharfinger_kafka.lease import KafkaLease
from wharfinger_kafka.member import Member
from wharfinger_kafka.messages import BY_KEY, Read, letter, outgoing, read, without_value
from wharfinger_kafka.publishing import Publisher, TooLargeError
from wharfinger_kafka.topics import Topics, refused

__all__ = ["KafkaEngine", "open_engine"]


def open_engine(url: str, lanes: int) -> KafkaEngine:
    """Return the engine of a topic, not connected yet.

    Args:
        url: As `Address.of` takes it.
        lanes: How many partitions the topic has.

    Raises:
        EngineUrlError: Something in the URL is wrong.
    """
    client = logging.getLogger("wharfinger_kafka.client")
    if client.level == logging.NOTSET:
        # That a broker is gone, the host says in its own words.
        client.setLevel(logging.CRITICAL)
    return KafkaEngine(address=Address.of(url), lanes=lanes)


@attrs.define(eq=False, kw_only=True)
class KafkaEngine:
    """An engine over a topic.

    Attributes:
        address: Where it is.
        lanes: How many partitions it has.
    """

    address: Address
    lanes: int
    _epoch: int = 0
    _is_checked: bool = False
    _members: dict[str, Member] = attrs.field(factory=dict)
    _topics: Topics = attrs.field(init=False)
    _publisher: Publisher = attrs.field(init=False)
    _dead: Publisher = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._topics = Topics(self.address, self.lanes)
        self._publisher = Publisher(self.address)
        # A letter that is too large is to hold up neither other letters nor what is published.
        self._dead = Publisher(self.address, in_order=False)

    @property
    def beat_s(self) -> float:
        """Seconds between two signs of life."""
        return self.address.session_s / 10

    @property
    def lease_s(self) -> float:
        """Seconds without a sign of life after which the group gives lanes to others."""
        return self.address.session_s

    async def setup(self, connections: Sequence[str]) -> None:
        """Make topics that are not there, and give each connection its place."""
        await asyncio.to_thread(self._topics.setup, connections)

    async def status(self, connections: Sequence[str]) -> Status:
        """Look at the topic and the groups; nothing is made."""
        return await asyncio.to_thread(self._topics.status, connections)

    async def publish(self, events: Sequence[LaneEvent]) -> None:
        """Publish events; those about one contact go to one partition, by their key."""
        if not self._is_checked:
            # A broker might make a topic of which nobody said how it is to be.
            await asyncio.to_thread(self._topics.check)
            self._is_checked = True
        await self._publisher.publish(
            [
                outgoing(
                    event, self.address.topic, BY_KEY if event.contact else event.lane(self.lanes)
                )
                for event in events
            ]
        )

    async def acquire(self, connection: str, lane: int) -> KafkaLease | None:
        """Take a lane that the group has assigned to this worker; None where it has not."""
        member = await self._member(connection)
        log = member.log_of(lane) if member.is_alive else None
        if log is None:
            return None
        self._epoch += 1

        async def bury(lane: int, events: Sequence[tuple[Fetched, Message]], reason: str) -> None:
            await self._bury(connection, lane, events, reason)

        log.lease = KafkaLease(
            log=log, epoch=self._epoch, member=member, read=self._read, bury=bury
        )
        return log.lease

    async def workers(self, connection: str) -> int:
        """Give a sign of life to the group.

        The group shares the lanes out, not the host: what is returned is how many workers there
        would be if each had as many lanes as this one.
        """
        member = await self._member(connection)
        await member.beat()
        return max(self.lanes // max(len(member.lanes), 1), 1)

    async def letters(self, connection: str, most: int) -> list[DeadLetter]:
        """Return dead letters; they stay in their topic."""
        return await asyncio.to_thread(self._topics.letters, connection, most)

    async def close(self) -> None:
        """Leave all groups: their other members get the lanes."""
        members = list(self._members.values())
        self._members.clear()
        await asyncio.gather(*(member.close() for member in members))
        await asyncio.gather(self._publisher.close(), self._dead.close())

    async def _member(self, connection: str) -> Member:
        """Return the member of a group; another one where the last broke off."""
        member = self._members.get(connection)
        if member is None or member.has_ended:
            if member is not None:
                del self._members[connection]
                await member.close()
                if member.failure is not None:
                    raise member.failure
            await asyncio.to_thread(self._topics.check)
            member = Member(
                address=self.address,
                connection=connection,
                partitions=self.lanes,
                loop=asyncio.get_running_loop(),
            )
            try:
                member.begin()
            except KafkaException as error:
                raise refused(self.address, error) from error
            self._members[connection] = member
        return member

    async def _bury(
        self, connection: str, lane: int, events: Sequence[tuple[Fetched, Message]], reason: str
    ) -> None:
        topic = self.address.dead_of(connection)
        letters = [letter(each, message, topic, lane, reason) for each, message in events]
        try:
            await self._dead.publish(letters)
        except TooLargeError as error:
            if len(letters) == 1:
                await self._dead.publish([without_value(letters[0], events[0][1])])
                return
            # Those that went in one request with it were refused, too.
            for number in error.missing:
                await self._bury(connection, lane, [events[number]], reason)

    def _read(self, message: Message) -> Read:
        return read(message, self.address)
