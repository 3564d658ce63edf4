"""Who is at which lane: several processes share one inbox without getting in each other's way.

A lane is one partition as one connection sees it. A process holds lanes by leases that it keeps
renewing; when it dies or hangs, they run out and others take over, with a higher epoch. Whatever
it then still wants to write is refused by its old epoch.

Deadlines are read from a clock that counts since the machine started and that all processes of a
machine share, so a clock that is set changes nothing. A deadline that lies further ahead than any
lease can be is one from before a restart, and has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.inbox import last_seq

__all__ = [
    "LEASE_S",
    "Held",
    "acquire",
    "acquire_one",
    "by_engine",
    "enter",
    "forget",
    "hold",
    "known",
    "leave",
    "register",
    "release",
    "release_all",
    "waiting_for",
]

LEASE_S: Final = 15.0
"""Seconds without a sign of life after which others take over."""


@attrs.frozen
class Held:
    """A lane that this process holds.

    Attributes:
        connection: Name of the connection.
        partition: Which partition.
        epoch: How often the lane was taken over; what is written names it.
        position: Number of the last event that the connection is done with, as are all before it.
    """

    connection: str
    partition: int
    epoch: int
    position: int


def register(db: Database, connections: Iterable[str], partitions: int) -> None:
    """Let connections have every event that is accepted from now on.

    A connection that is known already stays where it is.

    Args:
        db: Within a transaction.
        connections: Their names.
        partitions: How many there are.
    """
    last = last_seq(db)
    db.executemany(
        "INSERT INTO lanes (connection, partition, position) VALUES (?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        [(name, each, last) for name in connections for each in range(partitions)],
    )


def forget(db: Database, connection: str) -> None:
    """Let a connection go: nothing is kept for it any more, but its outcomes and dead letters."""
    db.execute(
        "DELETE FROM deferred WHERE target IN (SELECT id FROM targets WHERE connection = ?)",
        (connection,),
    )
    db.execute("DELETE FROM intents WHERE connection = ?", (connection,))
    db.execute("DELETE FROM lanes WHERE connection = ?", (connection,))


def waiting_for(db: Database, connection: str) -> int:
    """Count the events that a connection is not done with."""
    (behind,) = db.execute(
        "SELECT count(*) FROM lanes AS l JOIN inbox AS i ON i.partition = l.partition "
        "AND i.seq > l.position WHERE l.connection = ?",
        (connection,),
    ).fetchone()
    (deferred,) = db.execute(
        "SELECT count(DISTINCT seq) FROM deferred "
        "WHERE target IN (SELECT id FROM targets WHERE connection = ?)",
        (connection,),
    ).fetchone()
    return int(behind) + int(deferred)


def known(db: Database) -> list[str]:
    """Return the connections for which events are kept."""
    rows = db.execute(
        "SELECT DISTINCT connection FROM lanes WHERE partition >= 0 ORDER BY connection"
    )
    return [name for (name,) in rows]


def enter(db: Database, owner: str, connection: str, now_s: float) -> int:
    """Give a sign of life, and return how many processes give one for the same connection."""
    db.execute(
        f"DELETE FROM workers WHERE NOT {_LIVE}",  # noqa: S608  # a constant
        (now_s, now_s + LEASE_S),
    )
    db.execute(
        "INSERT INTO workers VALUES (?, ?, ?) "
        "ON CONFLICT (connection, name) DO UPDATE SET deadline_s = excluded.deadline_s",
        (connection, owner, now_s + LEASE_S),
    )
    (count,) = db.execute(
        "SELECT count(*) FROM workers WHERE connection = ?", (connection,)
    ).fetchone()
    return int(count)


def by_engine(connection: str, *, halted: bool = False) -> str:
    """Return for what a worker gives its sign of life that has its events from an engine.

    It has no share in the lanes of the inbox, so it is none of those who work for the connection
    there.

    Args:
        connection: Name of the connection.
        halted: Whether something waits for a person; the inbox has nothing that says so.
    """
    return f"{connection} by an engine" + ", halted" * halted


def leave(db: Database, owner: str) -> None:
    """Say good-bye and let every lane go."""
    db.execute("UPDATE lanes SET owner = '', deadline_s = 0 WHERE owner = ?", (owner,))
    db.execute("DELETE FROM workers WHERE name = ?", (owner,))


_LIVE: Final = "deadline_s BETWEEN ? AND ?"


def acquire(db: Database, owner: str, connection: str, most: int, now_s: float) -> list[Held]:
    """Take lanes that nobody holds.

    Args:
        db: Within a transaction.
        owner: Name of this process; another one each time it starts.
        connection: Whose lanes.
        most: How many at most.
        now_s: By the clock of leases.
    """
    free = db.execute(
        f"SELECT partition FROM lanes WHERE connection = ? AND partition >= 0 AND NOT {_LIVE} "  # noqa: S608  # a constant
        "ORDER BY partition LIMIT ?",
        (connection, now_s, now_s + LEASE_S, most),
    ).fetchall()
    return [_take(db, owner, connection, partition, now_s) for (partition,) in free]


def acquire_one(db: Database, owner: str, lane: tuple[str, int], now_s: float) -> Held | None:
    """Take one certain lane, made where it is not there; None where another process holds it.

    Args:
        db: Within a transaction.
        owner: Name of this process.
        lane: Name of the connection, and partition.
        now_s: By the clock of leases.
    """
    connection, partition = lane
    db.execute(
        "INSERT INTO lanes (connection, partition, position) VALUES (?, ?, 0) "
        "ON CONFLICT DO NOTHING",
        (connection, partition),
    )
    free = db.execute(
        f"SELECT 1 FROM lanes WHERE connection = ? AND partition = ? AND NOT {_LIVE}",  # noqa: S608  # a constant
        (connection, partition, now_s, now_s + LEASE_S),
    ).fetchone()
    return _take(db, owner, connection, partition, now_s) if free else None


def _take(db: Database, owner: str, connection: str, partition: int, now_s: float) -> Held:
    epoch, position = db.execute(
        "UPDATE lanes SET owner = ?, deadline_s = ?, epoch = epoch + 1 "
        "WHERE connection = ? AND partition = ? RETURNING epoch, position",
        (owner, now_s + LEASE_S, connection, partition),
    ).fetchone()
    return Held(connection, partition, epoch, position)


def hold(db: Database, owner: str, held: Sequence[Held], now_s: float) -> set[Held]:
    """Renew leases, and return those that were still this process's to renew."""
    return {
        lane
        for lane in held
        if db.execute(
            "UPDATE lanes SET deadline_s = ? "
            "WHERE connection = ? AND partition = ? AND epoch = ? AND owner = ?",
            (now_s + LEASE_S, lane.connection, lane.partition, lane.epoch, owner),
        ).rowcount
    }


def release_all(db: Database, owner: str, connection: str) -> None:
    """Work no longer for a connection, and let all its lanes go that this process holds."""
    db.execute("DELETE FROM workers WHERE name = ? AND connection = ?", (owner, connection))
    db.execute(
        "UPDATE lanes SET owner = '', deadline_s = 0 WHERE owner = ? AND connection = ?",
        (owner, connection),
    )


def release(db: Database, held: Iterable[Held]) -> None:
    """Let lanes go, so that others need not wait for the leases to run out."""
    db.executemany(
        "UPDATE lanes SET owner = '', deadline_s = 0 "
        "WHERE connection = ? AND partition = ? AND epoch = ?",
        [(lane.connection, lane.partition, lane.epoch) for lane in held],
    )
