"""Dead letters: finding them, looking at one, and dropping them."""

from __future__ import annotations

from typing import Any

import attrs

from wharfinger_host.store.dialect import Database

__all__ = ["Filter", "Group", "Letter", "causes", "count", "drop", "find", "show"]


@attrs.frozen(kw_only=True)
class Filter:
    """Which letters are meant; what is empty says nothing.

    Attributes:
        ids: Only these.
        connection: Only of this connection.
        mapping: Only of this mapping.
        status: Only with this status.
        code: Only for this cause.
        contact: Only about this contact.
        message_id: Only this event.
        since_ms: Only from this time on, in milliseconds since 1970.
        until_ms: Only before this time.
    """

    ids: tuple[int, ...] = ()
    connection: str = ""
    mapping: str = ""
    status: str = ""
    code: str = ""
    contact: str = ""
    message_id: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    def where(self) -> tuple[str, list[Any]]:
        """Return the condition for letters ``l`` and targets ``t``, and its values."""
        conditions, values = ["true"], list[Any]()
        for column, value in (
            ("t.connection =", self.connection),
            ("t.mapping =", self.mapping),
            ("l.status =", self.status),
            ("l.code =", self.code),
            ("l.contact =", self.contact),
            ("l.message_id =", self.message_id),
        ):
            if value:
                conditions.append(f"{column} ?")
                values.append(value)
        for column, bound in (("l.at_ms >=", self.since_ms), ("l.at_ms <", self.until_ms)):
            if bound is not None:
                conditions.append(f"{column} ?")
                values.append(bound)
        if self.ids:
            conditions.append(f"l.id IN ({', '.join(map(str, self.ids))})")
        return " AND ".join(conditions), values


@attrs.define
class Letter:
    """An event that one mapping could not deliver, and why.

    Attributes:
        id: What people call it.
        seq: Number of the event.
        target: Number of the mapping.
        connection: Name of the connection.
        mapping: Name of the mapping.
        at_ms: When it was written, in milliseconds since 1970.
        message_id: What the producer calls the event.
        contact: Whom it is about.
        status: ``rejected``, ``unknown``, or ``retry`` where it was given up.
        code: Why, for machines.
        message: Why, for people.
        vendor_message: The vendor's own words.
        http_status: Of the vendor's reply.
        request_id: The vendor's name for the request.
        attempts: How often it was sent.
        event: The event, as it was accepted.
        payload: What the mapping made of it then, as JSON; None where it made nothing.
    """

    id: int
    seq: int
    target: int
    connection: str
    mapping: str
    at_ms: int
    message_id: str | None
    contact: str
    status: str
    code: str
    message: str
    vendor_message: str
    http_status: int | None
    request_id: str | None
    attempts: int
    event: bytes
    payload: bytes | None


@attrs.define
class Group:
    """Letters that have the same cause.

    Attributes:
        connection: Name of the connection.
        mapping: Name of the mapping.
        status: Their status.
        code: Their code.
        count: How many.
        first_ms: When the first was written.
        last_ms: When the last was.
        message: What one of them says.
    """

    connection: str
    mapping: str
    status: str
    code: str
    count: int
    first_ms: int
    last_ms: int
    message: str


_COLUMNS = (
    "l.id, l.seq, l.target, t.connection, t.mapping, l.at_ms, l.message_id, l.contact, l.status, "
    "l.code, l.message, l.vendor_message, l.http_status, l.request_id, l.attempts, l.event, "
    "l.payload"
)
_FROM = "FROM letters AS l JOIN targets AS t ON t.id = l.target"


def find(db: Database, wanted: Filter, most: int = -1, *, after: int = 0) -> list[Letter]:
    """Return letters, the oldest first.

    Args:
        db: The file.
        wanted: Which.
        most: How many at most; -1 for all.
        after: Only those with a greater id.
    """
    where, values = wanted.where()
    limit = f" LIMIT {most:d}" if most >= 0 else ""
    rows = db.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE {where} AND l.id > ? ORDER BY l.id{limit}",  # constants
        [*values, after],
    )
    return [Letter(*row) for row in rows]


def show(db: Database, number: int) -> Letter | None:
    """Return one letter, or None."""
    return next(iter(find(db, Filter(ids=(number,)))), None)


def causes(db: Database, wanted: Filter) -> list[Group]:
    """Return letters grouped by cause, the most frequent first."""
    where, values = wanted.where()
    rows = db.execute(
        "SELECT t.connection, t.mapping, l.status, l.code, count(*), min(l.at_ms), "
        "max(l.at_ms), "
        f"max(l.message) {_FROM} WHERE {where} GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4",
        values,
    )
    return [Group(*row) for row in rows]


def count(db: Database, wanted: Filter) -> int:
    """Count letters."""
    where, values = wanted.where()
    (number,) = db.execute(f"SELECT count(*) {_FROM} WHERE {where}", values).fetchone()  # constants
    return int(number)


def drop(db: Database, wanted: Filter) -> int:
    """Throw letters away; the ledger goes on saying what became of their events."""
    where, values = wanted.where()
    return db.execute(
        f"DELETE FROM letters WHERE id IN (SELECT l.id {_FROM} WHERE {where})",  # noqa: S608  # constants
        values,
    ).rowcount
