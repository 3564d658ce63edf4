"""The consumer of a member of a group, as librdkafka is to be told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from wharfinger_kafka.address import Address
from wharfinger_kafka.lease import MOST, LaneLog

__all__ = ["began", "begin_anew", "consumer_of", "take_in"]

_ANSWER_S: Final = 5.0


def consumer_of(address: Address, connection: str) -> Consumer:
    """Return a consumer that commits nothing by itself.

    Args:
        address: Where the topic is.
        connection: Whose group.
    """
    session_ms = int(address.session_s * 1000)
    return Consumer(
        {
            **address.client,
            "group.id": address.group_of(connection),
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            # Where what comes next is not there, that is said, and not just gone on elsewhere.
            "auto.offset.reset": "error",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": session_ms,
            "heartbeat.interval.ms": session_ms // 12,
            "socket.timeout.ms": max(session_ms, 3_000),
            "fetch.wait.max.ms": 100,
            # A lane that is taken up again would wait a second.
            "fetch.queue.backoff.ms": 20,
            "queued.min.messages": MOST,
            "queued.max.messages.kbytes": 16_384,
            "allow.auto.create.topics": False,
            "error_cb": _ignore,
        },
        logger=logging.getLogger("wharfinger_kafka.client"),
    )


def began(consumer: Consumer, places: Sequence[TopicPartition], lanes: int) -> list[LaneLog]:
    """Return lanes as the group left them.

    A lane without a place begins with its oldest event. Where others of the group have one, it is
    new, and nobody had anything of it; where none has, Kafka forgot the places of a group that was
    away for long, and anybody may have had whatever is there.

    Args:
        consumer: Asks the broker.
        places: The lanes.
        lanes: How many the topic has.

    Raises:
        KafkaException: The broker did not say.
    """
    found = []
    for place in _committed(consumer, places):
        said = place.metadata or ""
        limit = int(said) if said.isascii() and said.isdigit() else 0
        begin = place.offset
        if begin < 0:
            begin, end = consumer.get_watermark_offsets(place, timeout=_ANSWER_S)
            every = [TopicPartition(place.topic, lane) for lane in range(lanes)]
            is_new = any(each.offset >= 0 for each in _committed(consumer, every))
            limit = begin if is_new else end
        found.append(LaneLog(lane=place.partition, acked=begin, limit=max(limit, begin)))
    return found


def begin_anew(consumer: Consumer, topic: str, log: LaneLog) -> tuple[LaneLog, str]:
    """Let a lane go on with the oldest event there is, because what comes next is not there.

    Args:
        consumer: Asks the broker.
        topic: Where the lane is.
        log: The lane.

    Returns:
        The lane from now on, the same one where only events are missing, and what is to be said.

    Raises:
        KafkaException: The broker did not say.
    """
    place = TopicPartition(topic, log.lane)
    low, high = consumer.get_watermark_offsets(place, timeout=_ANSWER_S)
    said = ""
    if low > log.upcoming:
        said = (
            f"Kafka deleted events of lane {log.lane} before they were delivered, offsets "
            f"{log.upcoming} to {low - 1}. Let the topic keep them for longer."
        )
        log.upcoming = low
    elif high < log.upcoming:
        said = (
            f"Kafka has nothing at offset {log.upcoming} of lane {log.lane}, where it ends with "
            f"{high}: the topic was made anew, or its brokers lost events. All that is there is "
            "delivered, some of it perhaps once more."
        )
        log = LaneLog(lane=log.lane, acked=low, limit=max(log.limit, low))
    _go_on(consumer, topic, [log], again=True)
    return log, said


def take_in(consumer: Consumer, topic: str, logs: Sequence[LaneLog]) -> None:
    """Have messages of lanes that the group has assigned.

    Args:
        consumer: Gets them.
        topic: Where the lanes are.
        logs: The lanes.
    """
    _go_on(consumer, topic, logs, again=False)


def _go_on(consumer: Consumer, topic: str, logs: Sequence[LaneLog], *, again: bool) -> None:
    places = [TopicPartition(topic, log.lane, log.upcoming) for log in logs]
    if again:
        consumer.incremental_unassign(places)
    consumer.incremental_assign(places)
    # What was paused when it was given back would stay so for good.
    consumer.resume(places)


def _committed(consumer: Consumer, places: Sequence[TopicPartition]) -> list[TopicPartition]:
    found = consumer.committed(list(places), timeout=_ANSWER_S)
    for place in found:
        if place.error is not None:
            raise KafkaException(place.error)
    return list(found)


def _ignore(_: object) -> None:
    """Hear nothing: that brokers do not answer, whoever asks is told."""
