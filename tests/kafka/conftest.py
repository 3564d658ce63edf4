"""Brokers for the whole session, and engines over topics of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from tests.kafka.brokers import Brokers
from tests.leasing import opened

from wharfinger_kafka import KafkaEngine, open_engine

LANES = 4


@pytest.fixture(scope="session")
def brokers() -> Iterator[Brokers]:
    """Three brokers; whoever takes one down lets it come up again."""
    with Brokers() as made:
        yield made


@pytest.fixture
def topic(brokers: Brokers) -> str:
    """A topic of its own, and those of dead letters of two connections."""
    return brokers.topics_of(LANES, "acme", "zenith")


@pytest.fixture
def url(brokers: Brokers, topic: str) -> str:
    """The URL of the topic."""
    return brokers.url(topic, session_s=2.5)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[KafkaEngine]:
    """An engine that is set up for two connections."""
    async with opened(open_engine(url, LANES), "acme", "zenith") as made:
        yield made


@pytest.fixture
async def other(url: str) -> AsyncIterator[KafkaEngine]:
    """The same, as another process has it."""
    async with opened(open_engine(url, LANES)) as made:
        yield made


@pytest.fixture(scope="session")
def producer(brokers: Brokers) -> Producer:
    """A producer of somebody else's."""
    return Producer({"bootstrap.servers": brokers.hosts, "message.max.bytes": 10_000_000})


@pytest.fixture
def produce(producer: Producer, topic: str) -> Callable[..., None]:
    """Publish as others do."""

    def produce(*values: bytes | None, lane: int = 0, **message: Any) -> None:
        for value in values:
            producer.produce(topic, value, partition=lane, **message)
        assert producer.flush(60) == 0

    return produce
