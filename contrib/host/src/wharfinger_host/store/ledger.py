"""What became of every event: written with the position of its lane, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from wharfinger_host.store.errors import LeaseLostError
from wharfinger_host.store.leases import Held
from wharfinger_host.store.minutes import count_minutes

__all__ = [
    "DEFERRED",
    "DeferredRow",
    "LedgerRow",
    "LetterRow",
    "Settlement",
    "TryRow",
    "intend",
    "known_since",
    "settle",
]

DEFERRED: Final = "deferred"
"""Stands for a status where an event is offered again."""

LedgerRow = tuple[int, int, str, str, int, int | None, str | None, int]
"""seq, target, status, code, attempts, http_status, request_id, at_ms"""
DeferredRow = tuple[int, int, int, str, int, int, int, str, str, str]
"""target, partition, seq, contact, due_ms, since_ms, tries, status, code, message"""
TryRow = tuple[int, int, int, str, str, int, int | None, str | None, str, str]
"""seq, target, at_ms, status, code, attempts, http_status, request_id, message, vendor_message"""
LetterRow = tuple[
    int, int, int, str | None, str, str, str, str, str, int | None, str | None, int, bytes,
    bytes | None,
]  # fmt: skip
"""seq, target, at_ms, message_id, contact, status, code, message, vendor_message, http_status,
request_id, attempts, event, payload"""


@attrs.define
class Settlement:
    """What is to be written about one lane.

    Attributes:
        position: How far the lane has come; None leaves it where it is.
        ledger: Final outcomes.
        letters: Dead letters.
        deferred: What is to be offered again, or anew at another time.
        done: What no longer waits to be offered again: target, partition, seq.
        tries: What was sent without being settled by it.
        unintended: Intents that have come to an end: seq, target.
        answered: Letters that are settled: seq, target.
        released: Mappings that no longer halt, whose events may be offered at once.
    """

    position: int | None = None
    ledger: list[LedgerRow] = attrs.field(factory=list)
    letters: list[LetterRow] = attrs.field(factory=list)
    deferred: list[DeferredRow] = attrs.field(factory=list)
    done: list[tuple[int, int, int]] = attrs.field(factory=list)
    tries: list[TryRow] = attrs.field(factory=list)
    unintended: list[tuple[int, int]] = attrs.field(factory=list)
    answered: list[tuple[int, int]] = attrs.field(factory=list)
    released: set[int] = attrs.field(factory=set)


def settle(db: sqlite3.Connection, held: Held, settlement: Settlement) -> bool:
    """Write down what became of the events of a lane.

    Returns:
        Whether the lane is still held; if not, nothing was written.
    """
    # A position never goes back, and the epoch is checked by the same statement.
    if not db.execute(
        "UPDATE lanes SET position = max(position, ?) "
        "WHERE connection = ? AND partition = ? AND epoch = ?",
        (settlement.position or 0, held.connection, held.partition, held.epoch),
    ).rowcount:
        return False
    for rows, statement in (
        (settlement.ledger, _ENTER),
        (settlement.done, "DELETE FROM deferred WHERE target = ? AND partition = ? AND seq = ?"),
        (settlement.deferred, _DEFER),
        (settlement.letters, _WRITE_LETTER),
        (settlement.tries, "INSERT INTO tries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        (settlement.unintended, "DELETE FROM intents WHERE seq = ? AND target = ?"),
        (settlement.answered, "DELETE FROM letters WHERE seq = ? AND target = ?"),
    ):
        if rows:
            db.executemany(statement, rows)
    if settlement.ledger or settlement.tries:
        count_minutes(db, settlement.ledger, settlement.tries)
    for target in settlement.released:
        db.execute(
            "UPDATE deferred SET due_ms = 0 WHERE target = ? AND status = 'halted'", (target,)
        )
    return True


# What was delivered stays so, whatever is found out later, and is no dead letter.
_ENTER = """
INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    status = excluded.status, code = excluded.code, attempts = ledger.attempts + excluded.attempts,
    http_status = excluded.http_status, request_id = excluded.request_id, at_ms = excluded.at_ms
WHERE ledger.status != 'delivered'
"""
_DEFER = """
INSERT INTO deferred VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    due_ms = excluded.due_ms, tries = excluded.tries, status = excluded.status,
    code = excluded.code, message = excluded.message
"""
_WRITE_LETTER = """
INSERT INTO letters (seq, target, at_ms, message_id, contact, status, code, message,
    vendor_message, http_status, request_id, attempts, event, payload)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 WHERE NOT EXISTS
    (SELECT 1 FROM ledger WHERE seq = ?1 AND target = ?2 AND status = 'delivered')
ON CONFLICT DO UPDATE SET
    at_ms = excluded.at_ms, status = excluded.status, code = excluded.code,
    message = excluded.message, vendor_message = excluded.vendor_message,
    http_status = excluded.http_status, request_id = excluded.request_id,
    attempts = letters.attempts + excluded.attempts, payload = excluded.payload
"""


def intend(
    db: sqlite3.Connection, held: Held, target: int, seqs: Iterable[int], now_ms: int
) -> None:
    """Write down that events are about to be sent that must not be sent twice.

    Raises:
        LeaseLostError: Another process holds the lane, so nothing may be sent.
    """
    if not db.execute(
        "SELECT 1 FROM lanes WHERE connection = ? AND partition = ? AND epoch = ?",
        (held.connection, held.partition, held.epoch),
    ).fetchone():
        raise LeaseLostError(
            f"Another process has taken over partition {held.partition} of {held.connection}."
        )
    db.executemany(
        "INSERT OR REPLACE INTO intents VALUES (?, ?, ?, ?, ?)",
        [(seq, target, held.connection, held.partition, now_ms) for seq in seqs],
    )


def known_since(
    db: sqlite3.Connection, held: Held, targets: Sequence[int]
) -> dict[int, dict[int, str]]:
    """Return what is settled or deferred beyond the position of a lane.

    Returns:
        Mappings by event, each with its status; ``deferred`` for what is offered again.
    """
    numbers = ", ".join(map(str, targets)) or "NULL"
    rows = db.execute(
        "SELECT l.seq, l.target, l.status FROM ledger AS l JOIN inbox AS i ON i.seq = l.seq "  # noqa: S608  # numbers
        f"WHERE l.seq > :position AND l.target IN ({numbers}) AND i.partition = :partition "
        f"UNION ALL SELECT seq, target, '{DEFERRED}' FROM deferred "
        f"WHERE seq > :position AND target IN ({numbers}) AND partition = :partition",
        {"position": held.position, "partition": held.partition},
    )
    known: dict[int, dict[int, str]] = {}
    for seq, target, status in rows:
        # What was settled and is deferred all the same is offered again; that comes last.
        known.setdefault(seq, {})[target] = status
    return known
