"""The file of a durable host as the ledger of an engine: the engine has the log, the file the rest.

An event gets its number when it is fetched for the first time on this machine; by its id it is told
when it comes again. The lanes of an engine have partitions of their own here, below those of the
inbox, so that nothing of an engine ever looks as if it waited in the inbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.facts import set_fact
from wharfinger_host.store.inbox import last_seq
from wharfinger_host.store.leases import Held
from wharfinger_host.store.ledger import DEFERRED
from wharfinger_host.store.recovery import recover
from wharfinger_host.working.lane import Ticket

__all__ = ["Entered", "announce", "enter", "stay", "take_over"]

_FIRST: Final = -2
"""Partition of lane 0; the others follow downwards. -1 stands for replays."""
_DONE: Final = 2**62
"""A position that no event is beyond: what is done with is the engine's to know."""


@attrs.define
class Entered:
    """An event in the ledger.

    Attributes:
        seq: Its number.
        since_ms: When it was fetched here for the first time, in milliseconds since 1970.
        is_new: Whether it was never fetched on this machine for this connection before.
        known: What became of it, by number of the mapping.
    """

    seq: int
    since_ms: int
    is_new: bool
    known: Mapping[int, str] = attrs.field(factory=dict)


def take_over(
    db: Database, owner: str, connection: str, lane: int, now_ms: int
) -> tuple[Held, int]:
    """Write down that this process has a lane: whose it is, the engine says.

    Args:
        db: Within a transaction.
        owner: Name of this process.
        connection: Whose lane.
        lane: Its number.
        now_ms: Milliseconds since 1970.

    Returns:
        What every later write about the lane names, and how many events are ``unknown`` because the
        one that had it before died here while they were on their way.
    """
    partition = _FIRST - lane
    db.execute(
        "INSERT INTO lanes (connection, partition, position) VALUES (?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (connection, partition, _DONE),
    )
    (epoch,) = db.execute(
        "UPDATE lanes SET owner = ?, epoch = epoch + 1 WHERE connection = ? AND partition = ? "
        "RETURNING epoch",
        (owner, connection, partition),
    ).fetchone()
    held = Held(connection, partition, int(epoch), _DONE)
    return held, recover(db, held, now_ms)


def enter(
    db: Database,
    held: Held,
    events: Sequence[LaneEvent],
    targets: Sequence[int],
    now_ms: int,
) -> list[Entered]:
    """Give events their numbers, and say what is known of them.

    Args:
        db: Within a transaction.
        held: The lane they are from.
        events: In their order.
        targets: Numbers of the mappings that are asked about.
        now_ms: Milliseconds since 1970.
    """
    found, ours = _numbers_of(db, events), _fetched_for(db, held.connection, events)
    last = before = last_seq(db)
    entered: list[Entered] = []
    fresh: list[tuple[int, LaneEvent]] = []
    for event in events:
        name = db.dialect.stored(event.id)
        seq, since_ms = found.get(name, (0, now_ms)) if name else (0, now_ms)
        if not seq:
            seq = last = last + 1
            fresh.append((seq, event))
            if name:
                found[name] = seq, now_ms
        entered.append(Entered(seq, since_ms, is_new=seq not in ours))
        ours.add(seq)
    if last > before:
        db.executemany(
            "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?)",
            [(seq, held.partition, now_ms, e.id or None, e.contact, e.raw) for seq, e in fresh],
        )
        set_fact(db, "last_seq", last)
    named = [(event.id, each) for event, each in zip(events, entered, strict=True) if event.id]
    db.executemany(
        "INSERT INTO message_ids VALUES (?, ?) "
        "ON CONFLICT (digest) DO UPDATE SET seq = excluded.seq",
        [
            (digest, each.seq)
            for name, each in named
            if each.is_new
            for digest in (_digest(name), _digest(name, held.connection))
        ],
    )
    known = _known_of(db, [each.seq for each in entered if each.seq <= before], targets)
    for each in entered:
        each.known = known.get(each.seq, {})
    return entered


def announce(db: Database, named: Mapping[int, str], again: Iterable[tuple[int, int]]) -> None:
    """Let events keep their numbers that are about to go from the inbox to an engine.

    What the ledger knows of them is then known as they are fetched.

    Args:
        db: Within a transaction.
        named: How they are called there, by number.
        again: What is delivered and is to be once more: numbers of events and of mappings. The
            ledger forgets it.
    """
    db.executemany("DELETE FROM ledger WHERE seq = ? AND target = ?", again)
    db.executemany(
        "UPDATE inbox SET message_id = ? WHERE seq = ? AND message_id IS NULL",
        [(name, seq) for seq, name in named.items()],
    )
    # One that was fetched already, because another published it, is known by that number.
    db.executemany(
        "INSERT INTO message_ids VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(_digest(name), seq) for seq, name in named.items()],
    )


def stay(db: Database, held: Held, tickets: Sequence[Ticket]) -> None:
    """Keep what is known of events, however old they are: they are about to be tried once more.

    What is old is let go where nothing waits for it, and a lane of an engine has nothing here that
    says so.

    Args:
        db: Within a transaction.
        held: The lane they are from.
        tickets: The events, each offered before.
    """
    there = {
        int(seq)
        for (seq,) in db.execute(
            f"SELECT seq FROM inbox WHERE seq {db.dialect.among}",  # noqa: S608  # a constant
            (db.dialect.numbers([each.seq for each in tickets]),),
        )
    }
    gone = {each.seq: each for each in tickets if each.seq not in there}.values()
    db.executemany(
        "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                *(each.seq, held.partition, each.offer.since_ms if each.offer else 0),
                *(each.message_id, each.contact, each.raw),
            )
            for each in gone
        ],
    )
    db.executemany(
        "INSERT INTO message_ids VALUES (?, ?) "
        "ON CONFLICT (digest) DO UPDATE SET seq = excluded.seq",
        [
            (digest, each.seq)
            for each in gone
            if each.message_id
            for digest in (_digest(each.message_id), _digest(each.message_id, held.connection))
        ],
    )


def _numbers_of(db: Database, events: Sequence[LaneEvent]) -> dict[str, tuple[int, int]]:
    """Return the numbers of events that were here before, and when they came first.

    A digest only says where to look.
    """
    digests = [_digest(event.id) for event in events if event.id]
    rows = db.execute(
        "SELECT i.message_id, i.seq, i.accepted_ms FROM message_ids AS m "  # noqa: S608  # a constant
        f"JOIN inbox AS i ON i.seq = m.seq WHERE m.digest {db.dialect.among}",
        (db.dialect.numbers(digests),),
    )
    return {str(name): (int(seq), int(at)) for name, seq, at in rows if name is not None}


def _fetched_for(db: Database, connection: str, events: Sequence[LaneEvent]) -> set[int]:
    """Return the numbers of events that were here before for one connection.

    Another connection says nothing of it: its lanes may have been with other machines.
    """
    digests = [_digest(event.id, connection) for event in events if event.id]
    rows = db.execute(
        f"SELECT seq FROM message_ids WHERE digest {db.dialect.among}",  # noqa: S608  # a constant
        (db.dialect.numbers(digests),),
    )
    return {int(seq) for (seq,) in rows}


def _known_of(
    db: Database, seqs: Sequence[int], targets: Sequence[int]
) -> dict[int, dict[int, str]]:
    known: dict[int, dict[int, str]] = {}
    if seqs:
        among, asked = db.dialect.among, db.dialect.numbers(seqs)
        rows = db.execute(
            f"SELECT seq, target, status FROM ledger WHERE seq {among} AND target {among} "  # noqa: S608  # constants
            f"UNION ALL SELECT seq, target, '{DEFERRED}' FROM deferred WHERE seq {among}",
            (asked, db.dialect.numbers(targets), asked),
        )
        for seq, target, status in rows:
            known.setdefault(int(seq), {})[int(target)] = str(status)
    return known


def _digest(name: str, connection: str = "") -> int:
    """Return 63 bits for an id, the same in every process; not those of ids in the inbox.

    Args:
        name: The id.
        connection: For which connection, or ``""`` for all of them.
    """
    text = f"{connection}\n{name}" if connection else name
    data = hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"engine"
    ).digest()
    return int.from_bytes(data) >> 1
