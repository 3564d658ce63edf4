"""The consumer of a member of a group, as librdkafka is to be told."""

from __future__ import annotations

import logging
from typing import Final

from confluent_kafka import Consumer, Message, TopicPartition

from wharfinger_kafka.address import Address
from wharfinger_kafka.lease import MOST

__all__ = ["consumer_of", "is_gap"]

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
            "auto.offset.reset": "earliest",
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


def is_gap(consumer: Consumer, acked: int, first: Message) -> bool:
    """Tell whether events were deleted before they were delivered.

    Markers of transactions and compaction leave gaps, too, but do not move the beginning.

    Args:
        consumer: Asks the broker.
        acked: The first offset that is not acknowledged.
        first: What came first.
    """
    if first.offset() == acked:
        return False
    lane = TopicPartition(str(first.topic()), first.partition() or 0)
    low, _ = consumer.get_watermark_offsets(lane, timeout=_ANSWER_S)
    return bool(low > acked)


def _ignore(_: object) -> None:
    """Hear nothing: that brokers do not answer, whoever asks is told."""
