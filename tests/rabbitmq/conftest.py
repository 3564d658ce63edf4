"""Nodes for the whole session: one alone, and three that know each other."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.leasing import opened
from tests.rabbitmq.nodes import Cluster, why_not

from wharfinger_rabbitmq import RabbitEngine, open_engine

LANES = 4


def _cluster(factory: pytest.TempPathFactory, size: int) -> Iterator[Cluster]:
    if reason := why_not():
        if os.environ.get("WHARFINGER_NEEDS_RABBITMQ"):
            pytest.fail(reason)
        pytest.skip(reason)
    with Cluster(factory.mktemp(f"nodes{size}"), size) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One node; it runs as long as the session."""
    yield from _cluster(tmp_path_factory, 1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes; whoever kills one starts it again."""
    yield from _cluster(tmp_path_factory, 3)


@pytest.fixture
def url(node: Cluster) -> str:
    """Names of its own in the one node."""
    return f"{node.url}?space=t{secrets.token_hex(4)}"


@pytest.fixture
async def engine(url: str) -> AsyncIterator[RabbitEngine]:
    """An engine that is set up for two connections."""
    async with opened(open_engine(url, LANES), "acme", "zenith") as made:
        yield made


@pytest.fixture
async def other(url: str) -> AsyncIterator[RabbitEngine]:
    """The same, as another process has it."""
    async with opened(open_engine(url, LANES)) as made:
        yield made
