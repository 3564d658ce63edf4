"""The ledger, the dead letters and the log as JSON Lines, for a warehouse of one's own."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

import orjson

from wharfinger_host.moments import time_text

__all__ = ["WHAT", "page"]

_QUERIES: Final = {
    "ledger": """
        SELECT l.seq, l.target, t.connection, t.mapping, i.message_id, i.contact, i.accepted_ms,
            l.status, l.code, l.attempts, l.http_status, l.request_id, l.at_ms
        FROM ledger AS l JOIN targets AS t ON t.id = l.target JOIN inbox AS i ON i.seq = l.seq
        WHERE (l.seq, l.target) > (?, ?) ORDER BY l.seq, l.target LIMIT ?
    """,
    "letters": """
        SELECT l.seq, l.target, l.id, t.connection, t.mapping, l.message_id, l.contact, l.at_ms,
            l.status, l.code, l.message, l.vendor_message, l.http_status, l.request_id,
            l.attempts, l.event, l.payload
        FROM letters AS l JOIN targets AS t ON t.id = l.target
        WHERE (l.seq, l.target) > (?, ?) ORDER BY l.seq, l.target LIMIT ?
    """,
    "events": """
        SELECT seq, 0 AS target, message_id, contact, partition, accepted_ms, event FROM inbox
        WHERE (seq, 0) > (?, ?) ORDER BY seq LIMIT ?
    """,
}
WHAT: Final = tuple(_QUERIES)
"""What can be exported."""

_AT_A_TIME: Final = 2_000


def page(
    db: sqlite3.Connection, what: str, after: tuple[int, int]
) -> tuple[list[bytes], tuple[int, int]]:
    """Return the next lines of an export, and where to go on; no lines at its end.

    Args:
        db: The file.
        what: One of `WHAT`.
        after: Where the page before ended; ``(0, 0)`` for the first.
    """
    cursor = db.execute(_QUERIES[what], (*after, _AT_A_TIME))
    names = [column[0] for column in cursor.description]
    lines: list[bytes] = []
    for row in cursor:
        after = row[0], row[1]
        lines.append(orjson.dumps(_record(names, row), option=orjson.OPT_APPEND_NEWLINE))
    return lines, after


def _record(names: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in zip(names, row, strict=True):
        if name.endswith("_ms"):
            record[name.removesuffix("_ms")] = time_text(value)
        elif isinstance(value, bytes):
            record[name] = orjson.Fragment(value)
        elif name != "target":
            record[name] = value
    return record
