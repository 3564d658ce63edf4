"""Ledgers on a server, for tests of whatever works on one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import attrs
import pytest
from tests.servers import Postgres, why_no_postgres

from wharfinger import Secret
from wharfinger_host.store.dialect import Place

__all__ = ["Ledgers", "ledgers", "server"]

_NUMBERS = itertools.count(1)


@attrs.frozen
class Ledgers:
    """Makes ledgers.

    Attributes:
        server: Has them.
    """

    server: Postgres

    def url(self) -> str:
        """Return the URL of a new one."""
        return f"{self.server.url}?schema=ledger_{next(_NUMBERS)}"

    def place(self, url: str = "") -> Place:
        """Return one, new where none is named, that takes events as well: the tables are the same.

        Args:
            url: Of one that is there.
        """
        from wharfinger_host.store.server import Server  # noqa: PLC0415  # it needs psycopg

        made = Server.of(Secret(url or self.url()))
        made.takes_events = True
        return made


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A server of PostgreSQL; whoever ends it starts it again."""
    if reason := why_no_postgres():
        if os.environ.get("WHARFINGER_NEEDS_STORES"):
            pytest.fail(reason)
        pytest.skip(reason)
    with Postgres() as running:
        yield running


@pytest.fixture
def ledgers(server: Postgres) -> Ledgers:
    return Ledgers(server)
