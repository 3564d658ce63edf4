"""Topics, and the places of connections in them: made, looked at and read."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its __all__ lacks two
    AdminClient,
    NewTopic,
    OffsetSpec,
)

from wharfinger_host.engines.contract import (
    DeadLetter,
    EngineDownError,
    EngineError,
    LaneStatus,
    Status,
)
from wharfinger_kafka.address import Address
from wharfinger_kafka.messages import letter_of

__all__ = ["Topics", "refused"]

_ANSWER_S: Final = 10.0
_POLL_S: Final = 0.1
_AT_ONCE: Final = 500
_ENDS: Final = (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]  # typed in part
_REFUSED: Final[Mapping[int, str]] = {
    KafkaError._AUTHENTICATION: "Check user, password and sasl.",  # noqa: SLF001  # its public name
    KafkaError.SASL_AUTHENTICATION_FAILED: "Check user, password and sasl.",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "The user may not use the topic.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "The user may not use the group.",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "The user may not write to it.",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "`wharfinger engine setup` makes the topic.",
    KafkaError.UNKNOWN_MEMBER_ID: "The group is at work: end its workers for this moment.",
    KafkaError.INVALID_SESSION_TIMEOUT: "Its brokers take no such session_s.",
    KafkaError._INVALID_ARG: "Check ca and the other options of the URL.",  # noqa: SLF001  # its public name
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: "Others use the group otherwise: take another group.",
}


def refused(address: Address, error: KafkaException) -> EngineError:
    """Return what is wrong: something that stays so, or that a broker does not answer at present.

    Args:
        address: Who said so.
        error: What it said.
    """
    said = error.args[0]
    if said.code() in _REFUSED:
        return EngineError(f"{address} refuses: {said.str()}. {_REFUSED[said.code()]}")
    return EngineDownError(
        f"{address} does not answer: {said.str()}. Check that Kafka runs there and can be reached."
    )


@attrs.define(eq=False)
class Topics:
    """Asks the brokers; every method waits for their answer.

    Attributes:
        address: Where the topic is.
        lanes: How many partitions it is to have.
    """

    address: Address
    lanes: int
    _client: AdminClient | None = None
    _refusal: KafkaError | None = None

    def setup(self, connections: Sequence[str]) -> None:
        """Make topics, and give connections a place that have none.

        Raises:
            EngineError: They cannot be made, or are there in another form.
        """
        wanted = {self.address.topic: self.lanes}
        wanted |= {self.address.dead_of(connection): 1 for connection in connections}
        try:
            there = known = self._partitions()
            if missing := {name: count for name, count in wanted.items() if name not in there}:
                self._make(missing)
                there = self._partitions()
            if problem := self._other_form(there):
                raise EngineError(problem)
            for connection in connections:
                self._place(connection, is_known=self.address.dead_of(connection) in known)
        except KafkaException as error:
            raise self._refused(error) from error

    def status(self, connections: Sequence[str]) -> Status:
        """Look at everything; nothing is made."""
        lanes: list[LaneStatus] = []
        problems: list[str] = []
        workers: dict[str, int] = {}
        dead: dict[str, int] = {}
        try:
            there = self._partitions()
            problems += filter(None, [self._other_form(there)])
            ends = self._ends(self.address.topic, there.get(self.address.topic, 0))
            for connection in connections:
                places = self._places(connection, ends)
                workers[connection], held = self._holders(connection)
                lanes += [
                    self._lane(connection, lane, places.get(lane), ends.get(lane), lane in held)
                    for lane in range(self.lanes)
                ]
                name = self.address.dead_of(connection)
                if name not in there:
                    problems.append(_missing(name))
                letters = self._ends(name, there.get(name, 0))
                dead[connection] = sum(high - low for low, high in letters.values())
        except KafkaException as error:
            raise self._refused(error) from error
        return Status(tuple(lanes), workers, dead, tuple(problems))

    def check(self) -> None:
        """See whether events can be published.

        Raises:
            EngineError: There is no topic, or in another form.
        """
        try:
            there = self._partitions()
        except KafkaException as error:
            raise self._refused(error) from error
        if self.address.topic not in there:
            raise EngineError(_missing(self.address.topic))
        if problem := self._other_form(there):
            raise EngineError(problem)

    def letters(self, connection: str, most: int) -> list[DeadLetter]:
        """Return dead letters, the oldest first."""
        name = self.address.dead_of(connection)
        try:
            there = self._partitions()
            if name not in there:
                raise EngineError(_missing(name))
            return self._read(name, self._ends(name, there[name]), most)
        except KafkaException as error:
            raise self._refused(error) from error

    @property
    def _admin(self) -> AdminClient:
        if self._client is None:
            logs = logging.getLogger("wharfinger_kafka.client")
            settings: dict[str, Any] = {**self.address.client, "error_cb": self._note}
            self._client = AdminClient(settings, logger=logs)
        return self._client

    def _note(self, error: KafkaError) -> None:
        if error.code() in _REFUSED or error.code() == KafkaError._SSL:  # noqa: SLF001  # its public name
            self._refusal = error

    def _refused(self, error: KafkaException) -> EngineError:
        """Return what is wrong; a broker that refuses a user just does not answer in time."""
        found = refused(self.address, error)
        if isinstance(found, EngineDownError) and self._refusal is not None:
            return refused(self.address, KafkaException(self._refusal))
        return found

    def _make(self, topics: Mapping[str, int]) -> None:
        """Make topics, and wait until all brokers know of them."""
        wanted = [NewTopic(name, count) for name, count in topics.items()]
        for made in self._admin.create_topics(wanted, operation_timeout=_ANSWER_S).values():
            _created(made)
        until_s = time.monotonic() + _ANSWER_S
        while topics.keys() - self._led() and time.monotonic() < until_s:
            time.sleep(_POLL_S)

    def _partitions(self) -> dict[str, int]:
        """Return how many partitions topics have; asked for by its name, one could be made."""
        topics = self._admin.list_topics(timeout=_ANSWER_S).topics
        return {name: len(topic.partitions) for name, topic in topics.items()}

    def _led(self) -> set[str]:
        """Return the topics all of whose partitions have a leader."""
        topics = self._admin.list_topics(timeout=_ANSWER_S).topics
        return {
            name
            for name, topic in topics.items()
            if all(part.leader >= 0 for part in topic.partitions.values())
        }

    def _other_form(self, there: Mapping[str, int]) -> str:
        count = there.get(self.address.topic, self.lanes)
        if count == self.lanes:
            return ""
        return (
            f"{self.address.topic} has {count} partitions, and here there are {self.lanes} lanes. "
            f"Say partitions = {count} under [inbox]."
        )

    def _ends(self, topic: str, count: int) -> dict[int, tuple[int, int]]:
        """Return the first and the next offset of each partition."""
        parts = [TopicPartition(topic, number) for number in range(count)]
        if not parts:
            return {}
        low, high = (
            self._admin.list_offsets(dict.fromkeys(parts, spec), request_timeout=_ANSWER_S)
            for spec in _ENDS
        )
        return {
            part.partition: (low[part].result().offset, high[part].result().offset)
            for part in parts
        }

    def _places(self, connection: str, lanes: Iterable[int]) -> dict[int, int]:
        """Return the places that a connection has in lanes."""
        parts = [TopicPartition(self.address.topic, lane) for lane in lanes]
        if not parts:
            return {}
        asked = ConsumerGroupTopicPartitions(self.address.group_of(connection), parts)
        (answer,) = self._admin.list_consumer_group_offsets(
            [asked], request_timeout=_ANSWER_S
        ).values()
        found = _checked(answer.result().topic_partitions)
        return {place.partition: place.offset for place in found if place.offset >= 0}

    def _place(self, connection: str, *, is_known: bool) -> None:
        """Give a connection a place in the lanes where it has none.

        Where it has one in others, these lanes are new, and all that is in them is for it. Where
        it may have had one that Kafka forgot, anybody may have had what is there.
        """
        places = self._places(connection, range(self.lanes))
        if is_known and not places and not self.address.begin:
            raise EngineError(
                f"{connection} has no place in {self.address.topic}, although its topic of dead "
                "letters is there: Kafka forgets the place of a group that was away for long. Say "
                "&begin=earliest in the URL to begin with the oldest event, or &begin=latest to "
                "leave out what is there."
            )
        ends = self._ends(self.address.topic, self.lanes)
        last = self.address.begin != "earliest" and not places
        missing = [
            TopicPartition(
                self.address.topic,
                lane,
                ends[lane][last],
                metadata=str(ends[lane][is_known and not places]),
            )
            for lane in range(self.lanes)
            if lane not in places
        ]
        if missing:
            wanted = ConsumerGroupTopicPartitions(self.address.group_of(connection), missing)
            (answer,) = self._admin.alter_consumer_group_offsets(
                [wanted], request_timeout=_ANSWER_S
            ).values()
            _checked(answer.result().topic_partitions)

    def _holders(self, connection: str) -> tuple[int, set[int]]:
        """Return how many workers there are, and which lanes they have."""
        name = self.address.group_of(connection)
        try:
            group = self._admin.describe_consumer_groups([name], request_timeout=_ANSWER_S)[
                name
            ].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError._UNSUPPORTED_FEATURE:  # noqa: SLF001  # its public name
                return 0, set()
            raise
        held = {
            part.partition
            for member in group.members
            for part in (member.assignment.topic_partitions if member.assignment else ())
            if part.topic == self.address.topic
        }
        return len(group.members), held

    def _lane(
        self,
        connection: str,
        lane: int,
        place: int | None,
        ends: tuple[int, int] | None,
        held: bool,  # noqa: FBT001  # found out by its only caller
    ) -> LaneStatus:
        if ends is None:
            return LaneStatus(connection, lane, None, held, _missing(self.address.topic))
        low, high = ends
        if place is None:
            problem = (
                f"{connection} has no place there, or Kafka forgot it; `wharfinger engine setup` "
                "gives it one."
            )
            return LaneStatus(connection, lane, None, held, problem)
        return LaneStatus(connection, lane, max(high - max(place, low), 0), held)

    def _read(self, topic: str, ends: Mapping[int, tuple[int, int]], most: int) -> list[DeadLetter]:
        consumer = Consumer(
            {
                **self.address.client,
                "group.id": f"{self.address.group}.looking",
                "enable.auto.commit": False,
                "allow.auto.create.topics": False,
            },
            logger=logging.getLogger("wharfinger_kafka.client"),
        )
        left = {number: high for number, (low, high) in ends.items() if low < high}
        found: list[Message] = []
        until_s = time.monotonic() + _ANSWER_S
        try:
            consumer.assign([TopicPartition(topic, number, ends[number][0]) for number in left])
            while left and len(found) < most and time.monotonic() < until_s:
                for message in consumer.consume(_AT_ONCE, 0.2):
                    if message.error() is None:
                        found.append(message)
                        until_s = time.monotonic() + _ANSWER_S
                for place in consumer.position([TopicPartition(topic, each) for each in left]):
                    if place.offset >= left[place.partition]:
                        del left[place.partition]
        finally:
            consumer.close()
        found.sort(key=lambda message: message.timestamp()[1])
        return [letter_of(message) for message in found[:most]]


def _checked(places: Sequence[TopicPartition]) -> Sequence[TopicPartition]:
    for place in places:
        if place.error is not None:
            raise KafkaException(place.error)
    return places


def _created(made: Any) -> None:
    try:
        made.result()
    except KafkaException as error:
        # Another `setup` was there first.
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def _missing(name: str) -> str:
    return f"There is no topic {name} in Kafka; `wharfinger engine setup` makes it."
