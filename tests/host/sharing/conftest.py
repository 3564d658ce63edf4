"""Every store, each with a tenant of its own per test, and with the time that a test says it is."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from tests.servers import Postgres, Redis, why_no_postgres, why_no_redis

from wharfinger_host.sharing.sqlite import SqliteStore

STORES = [
    "sqlite",
    pytest.param("redis", marks=pytest.mark.stores),
    pytest.param("postgresql", marks=pytest.mark.stores),
]


@attrs.define
class Place:
    """Where a store is.

    Attributes:
        kind: Scheme of its URL.
        url: For any process.
        server: Can be killed and started; None where there is no server.
    """

    kind: str
    url: str
    server: Any = None

    def open(self, now: Callable[[], float] | None = None) -> Any:
        """Return a store, as a further process has it, of the time that a test says it is."""
        if self.kind == "redis":
            from wharfinger_host.sharing.redis import RedisStore  # noqa: PLC0415  # an extra

            return RedisStore(self.url, now)
        if self.kind == "postgresql":
            from wharfinger_host.sharing.postgresql import PostgresStore  # noqa: PLC0415  # an extra

            return PostgresStore(self.url, now)
        from wharfinger_host.sharing.sqlite import open_store  # noqa: PLC0415  # as the others

        store = open_store(self.url)
        return store if now is None else SqliteStore(store.path, now)


def _skip(reason: str) -> None:
    if reason and os.environ.get("WHARFINGER_NEEDS_STORES"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """One for the session."""
    _skip(why_no_redis())
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One for the session."""
    _skip(why_no_postgres())
    with Postgres() as server:
        yield server


@pytest.fixture(params=STORES)
def place(request, tmp_path) -> Place:
    """Where one of the stores is."""
    if request.param == "sqlite":
        return Place("sqlite", f"sqlite://{tmp_path / 'shared.db'}")
    server = request.getfixturevalue(f"{request.param.removesuffix('ql')}_server")
    return Place(request.param, server.url, server)


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test knows."""
    return f"acme-{secrets.token_hex(4)}"


@pytest.fixture
def store(place):
    """A store of the time of its own."""
    return place.open()
