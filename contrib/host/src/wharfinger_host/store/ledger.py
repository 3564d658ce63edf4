"""What became of every event: written with the position of its lane, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from wharfinger_host.store.dialect import Database
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


def settle(db: Database, work: Iterable[tuple[Held, Settlement]]) -> list[bool]:
    """Write down what became of the events of lanes, of all of them together.

    Args:
        db: Within a transaction.
        work: Lanes, and what is to be written about each.

    Returns:
        Whether each lane is still held; of one that is not, nothing was written.
    """
    work = list(work)
    kept = [_go_on_to(db, held, settlement.position or 0) for held, settlement in work]
    held = [settlement for (_, settlement), is_kept in zip(work, kept, strict=True) if is_kept]
    ledger = [row for each in held for row in each.ledger]
    tries = [row for each in held for row in each.tries]
    _enter(db, ledger)
    if tries:
        db.executemany("INSERT INTO tries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", tries)
    count_minutes(db, ledger, tries)
    for each in held:
        _write_the_rest(db, each)
    return kept


def _go_on_to(db: Database, held: Held, position: int) -> bool:
    # A position never goes back, and the epoch is checked by the same statement.
    return bool(
        db.execute(
            "UPDATE lanes SET position = CASE WHEN position < ?1 THEN ?1 ELSE position END "
            "WHERE connection = ?2 AND partition = ?3 AND epoch = ?4",
            (position, held.connection, held.partition, held.epoch),
        ).rowcount
    )


def _write_the_rest(db: Database, settlement: Settlement) -> None:
    for rows, statement in (
        (settlement.done, "DELETE FROM deferred WHERE target = ? AND partition = ? AND seq = ?"),
        (settlement.deferred, _DEFER),
        (settlement.letters, _WRITE_LETTER),
        (settlement.unintended, "DELETE FROM intents WHERE seq = ? AND target = ?"),
        (settlement.answered, "DELETE FROM letters WHERE seq = ? AND target = ?"),
    ):
        if rows:
            db.executemany(statement, rows)
    for target in settlement.released:
        db.execute(
            "UPDATE deferred SET due_ms = 0 WHERE target = ? AND status = 'halted'", (target,)
        )


def _enter(db: Database, rows: Iterable[LedgerRow]) -> None:
    """Write outcomes down; those that are alike, as those of one request, by one statement.

    SQLite runs beside Python for as long as a statement takes, and waits for it between two.
    """
    alike: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        alike.setdefault(row[1:], []).append(row[0])
    statement = _ENTER.format(each=db.dialect.each)
    for outcome, seqs in alike.items():
        db.execute(statement, (*outcome, db.dialect.list_of(seqs)))


# What was delivered stays so, whatever is found out later, and is no dead letter.
_ENTER = """
INSERT INTO ledger SELECT CAST(e.value AS BIGINT), ?, ?, ?, ?, ?, ?, ? FROM {each} WHERE true
ON CONFLICT (seq, target) DO UPDATE SET
    status = excluded.status, code = excluded.code, attempts = ledger.attempts + excluded.attempts,
    http_status = excluded.http_status, request_id = excluded.request_id, at_ms = excluded.at_ms
WHERE ledger.status != 'delivered'
"""
_DEFER = """
INSERT INTO deferred VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (target, partition, seq) DO UPDATE SET
    due_ms = excluded.due_ms, tries = excluded.tries, status = excluded.status,
    code = excluded.code, message = excluded.message
"""
_WRITE_LETTER = """
INSERT INTO letters (seq, target, at_ms, message_id, contact, status, code, message,
    vendor_message, http_status, request_id, attempts, event, payload)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 WHERE NOT EXISTS
    (SELECT 1 FROM ledger WHERE seq = ?1 AND target = ?2 AND status = 'delivered')
ON CONFLICT (seq, target) DO UPDATE SET
    at_ms = excluded.at_ms, status = excluded.status, code = excluded.code,
    message = excluded.message, vendor_message = excluded.vendor_message,
    http_status = excluded.http_status, request_id = excluded.request_id,
    attempts = letters.attempts + excluded.attempts, payload = excluded.payload
"""


def intend(db: Database, held: Held, target: int, seqs: Iterable[int], now_ms: int) -> None:
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
        "INSERT INTO intents VALUES (?, ?, ?, ?, ?) ON CONFLICT (seq, target) DO UPDATE SET "
        "connection = excluded.connection, partition = excluded.partition, at_ms = excluded.at_ms",
        [(seq, target, held.connection, held.partition, now_ms) for seq in seqs],
    )


def known_since(db: Database, held: Held, targets: Sequence[int]) -> dict[int, dict[int, str]]:
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
