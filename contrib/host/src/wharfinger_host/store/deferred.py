"""Events that have left the way of the log and are offered again when their time comes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.inbox import some
from wharfinger_host.store.leases import Held

__all__ = ["Due", "any_waits", "due", "halted", "let_go", "probe", "put_aside", "waiting"]


@attrs.define
class Due:
    """An event whose time has come, for one mapping.

    Attributes:
        seq: Its number.
        contact: Whom it is about.
        message_id: What its producer calls it.
        raw: The event as JSON.
        tries: How often it was offered before.
        since_ms: When it was put aside first.
    """

    seq: int
    contact: str
    message_id: str | None
    raw: bytes
    tries: int
    since_ms: int


def due(
    db: Database,
    held: Held,
    target: int,
    now_ms: int,
    most: int,
    *,
    ordered: bool,
) -> list[Due]:
    """Return events of a lane whose time has come for a mapping, in their order.

    Args:
        db: The file.
        held: The lane.
        target: The mapping.
        now_ms: Milliseconds since 1970.
        most: How many at most; fewer where they are large.
        ordered: Leave out those behind an earlier event about the same contact that is not due.
    """
    first = db.execute(
        "SELECT min(due_ms) FROM deferred WHERE partition = ? AND target = ?",
        (held.partition, target),
    ).fetchone()[0]
    if first is None or first > now_ms:
        return []
    elder = (
        "AND NOT EXISTS (SELECT 1 FROM deferred AS e WHERE e.target = d.target "
        "AND e.contact = d.contact AND e.seq < d.seq AND e.due_ms > :now)"
        if ordered
        else ""
    )
    rows = db.execute(
        "SELECT d.seq, d.contact, i.message_id, i.event, d.tries, d.since_ms "  # noqa: S608  # constants
        "FROM deferred AS d JOIN inbox AS i ON i.seq = d.seq "
        f"WHERE d.target = :target AND d.partition = :partition AND d.due_ms <= :now {elder} "
        "ORDER BY d.seq LIMIT :most",
        {"target": target, "partition": held.partition, "now": now_ms, "most": most},
    )
    events, _ = some(Due(*row) for row in rows)
    return events


def put_aside(db: Database) -> list[tuple[str, str, int]]:
    """Return for which mappings events wait, as connection, mapping and how many."""
    rows = db.execute(
        "SELECT t.connection, t.mapping, count(*) FROM deferred AS d "
        "JOIN targets AS t ON t.id = d.target GROUP BY t.id ORDER BY 1, 2"
    )
    return [(str(connection), str(mapping), int(count)) for connection, mapping, count in rows]


def let_go(db: Database, connection: str, mapping: str) -> int:
    """Offer nothing again that was put aside for a mapping, and return how much that was.

    What it may have been sending when a worker died stays, and becomes ``unknown``.
    """
    return db.execute(
        "DELETE FROM deferred WHERE target IN "
        "(SELECT id FROM targets WHERE connection = ? AND mapping = ?)",
        (connection, mapping),
    ).rowcount


def waiting(
    db: Database, targets: Collection[int], contacts: Collection[str]
) -> set[tuple[int, str]]:
    """Return which of these contacts wait for which of these mappings: others must not overtake."""
    some = [
        target
        for target in targets
        if db.execute("SELECT 1 FROM deferred WHERE target = ? LIMIT 1", (target,)).fetchone()
    ]
    if not some:
        return set()
    data = db.dialect.list_of(contacts)
    return {
        (target, contact)
        for target in some
        for (contact,) in db.execute(
            f"SELECT e.value FROM {db.dialect.each} WHERE EXISTS "  # noqa: S608  # a constant
            "(SELECT 1 FROM deferred WHERE target = ? AND contact = e.value)",
            (data, target),
        )
    }


def any_waits(db: Database, held: Held, targets: Sequence[int]) -> bool:
    """Tell whether anything of a lane waits for one of these mappings."""
    return any(
        db.execute(
            "SELECT 1 FROM deferred WHERE target = ? AND partition = ? LIMIT 1",
            (target, held.partition),
        ).fetchone()
        for target in targets
    )


def halted(db: Database, targets: Sequence[int]) -> set[int]:
    """Return those of these mappings that have events waiting because something halted."""
    return {
        target
        for target in targets
        if db.execute(
            "SELECT 1 FROM deferred WHERE target = ? AND status = 'halted' LIMIT 1", (target,)
        ).fetchone()
    }


def probe(db: Database, targets: Sequence[int]) -> set[int]:
    """Let the first event that a halt holds up be offered at once, for each of these mappings.

    Args:
        db: Within a transaction.
        targets: The mappings of a connection that has just been opened.

    Returns:
        Those that have one.
    """
    found = halted(db, targets)
    db.executemany(
        "UPDATE deferred SET due_ms = 0 WHERE target = :target AND seq = "
        "(SELECT min(seq) FROM deferred WHERE target = :target AND status = 'halted')",
        [{"target": target} for target in found],
    )
    return found
