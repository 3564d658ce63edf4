"""What a connection is not done with, and how it stands with it."""

from __future__ import annotations

import attrs

from wharfinger import Usage
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.leases import LEASE_S, by_engine

__all__ = ["Aside", "Backlog", "backlog_of", "oldest_of", "state_of"]


@attrs.frozen
class Aside:
    """Events of one mapping that are offered again later.

    Attributes:
        mapping: Its name.
        status: ``retry``, or ``halted`` where they wait for a person.
        count: How many.
        next_ms: When the first of them is offered again; 0 for at once.
        message: What one of them says.
    """

    mapping: str
    status: str
    count: int
    next_ms: int
    message: str


@attrs.frozen
class Backlog:
    """What a connection is not done with.

    Attributes:
        ahead: Events that it has not come to.
        aside: What is offered again later, by mapping and status.
        processes: How many processes give a sign of life for it.
        by_engine: Whether some of them have its events from an engine, which alone knows what
            waits there.
        has_halted: Whether something of these waits for a person.
    """

    ahead: int
    aside: tuple[Aside, ...]
    processes: int
    by_engine: bool = False
    has_halted: bool = False

    @property
    def waiting(self) -> int:
        """Events and offers that are left; one that two mappings put aside counts twice."""
        return self.ahead + sum(each.count for each in self.aside)


def backlog_of(db: Database, connection: str, now_s: float) -> Backlog:
    """Look up what a connection is not done with.

    Args:
        db: The file.
        connection: Its name.
        now_s: By the clock of leases.
    """
    (ahead,) = db.execute(
        "SELECT count(*) FROM lanes AS l JOIN inbox AS i ON i.partition = l.partition "
        "AND i.seq > l.position WHERE l.connection = ?",
        (connection,),
    ).fetchone()
    aside = db.execute(
        "SELECT t.mapping, d.status, count(*), min(d.due_ms), max(d.message) FROM deferred AS d "
        "JOIN targets AS t ON t.id = d.target WHERE t.connection = ? GROUP BY 1, 2 ORDER BY 1, 2",
        (connection,),
    )
    by_name, by_halted = by_engine(connection), by_engine(connection, halted=True)
    workers = db.execute(
        "SELECT name, connection FROM workers WHERE connection IN (?, ?, ?) "
        "AND deadline_s BETWEEN ? AND ?",
        (connection, by_name, by_halted, now_s, now_s + LEASE_S),
    ).fetchall()
    whats = {what for _, what in workers}
    return Backlog(
        ahead,
        tuple(Aside(*row) for row in aside),
        processes=len({name for name, _ in workers}),
        by_engine=bool(whats - {connection}),
        has_halted=by_halted in whats,
    )


def oldest_of(db: Database, connection: str) -> int | None:
    """Return when the oldest event was accepted that a connection is not done with.

    Args:
        db: The file.
        connection: Its name.

    Returns:
        Milliseconds since 1970; None where it is done with all. Of an event that was put aside,
        it is when that happened first.
    """
    (oldest,) = db.execute(
        "SELECT min(at_ms) FROM (SELECT (SELECT i.accepted_ms FROM inbox AS i "
        "WHERE i.partition = l.partition AND i.seq > l.position ORDER BY i.seq LIMIT 1) AS at_ms "
        "FROM lanes AS l WHERE l.connection = :name UNION ALL SELECT min(d.since_ms) "
        "FROM deferred AS d JOIN targets AS t ON t.id = d.target WHERE t.connection = :name) AS w",
        {"name": connection},
    ).fetchone()
    return oldest if oldest is None else int(oldest)


def state_of(backlog: Backlog, usage: Usage | None, *, is_stranger: bool) -> str:
    """Return how it stands with a connection, in one word.

    Args:
        backlog: What it is not done with.
        usage: What its tenant was asked by this process; None where another one delivers.
        is_stranger: Whether the configuration has it no more.

    Returns:
        ``stranger``, ``halted``, ``unmanned``, ``paused``, ``working`` or ``done``.
    """
    if is_stranger:
        return "stranger"
    if backlog.has_halted or any(each.status == "halted" for each in backlog.aside):
        return "halted"
    if not backlog.processes:
        return "unmanned"
    if usage is not None and (usage.paused_s > 0 or usage.circuit != "closed"):
        return "paused"
    return "working" if backlog.waiting or backlog.by_engine else "done"
