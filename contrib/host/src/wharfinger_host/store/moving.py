"""Taking what waits out of the inbox, lane by lane, so that an engine can have it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import attrs
import orjson

from wharfinger_host.store import leases
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.facts import fact, set_fact
from wharfinger_host.store.inbox import read_log, some
from wharfinger_host.store.leases import LEASE_S, Held
from wharfinger_host.store.recovery import recover
from wharfinger_host.store.targets import names_of_targets, targets_of

__all__ = [
    "InboxInUseError",
    "Seized",
    "Waiting",
    "Waits",
    "read_ahead",
    "read_aside",
    "seize",
    "waits",
]

_NAME_OF_FILE = "moved_as"


class InboxInUseError(StoreError):
    """Somebody works on the inbox; nothing of it can be taken away meanwhile."""


@attrs.frozen
class Waits:
    """What a connection is not done with.

    Attributes:
        ahead: Events of the log that it has not come to.
        aside: Events that were put aside, to be offered again.
        sending: Events that were on their way when a worker died and must not be sent twice, each
            mapping by itself.
        left: What was put aside for mappings that the configuration does not have, or has switched
            off, by name: it stays.
    """

    ahead: int
    aside: int
    sending: int
    left: dict[str, int] = attrs.field(factory=dict)


@attrs.define
class Waiting:
    """One event that waits.

    Attributes:
        seq: Its number.
        contact: Whom it is about.
        message_id: What its producer calls it.
        raw: The event as JSON.
        targets: Numbers of the mappings that it was put aside for; none where it is of the log.
    """

    seq: int
    contact: str
    message_id: str | None
    raw: bytes
    targets: tuple[int, ...] = ()


@attrs.frozen
class Seized:
    """Lanes that nobody else works on until they are released.

    Attributes:
        lanes: Of all connections.
        unknown: How many events became ``unknown``, by connection: they were on their way when a
            worker died.
        file: A name of the file that no other has; events without one of their own are named by it.
    """

    lanes: list[Held]
    unknown: dict[str, int]
    file: str


def waits(db: Database, connection: str, mappings: Sequence[str]) -> Waits:
    """Count what a connection is not done with.

    Args:
        db: The file.
        connection: Its name.
        mappings: Its mappings, as the configuration has them.
    """
    (ahead,) = db.execute(
        "SELECT count(*) FROM lanes AS l JOIN inbox AS i ON i.partition = l.partition "
        "AND i.seq > l.position WHERE l.connection = ? AND l.partition >= 0",
        (connection,),
    ).fetchone()
    (sending,) = db.execute(
        "SELECT count(*) FROM intents WHERE connection = ? AND partition >= 0", (connection,)
    ).fetchone()
    # What was put aside beyond the position of its lane is counted with the log.
    rows = db.execute(
        "SELECT d.target, d.seq FROM deferred AS d JOIN targets AS t ON t.id = d.target "
        "JOIN lanes AS l ON l.connection = t.connection AND l.partition = d.partition "
        "WHERE t.connection = ? AND d.seq <= l.position",
        (connection,),
    )
    names, aside, left = names_of_targets(db), set[int](), dict[str, int]()
    for target, seq in rows:
        mapping = names[target][1]
        if mapping in mappings:
            aside.add(seq)
        else:
            left[mapping] = left.get(mapping, 0) + 1
    return Waits(int(ahead), len(aside), int(sending), left)


def seize(
    db: Database,
    owner: str,
    connections: Sequence[str],
    clock: Callable[[], float],
    now_ms: int,
) -> Seized:
    """Take every lane of connections, and find out what their last holders left behind.

    Args:
        db: Within a transaction.
        owner: Name of this process.
        connections: Whose lanes.
        clock: The clock of leases.
        now_ms: Milliseconds since 1970.

    Raises:
        InboxInUseError: Somebody works on one of them; nothing was taken.
    """
    now_s = clock()
    _refuse_while_at_work(db, connections, now_s)
    lanes: list[Held] = []
    unknown = dict.fromkeys(connections, 0)
    for connection in connections:
        for held in leases.acquire(db, owner, connection, -1, now_s):
            unknown[connection] += recover(db, held, now_ms)
            lanes.append(held)
    file = fact(db, _NAME_OF_FILE)
    if file is None:
        file = secrets.token_hex(8)
        set_fact(db, _NAME_OF_FILE, file)
    return Seized(lanes, unknown, str(file))


def _refuse_while_at_work(db: Database, connections: Sequence[str], now_s: float) -> None:
    """Refuse while a process gives signs of life, or holds a lane that it may be sending from."""
    live = (now_s, now_s + LEASE_S)
    rows = db.execute(
        "SELECT connection, count(DISTINCT owner) FROM ("
        "SELECT connection, owner FROM lanes WHERE partition >= 0 AND deadline_s BETWEEN ? AND ? "
        "UNION SELECT connection, name FROM workers WHERE deadline_s BETWEEN ? AND ?) "
        "GROUP BY 1 ORDER BY 1",
        (*live, *live),
    ).fetchall()
    busy = [f"{name} ({count})" for name, count in rows if name in connections]
    if busy:
        raise InboxInUseError(
            f"Processes work on the inbox: {', '.join(busy)}. End `wharfinger run` and `serve` "
            f"first. One that was killed still counts for {LEASE_S:.0f} seconds."
        )


def read_aside(db: Database, held: Held, mappings: Sequence[str], most: int) -> list[Waiting]:
    """Read what was put aside and is behind the position of a lane, in its order.

    Args:
        db: The file.
        held: The lane.
        mappings: Those that the configuration has.
        most: How many at most; fewer where they are large.
    """
    known = targets_of(db, held.connection)
    numbers = orjson.dumps([known[name] for name in mappings if name in known]).decode()
    rows = db.execute(
        "SELECT d.seq, i.contact, i.message_id, i.event, json_group_array(d.target) "
        "FROM deferred AS d JOIN inbox AS i ON i.seq = d.seq WHERE d.partition = ? "
        "AND d.target IN (SELECT value FROM json_each(?)) AND d.seq <= ? "
        "GROUP BY d.seq ORDER BY d.seq LIMIT ?",
        (held.partition, numbers, held.position, most),
    )
    events, _ = some(
        Waiting(seq, contact, name, raw, tuple(orjson.loads(targets)))
        for seq, contact, name, raw, targets in rows
    )
    return events


def read_ahead(db: Database, held: Held, position: int, most: int) -> tuple[list[Waiting], int]:
    """Read the next events of the log of a lane.

    Args:
        db: The file.
        held: The lane.
        position: Number of the last event before them.
        most: How many at most; fewer where they are large.

    Returns:
        The events, and the number up to which the lane is read with them.
    """
    events, read_to = read_log(db, held.partition, position, most)
    return [Waiting(e.seq, e.contact, e.message_id, e.raw) for e in events], read_to
