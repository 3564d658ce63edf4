"""What became of one person's events, or of one event: every try, in order."""

from __future__ import annotations

from typing import Any

import attrs

from wharfinger_host.store.dialect import Database

__all__ = ["Happened", "TracedEvent", "trace"]


@attrs.define
class Happened:
    """One thing that happened to an event under one mapping.

    Attributes:
        connection: Name of the connection.
        mapping: Name of the mapping.
        kind: ``outcome`` is final, ``try`` was not; ``waiting`` is offered again at ``at_ms``,
            ``sending`` is on its way.
        at_ms: When, in milliseconds since 1970.
        status: Its status.
        code: Why, for machines.
        attempts: How often it was sent by then or, for a try, with it.
        message: Why, for people.
        vendor_message: The vendor's own words.
        http_status: Of the vendor's reply.
        request_id: The vendor's name for the request.
    """

    connection: str
    mapping: str
    kind: str
    at_ms: int
    status: str
    code: str
    attempts: int
    message: str
    vendor_message: str
    http_status: int | None
    request_id: str | None


@attrs.define
class TracedEvent:
    """One event and what happened to it.

    Attributes:
        seq: Its number.
        message_id: What its producer calls it.
        contact: Whom it is about.
        accepted_ms: When it was accepted; None where only a dead letter is left of it.
        event: The event, as it was accepted.
        waits_for: Names of the connections that have not come to it yet.
        happened: In order; mappings whose trigger did not match it are not among them.
    """

    seq: int
    message_id: str | None
    contact: str
    accepted_ms: int | None
    event: bytes
    waits_for: list[str] = attrs.field(factory=list)
    happened: list[Happened] = attrs.field(factory=list)


def trace(
    db: Database, *, contact: str = "", message_id: str = "", most: int = 1_000
) -> list[TracedEvent]:
    """Return events in the order they were accepted.

    Args:
        db: The file.
        contact: Those about this contact: the value of the order key.
        message_id: The one with this message id.
        most: How many at most; the newest are given.
    """
    column, value = ("message_id", message_id) if message_id else ("contact", contact)
    rows = db.execute(
        f"SELECT seq, message_id, contact, accepted_ms, event, partition FROM inbox "  # noqa: S608  # constants
        f"WHERE {column} = ? ORDER BY seq DESC LIMIT ?",
        (value, most),
    ).fetchall()
    found: dict[int, TracedEvent] = {}
    for seq, name, whom, accepted_ms, event, partition in rows:
        behind = _behind(db, seq, partition)
        found[seq] = TracedEvent(seq, name, whom, accepted_ms, event, behind)
    for row in db.execute(
        f"SELECT seq, message_id, contact, NULL, event FROM letters WHERE {column} = ? "  # noqa: S608  # constants
        "ORDER BY seq DESC LIMIT ?",
        (value, most),
    ):
        found.setdefault(row[0], TracedEvent(*row))
    for event in found.values():
        event.happened = _happened(db, event.seq)
    return sorted(found.values(), key=lambda event: event.seq)[-most:]


def _behind(db: Database, seq: int, partition: int) -> list[str]:
    rows = db.execute(
        "SELECT connection FROM lanes WHERE partition = ? AND position < ? ORDER BY connection",
        (partition, seq),
    )
    return [name for (name,) in rows]


def _happened(db: Database, seq: int) -> list[Happened]:
    rows: list[Any] = db.execute(
        """
        SELECT t.connection, t.mapping, h.* FROM (
            SELECT target, 1 AS step, 'try' AS kind, at_ms, status, code, attempts, message,
                vendor_message, http_status, request_id FROM tries WHERE seq = :seq
            UNION ALL
            SELECT target, 2, 'sending', at_ms, '', '', 0, '', '', NULL, NULL
                FROM intents WHERE seq = :seq
            UNION ALL
            SELECT target, 3, 'waiting', due_ms, status, code, tries, message, '', NULL, NULL
                FROM deferred WHERE seq = :seq
            UNION ALL
            SELECT l.target, 4, 'outcome', l.at_ms, l.status, l.code, l.attempts,
                coalesce(d.message, ''), coalesce(d.vendor_message, ''), l.http_status,
                l.request_id
                FROM ledger AS l LEFT JOIN letters AS d ON d.seq = l.seq AND d.target = l.target
                WHERE l.seq = :seq
            UNION ALL
            SELECT d.target, 4, 'outcome', d.at_ms, d.status, d.code, d.attempts, d.message,
                d.vendor_message, d.http_status, d.request_id
                FROM letters AS d WHERE d.seq = :seq AND NOT EXISTS
                (SELECT 1 FROM ledger WHERE seq = d.seq AND target = d.target)
        ) AS h JOIN targets AS t ON t.id = h.target
        ORDER BY t.connection, t.mapping, h.step, h.at_ms
        """,
        {"seq": seq},
    ).fetchall()
    return [Happened(*row[:2], *row[4:]) for row in rows]
