from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from wharfinger_host.store.store import Store


@pytest.fixture
def durable(config: Path) -> Path:
    """The configuration with an inbox, and batches that wait for nobody."""
    text = config.read_text().replace(
        "[connections.main.mappings.rows]",
        "[connections.main.mappings.rows]\nbatch = { age_s = 0.01 }",
    )
    config.write_text('[inbox]\nfile = "inbox.db"\n\n' + text)
    return config


@pytest.fixture
def ask(durable: Path) -> Any:
    """Asks the inbox something in SQL, and gives the rows."""

    def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with Store(durable.parent / "inbox.db") as store:
            return store.read(lambda db: db.execute(sql, values).fetchall()).result()

    return rows


@pytest.fixture
def said() -> Any:
    """What a command said in JSON."""
    return lambda result: orjson.loads(result.stdout)
