"""How much became of what, minute by minute: for charts, without a pass over the whole ledger.

A minute counts what was written in it. An event that is refused and, replayed, delivered is in two
minutes, as is one that was tried in vain first. What no trigger took is in none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs

from wharfinger_host.store.dialect import Database

if TYPE_CHECKING:
    from wharfinger_host.store.ledger import LedgerRow, TryRow

__all__ = ["KEPT_DAYS", "MINUTE_MS", "Tallied", "count_minutes", "forget_minutes", "minutes_since"]

KEPT_DAYS: Final = 8
MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 60 * MINUTE_MS


@attrs.frozen
class Tallied:
    """What became of events in one stretch of time.

    Attributes:
        step: Number of the stretch since 1970.
        connection: Name of the connection.
        mapping: Name of the mapping.
        status: A final status; ``retry`` or ``halted`` where it was tried in vain.
        count: How many.
    """

    step: int
    connection: str
    mapping: str
    status: str
    count: int


def count_minutes(db: Database, ledger: Sequence[LedgerRow], tries: Sequence[TryRow]) -> None:
    """Count what is being written down.

    Args:
        db: Within the transaction that writes it.
        ledger: Final outcomes.
        tries: What was sent without being settled by it.
    """
    found = Counter((row[7] // MINUTE_MS, row[1], row[2]) for row in ledger)
    found.update((row[2] // MINUTE_MS, row[1], row[3]) for row in tries)
    db.executemany(
        "INSERT INTO minutes VALUES (?, ?, ?, ?) "
        "ON CONFLICT (minute, target, status) DO UPDATE SET count = minutes.count + excluded.count",
        [(*key, count) for key, count in found.items()],
    )


def minutes_since(db: Database, since_ms: int, step_minutes: int = 1) -> list[Tallied]:
    """Return what became of events since a time, in stretches of some minutes.

    Args:
        db: The file.
        since_ms: Milliseconds since 1970.
        step_minutes: How many minutes are counted together.
    """
    rows = db.execute(
        "SELECT m.minute / :step, t.connection, t.mapping, m.status, CAST(sum(m.count) AS BIGINT) "
        "FROM minutes AS m JOIN targets AS t ON t.id = m.target WHERE m.minute >= :first "
        "GROUP BY 1, t.id, m.status ORDER BY 1, 2, 3, 4",
        {"step": step_minutes, "first": since_ms // MINUTE_MS},
    )
    return [Tallied(*row) for row in rows]


def forget_minutes(db: Database, now_ms: int) -> None:
    """Let go what is too old for any chart."""
    oldest = (now_ms - KEPT_DAYS * _DAY_MS) // MINUTE_MS
    db.execute("DELETE FROM minutes WHERE minute < ?", (oldest,))
