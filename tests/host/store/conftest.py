from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.stores.ledgers import ledgers, server

from wharfinger_host.store.dialect import Place
from wharfinger_host.store.inbox import Entry
from wharfinger_host.store.leases import register
from wharfinger_host.store.store import Store

__all__ = ["ledgers", "server"]

_OF_FILES = {"test_bad_disks", "test_server"}
"""Modules about files alone, or about servers alone."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let what is true of a store be true of one in a file, and of one on a server."""
    of_both = metafunc.module.__name__.rpartition(".")[2] not in _OF_FILES
    if of_both and "place" in metafunc.fixturenames:
        on_a_server = pytest.param("server", marks=pytest.mark.stores)
        metafunc.parametrize("place", ["file", on_a_server], indirect=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.db"


@pytest.fixture
def place(request: pytest.FixtureRequest, path: Path) -> Path | Place:
    """Where a store is: a file, unless a server is asked for."""
    if getattr(request, "param", "file") == "file":
        return path
    made: Place = request.getfixturevalue("ledgers").place()
    return made


@pytest.fixture
def store(place: Path | Place) -> Iterator[Store]:
    """An inbox with one connection."""
    with Store(place) as opened:
        opened.write(register, ["main"], opened.layout.partitions).result()
        yield opened


@pytest.fixture
def entries() -> Any:
    """Makes entries of events about one contact after the other."""

    def make(store: Store, *numbers: int, **more: Any) -> list[Entry]:
        made = []
        for number in numbers:
            event = {"type": "track", "userId": f"u{number}", "messageId": f"m{number}", **more}
            made.append(Entry.of(event, orjson.dumps(event), store.layout))
        return made

    return make
