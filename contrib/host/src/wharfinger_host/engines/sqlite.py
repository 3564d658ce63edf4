"""The inbox of the durable host as an engine: one file, for several processes of one machine.

``sqlite:///var/lib/wharfinger/wharfinger.db`` names a file. ``?lease_s=3`` has others take over
after that many seconds without a sign of life.
"""

from __future__ import annotations

import asyncio
import pathlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from wharfinger_host.engines.contract import (
    DeadLetter,
    EngineDownError,
    EngineError,
    EngineFullError,
    EngineUrlError,
    Fetched,
    LaneEvent,
    LaneLostError,
    LaneStatus,
    Status,
)
from wharfinger_host.store import leases, letters
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.facts import Layout
from wharfinger_host.store.inbox import Entry, LogEvent, last_seq, read_log
from wharfinger_host.store.leases import LEASE_S, Held
from wharfinger_host.store.ledger import LetterRow, Settlement, settle
from wharfinger_host.store.store import Store, finished
from wharfinger_host.store.targets import add_targets

__all__ = ["SqliteEngine", "SqliteLease", "open_engine"]

_LETTERS_OF: Final = "engine"
"""The mapping that letters are under which no mapping wrote."""
_CODE: Final = "dead"
_POLL_S: Final = 0.02

_P = ParamSpec("_P")
_Made = TypeVar("_Made")


def open_engine(url: str, lanes: int) -> SqliteEngine:
    """Return the engine of a file.

    Raises:
        EngineUrlError: The URL names no file, or asks for what there is not.
        EngineDownError: The file cannot be used.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    path, lease_s = unquote(parts.path), options.pop("lease_s", str(LEASE_S))
    if parts.netloc or not path or options:
        raise EngineUrlError(
            "A SQLite engine is named sqlite:///PATH, and takes ?lease_s=SECONDS at most."
        )
    try:
        seconds = float(lease_s)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise EngineUrlError(f"lease_s must be a number of seconds above 0, not {lease_s}.")
    try:
        store = Store(pathlib.Path(path), Layout(partitions=lanes))
    except StoreError as error:
        raise EngineDownError(str(error)) from error
    return SqliteEngine(store=store, lease_s=seconds)


@attrs.define(eq=False, kw_only=True)
class SqliteEngine:
    """An engine over a `Store`.

    Attributes:
        store: The file.
        lease_s: Seconds without a sign of life after which others take over.
    """

    store: Store
    lease_s: float = LEASE_S
    _owner: str = attrs.field(factory=lambda: secrets.token_hex(8))
    _held: dict[tuple[str, int], SqliteLease] = attrs.field(factory=dict)

    @property
    def lanes(self) -> int:
        """How many lanes each connection has."""
        return self.store.layout.partitions

    @property
    def beat_s(self) -> float:
        """Seconds between two signs of life."""
        return self.lease_s / 5

    def now_s(self) -> float:
        """Return the time by the clock of leases, on which every lease lasts `LEASE_S`."""
        return time.monotonic() * (LEASE_S / self.lease_s)

    async def setup(self, connections: Sequence[str]) -> None:
        """Let connections have every event from now on."""
        await self.write(leases.register, tuple(connections), self.lanes)

    async def status(self, connections: Sequence[str]) -> Status:
        """Look at the lanes of connections."""
        return await self.read(_status_of, tuple(connections), self.lanes, self.now_s())

    async def publish(self, events: Sequence[LaneEvent]) -> None:
        """Take events in; those that are there by their ids are left away."""
        entries = [
            Entry(event.lane(self.lanes), event.contact, event.id, event.raw) for event in events
        ]
        try:
            await finished(self.store.accept(entries))
        except InboxFullError as error:
            raise EngineFullError(str(error)) from error
        except StoreError as error:
            raise EngineDownError(str(error)) from error

    async def acquire(self, connection: str, lane: int) -> SqliteLease | None:
        """Take a lane; None where another process holds it."""
        held, last = await self.write(_acquire, self._owner, (connection, lane), self.now_s)
        if held is None:
            return None
        lease = self._held[connection, lane] = SqliteLease(engine=self, held=held, last=last)
        return lease

    async def workers(self, connection: str) -> int:
        """Give a sign of life, and renew the leases of a connection."""
        mine = [lease for (name, _), lease in self._held.items() if name == connection]
        asked_s = self.now_s()
        count, kept = await self.note(
            _beat, self._owner, connection, [lease.held for lease in mine], self.now_s
        )
        for lease in mine:
            lease.renewed(asked_s, kept=lease.held in kept)
        return count

    async def letters(self, connection: str, most: int) -> list[DeadLetter]:
        """Return dead letters, the oldest first."""
        wanted = letters.Filter(connection=connection, code=_CODE)
        return [
            DeadLetter(
                LaneEvent(letter.message_id or "", letter.contact, letter.event),
                self.store.layout.partition_of(letter.contact, letter.event),
                letter.message,
            )
            for letter in await self.read(letters.find, wanted, most)
        ]

    async def close(self) -> None:
        """Let every lane go, and close the file."""
        try:
            await self.note(leases.leave, self._owner)
        finally:
            await asyncio.to_thread(self.store.close)

    def forget(self, lease: SqliteLease) -> None:
        """Renew a lease no longer."""
        key = lease.connection, lease.lane
        if self._held.get(key) is lease:
            del self._held[key]

    async def write(
        self, change: Callable[Concatenate[Any, _P], _Made], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Made:
        """Make a change as `Store.write` does."""
        try:
            return await finished(self.store.write(change, *args, **kwargs))
        except StoreError as error:
            raise EngineDownError(str(error)) from error

    async def note(
        self, change: Callable[Concatenate[Any, _P], _Made], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Made:
        """Make a change as `Store.note` does."""
        try:
            return await finished(self.store.note(change, *args, **kwargs))
        except StoreError as error:
            raise EngineDownError(str(error)) from error

    async def read(
        self, question: Callable[Concatenate[Any, _P], _Made], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Made:
        """Ask as `Store.read` does."""
        try:
            return await finished(self.store.read(question, *args, **kwargs))
        except StoreError as error:
            raise EngineDownError(str(error)) from error


@attrs.define(eq=False, kw_only=True)
class SqliteLease:
    """A lane that this process holds.

    Attributes:
        engine: Renews the lease.
        held: The lease as the file has it.
        last: Number of the last event that was in the log when it was acquired.
    """

    engine: SqliteEngine
    held: Held
    last: int
    _read_to: int = attrs.field(init=False)
    _good_until_s: float = attrs.field(init=False)
    _lost: bool = False
    _stopped: bool = False

    def __attrs_post_init__(self) -> None:
        self._read_to = self.held.position
        self.renewed(self.engine.now_s(), kept=True)

    @property
    def connection(self) -> str:
        """Whose lane it is."""
        return self.held.connection

    @property
    def lane(self) -> int:
        """Its number."""
        return self.held.partition

    @property
    def epoch(self) -> int:
        """How often the lane was taken over."""
        return self.held.epoch

    @property
    def is_good(self) -> bool:
        """Whether no other process can have the lane."""
        return not self._lost and self.engine.now_s() < self._good_until_s

    def renewed(self, asked_s: float, *, kept: bool) -> None:
        """Hear whether the lease was renewed.

        Args:
            asked_s: When that was asked for, by the clock of leases.
            kept: Whether it was still this process's to renew.
        """
        self._lost = self._lost or not kept
        self._good_until_s = asked_s + LEASE_S * 0.8

    async def fetch(self, most: int, wait_s: float) -> list[Fetched]:
        """Return the next events of the log."""
        deadline_s = time.monotonic() + wait_s
        while not self._stopped:
            if self._lost:
                raise _lost(self)
            events, read_to = await self.engine.read(read_log, self.lane, self._read_to, most)
            self._read_to = read_to
            if events:
                return [self._fetched(each) for each in events]
            if time.monotonic() >= deadline_s:
                break
            await asyncio.sleep(_POLL_S)
        return []

    def _fetched(self, each: LogEvent) -> Fetched:
        event = LaneEvent(each.message_id or "", each.contact, each.raw)
        return Fetched(event, each.seq, self.held.epoch > 1 and each.seq <= self.last)

    async def ack(self, batch: Sequence[Fetched]) -> None:
        """Let the position of the lane follow."""
        settlement = Settlement(position=batch[-1].place)
        (kept,) = await self.engine.note(settle, [(self.held, settlement)])
        if not kept:
            raise _lost(self)

    async def dead(self, events: Sequence[Fetched], reason: str) -> None:
        """Write dead letters into the file, where `dead-letters` finds them."""
        if not await self.engine.write(_bury, self.held, tuple(events), reason):
            raise _lost(self)

    async def stop(self) -> None:
        """Read no more of the log."""
        self._stopped = True

    async def release(self) -> None:
        """Let the lane go."""
        self.engine.forget(self)
        if not self._lost:
            await self.engine.note(leases.release, [self.held])


def _lost(lease: SqliteLease) -> LaneLostError:
    lease.renewed(0.0, kept=False)
    return LaneLostError(f"Another process has taken over lane {lease.lane} of {lease.connection}.")


def _acquire(
    db: Database, owner: str, lane: tuple[str, int], clock: Callable[[], float]
) -> tuple[Held | None, int]:
    # A lane that is not there would begin with the first event of the log.
    known = db.execute(
        "SELECT 1 FROM lanes WHERE connection = ? AND partition = ?", lane
    ).fetchone()
    if not known:
        raise _no_lane(*lane)
    return leases.acquire_one(db, owner, lane, clock()), last_seq(db)


def _no_lane(connection: str, lane: int) -> EngineError:
    return EngineError(
        f"There is no lane {lane} of {connection}; `wharfinger engine setup` makes it."
    )


def _beat(
    db: Database,
    owner: str,
    connection: str,
    held: Sequence[Held],
    clock: Callable[[], float],
) -> tuple[int, set[Held]]:
    now_s = clock()
    return leases.enter(db, owner, connection, now_s), leases.hold(db, owner, held, now_s)


def _bury(db: Database, held: Held, events: Sequence[Fetched], reason: str) -> bool:
    target = add_targets(db, held.connection, (_LETTERS_OF,))[_LETTERS_OF]
    now_ms = int(time.time() * 1000)
    rows: list[LetterRow] = [
        (
            *(each.place, target, now_ms, each.event.id, each.event.contact, "rejected", _CODE),
            *(reason, "", None, None, 1, each.event.raw, None),
        )
        for each in events
    ]
    (kept,) = settle(db, [(held, Settlement(letters=rows))])
    return kept


def _status_of(db: Database, connections: Sequence[str], lanes: int, now_s: float) -> Status:
    found = {
        (str(name), int(lane)): (int(waiting), bool(held))
        for name, lane, waiting, held in db.execute(
            "SELECT l.connection, l.partition, (SELECT count(*) FROM inbox AS i WHERE "
            "i.partition = l.partition AND i.seq > l.position), l.deadline_s BETWEEN ? AND ? "
            "FROM lanes AS l WHERE l.partition >= 0",
            (now_s, now_s + LEASE_S),
        )
    }
    rows = []
    for name in connections:
        for lane in range(lanes):
            waiting, held = found.get((name, lane), (None, False))
            problem = "" if waiting is not None else str(_no_lane(name, lane))
            rows.append(LaneStatus(name, lane, waiting, held, problem))
    workers = dict.fromkeys(connections, 0) | {
        str(name): int(count)
        for name, count in db.execute(
            "SELECT connection, count(*) FROM workers WHERE deadline_s BETWEEN ? AND ? GROUP BY 1",
            (now_s, now_s + LEASE_S),
        )
        if name in connections
    }
    dead = {name: letters.count(db, letters.Filter(connection=name)) for name in connections}
    return Status(tuple(rows), workers, dead)
