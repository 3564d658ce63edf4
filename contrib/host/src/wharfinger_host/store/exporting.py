"""The ledger, the dead letters and the log row by row, for a warehouse of one's own."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import attrs

from wharfinger_host.store.dialect import Database

__all__ = ["WHAT", "Column", "Kind", "columns_of", "page"]


class Kind(StrEnum):
    """What a column holds."""

    INTEGER = "integer"
    TEXT = "text"
    TIME = "time"
    """Milliseconds since 1970."""
    JSON = "json"
    """JSON in bytes."""


@attrs.frozen
class Column:
    """One column of an export.

    Attributes:
        name: Its name.
        kind: What it holds.
    """

    name: str
    kind: Kind


# Where a replay outlives the event, the ledger knows no more of it than its number.
_TABLES: Final = {
    "ledger": """
        l.seq, l.target, t.connection, t.mapping, i.message_id, i.contact, i.accepted_ms,
            l.status, l.code, l.attempts, l.http_status, l.request_id, l.at_ms
        FROM ledger AS l JOIN targets AS t ON t.id = l.target LEFT JOIN inbox AS i ON i.seq = l.seq
        WHERE (l.seq, l.target) > (?, ?) ORDER BY l.seq, l.target LIMIT ?
    """,
    "letters": """
        l.seq, l.target, l.id, t.connection, t.mapping, l.message_id, l.contact, l.at_ms,
            l.status, l.code, l.message, l.vendor_message, l.http_status, l.request_id,
            l.attempts, l.event, l.payload
        FROM letters AS l JOIN targets AS t ON t.id = l.target
        WHERE (l.seq, l.target) > (?, ?) ORDER BY l.seq, l.target LIMIT ?
    """,
    "events": """
        seq, 0 AS target, message_id, contact, partition, accepted_ms, event FROM inbox
        WHERE (seq, 0) > (?, ?) ORDER BY seq LIMIT ?
    """,
}
WHAT: Final = tuple(_TABLES)
"""What can be exported."""

_INTEGERS: Final = frozenset({"seq", "id", "partition", "attempts", "http_status"})
_JSON: Final = frozenset({"event", "payload"})
_MOST_ROWS: Final = 2_000
_MOST_BYTES: Final = 8 * 1024 * 1024


def columns_of(db: Database, what: str) -> list[Column]:
    """Return the columns of an export.

    Args:
        db: The file.
        what: One of `WHAT`.
    """
    cursor = db.execute(f"SELECT {_TABLES[what]}", (0, 0, 0))  # a constant
    names = [name for name, *_ in cursor.description if name != "target"]
    return [Column(name.removesuffix("_ms"), _kind_of(name)) for name in names]


def page(
    db: Database, what: str, after: tuple[int, int]
) -> tuple[list[tuple[Any, ...]], tuple[int, int]]:
    """Return the next rows of an export, and where to go on; no rows at its end.

    Args:
        db: The file.
        what: One of `WHAT`.
        after: Where the page before ended; ``(0, 0)`` for the first.
    """
    rows: list[tuple[Any, ...]] = []
    size = 0
    found = db.execute(f"SELECT {_TABLES[what]}", (*after, _MOST_ROWS))  # a constant
    for seq, target, *rest in found:
        rows.append((seq, *rest))
        after = seq, target
        size += sum(len(value) for value in rest if isinstance(value, bytes))
        if size >= _MOST_BYTES:
            break
    return rows, after


def _kind_of(name: str) -> Kind:
    if name.endswith("_ms"):
        return Kind.TIME
    if name in _JSON:
        return Kind.JSON
    return Kind.INTEGER if name in _INTEGERS else Kind.TEXT
