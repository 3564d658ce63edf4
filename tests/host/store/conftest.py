from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from wharfinger_host.store.inbox import Entry
from wharfinger_host.store.leases import register
from wharfinger_host.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """An inbox with one connection."""
    with Store(path) as opened:
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
