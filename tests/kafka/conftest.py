"""Brokers for the whole session, and engines over topics of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.kafka.brokers import Brokers

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
    made = open_engine(url, LANES)
    try:
        await made.setup(["acme", "zenith"])
        yield made
    finally:
        await made.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator[KafkaEngine]:
    """The same, as another process has it."""
    made = open_engine(url, LANES)
    try:
        yield made
    finally:
        await made.close()
