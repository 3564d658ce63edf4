"""The log of accepted events: taking them in, and reading them in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

import attrs

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import InboxFullError
from wharfinger_host.store.facts import Layout, add_to_fact, fact, set_fact
from wharfinger_host.store.message_ids import MessageIds

__all__ = [
    "MOST_WAITING",
    "Accepted",
    "Entry",
    "Inbox",
    "LogEvent",
    "depth",
    "last_seq",
    "read_log",
    "some",
]

MOST_WAITING: Final = 10_000_000
"""Events that may wait, unless a configuration says otherwise."""
_EVENTS_PER_MEASURE = 20_000
_MOST_BYTES = 4 * 1024 * 1024


@attrs.define
class Entry:
    """An event that is to be accepted.

    Attributes:
        partition: Where it belongs.
        contact: Whom it is about.
        message_id: What its producer calls it; None where it has no name, so that no duplicate of
            it can be told.
        raw: The event, as it was read.
    """

    partition: int
    contact: str
    message_id: str | None
    raw: bytes

    @classmethod
    def of(cls, event: Mapping[str, Any], raw: bytes, layout: Layout) -> Entry:
        """Return the entry of an event.

        Args:
            event: A JSON object.
            raw: The same as JSON.
            layout: Of the store it is for.
        """
        contact = layout.contact_of(event)
        named = event.get("messageId")
        message_id = named if isinstance(named, str) and named else None
        return cls(layout.partition_of(contact, raw), contact, message_id, raw)


@attrs.frozen
class Accepted:
    """What became of the events of one call.

    Attributes:
        events: How many are in the inbox now because of it.
        duplicates: How many were there before, by their message ids.
    """

    events: int
    duplicates: int

    def __add__(self, other: Accepted) -> Accepted:
        return Accepted(self.events + other.events, self.duplicates + other.duplicates)


@attrs.define
class Inbox:
    """Takes events in.

    Attributes:
        most_waiting: How many events may wait before no more are taken.
        ids: The message ids it knows.
    """

    most_waiting: int = MOST_WAITING
    ids: MessageIds = attrs.field(factory=MessageIds)
    _unmeasured: int = _EVENTS_PER_MEASURE
    _depth: int = 0

    def accept(self, db: Database, entries: Sequence[Entry], now_ms: int) -> Accepted:
        """Take events in, all or none; those that are there already are dropped and counted.

        Args:
            db: Within a transaction.
            entries: In their order.
            now_ms: Milliseconds since 1970.

        Raises:
            InboxFullError: Too many wait already; none of these was taken.
        """
        self._refuse_beyond_depth(db, len(entries))
        last = last_seq(db)
        fresh = self.ids.leave_out_known(db, entries, last)
        db.executemany(
            "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?)",
            [
                (seq, entry.partition, now_ms, entry.message_id, entry.contact, entry.raw)
                for seq, entry in enumerate(fresh, last + 1)
            ],
        )
        accepted = Accepted(len(fresh), len(entries) - len(fresh))
        if accepted.events:
            set_fact(db, "last_seq", last + accepted.events)
        if accepted.duplicates:
            add_to_fact(db, "duplicates", accepted.duplicates)
        return accepted

    def forget(self) -> None:
        """Forget what is in memory, because a transaction came to nothing."""
        self.ids.forget()
        self._unmeasured = _EVENTS_PER_MEASURE

    def _refuse_beyond_depth(self, db: Database, events: int) -> None:
        """Counting takes time, so it is done where it matters; what is taken since is added."""
        self._unmeasured += events
        if self._unmeasured > _EVENTS_PER_MEASURE or self._depth + events > self.most_waiting:
            self._depth, self._unmeasured = _most_that_wait(db), 0
            if self._depth + events > self.most_waiting:
                self._depth = depth(db)
        if self._depth + events > self.most_waiting:
            raise InboxFullError(
                f"{self._depth:,} events wait in the inbox, and {self.most_waiting:,} may. These "
                "were not accepted; try again when the worker has caught up."
            )
        self._depth += events


def last_seq(db: Database) -> int:
    """Return the number of the last event that was ever accepted; 0 before the first."""
    return fact(db, "last_seq") or 0


def _most_that_wait(db: Database) -> int:
    """Return what `depth` is not above; that is quick, however many wait in the log."""
    (first,) = db.execute("SELECT min(position) FROM lanes WHERE partition >= 0").fetchone()
    (deferred,) = db.execute("SELECT count(*) FROM deferred").fetchone()
    last = last_seq(db)
    return last - int(last if first is None else first) + int(deferred)


def depth(db: Database) -> int:
    """Count the events that some connection is not done with; one that several wait for, once."""
    (behind,) = db.execute(
        "SELECT coalesce(sum((SELECT count(*) FROM inbox WHERE partition = l.partition AND seq > "
        "l.position)), 0) FROM (SELECT partition, min(position) AS position FROM lanes WHERE "
        "partition >= 0 GROUP BY partition) AS l"
    ).fetchone()
    (deferred,) = db.execute(
        "SELECT count(DISTINCT d.seq) FROM deferred AS d JOIN (SELECT partition, min(position) AS "
        "position FROM lanes GROUP BY partition) AS l ON l.partition = d.partition "
        "AND d.seq <= l.position"
    ).fetchone()
    return int(behind) + int(deferred)


@attrs.define
class LogEvent:
    """One event of the log.

    Attributes:
        seq: Its number.
        contact: Whom it is about.
        message_id: What its producer calls it.
        raw: The event as JSON.
    """

    seq: int
    contact: str
    message_id: str | None
    raw: bytes


def read_log(db: Database, partition: int, position: int, most: int) -> tuple[list[LogEvent], int]:
    """Read events of a partition in order.

    Args:
        db: The file.
        partition: Which.
        position: Number of the last event before them.
        most: How many at most; fewer where they are large.

    Returns:
        The events, and the number up to which the partition is read with them.
    """
    rows = db.execute(
        "SELECT seq, contact, message_id, event FROM inbox WHERE partition = ? AND seq > ? "
        "ORDER BY seq LIMIT ?",
        (partition, position, most),
    )
    events, whole = some(LogEvent(*row) for row in rows)
    if whole and len(events) < most:
        return events, max(position, last_seq(db))
    return events, events[-1].seq


class _Sized(Protocol):
    @property
    def raw(self) -> bytes: ...


_Read = TypeVar("_Read", bound=_Sized)


def some(events: Iterable[_Read]) -> tuple[list[_Read], bool]:
    """Take events until they are large enough together, and tell whether it was all.

    Args:
        events: As they are read; they may be many, and each of them large.
    """
    taken: list[_Read] = []
    size = 0
    for event in events:
        if size > _MOST_BYTES:
            return taken, False
        taken.append(event)
        size += len(event.raw)
    return taken, True
