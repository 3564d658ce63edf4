"""A store for workers of one machine: a SQLite file."""

from __future__ import annotations

import asyncio
import math
import os
import pathlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import attrs

from wharfinger import Place, SharedStateError, Standing
from wharfinger_host.sharing import arithmetic
from wharfinger_host.sharing.arithmetic import DAY_S, Row
from wharfinger_host.sharing.contract import WORKER_S, Ask, Facts, Sealed, StoreUrlError

__all__ = ["SqliteStore", "open_store"]

_BUSY_S: Final = 1.5
_VERSION: Final = 1
# Marks the file as ours: "whsh".
_APPLICATION: Final = 0x77687368
_NO_URL: Final = "A SQLite store is named sqlite:///PATH, a file on this machine."
_TABLES: Final = """
CREATE TABLE tenants (
    tenant TEXT PRIMARY KEY, stamped_at REAL NOT NULL, next_at REAL NOT NULL, day INTEGER NOT NULL,
    spent INTEGER NOT NULL, paused_until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE workers (
    tenant TEXT, worker TEXT, seen_at REAL NOT NULL, PRIMARY KEY (tenant, worker)
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (name TEXT PRIMARY KEY, data BLOB NOT NULL, until REAL NOT NULL) STRICT;
CREATE TABLE turns (name TEXT PRIMARY KEY, worker TEXT NOT NULL, until REAL NOT NULL) STRICT;
"""

_Result = TypeVar("_Result")


def open_store(url: str) -> SqliteStore:
    """Return the store of a file; it is opened when it is asked first.

    Raises:
        StoreUrlError: The URL names no file.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise StoreUrlError(_NO_URL) from None
    path = unquote(parts.path)
    if parts.netloc or parts.query or not path.strip("/") or "\0" in path:
        raise StoreUrlError(_NO_URL)
    return SqliteStore(pathlib.Path(path))


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="wharfinger-shared")


@attrs.define(eq=False)
class _Desk:
    """The file as one process has it.

    Attributes:
        thread: All steps are made in it, one after the other: while the file is another worker's,
            no thread is kept from those who look up the addresses of vendors.
        db: The file, opened; None where it is not.
    """

    thread: ThreadPoolExecutor = attrs.field(factory=_thread)
    db: sqlite3.Connection | None = None


@attrs.define(eq=False)
class SqliteStore:
    """A store over a file.

    Attributes:
        path: The file.
        clock: Gives seconds of UTC, since 1970; the workers of one machine have the same.
    """

    path: pathlib.Path
    clock: Callable[[], float] = time.time
    # By process: one that was forked off must not use, nor close, what it inherits.
    _desks: dict[int, _Desk] = attrs.field(factory=dict, repr=False)

    async def look(self, tenant: str, worker: str) -> Standing:
        """Say how it stands with a tenant."""
        return await self._do(_look, tenant, worker)

    async def reserve(self, tenant: str, ask: Ask) -> Place:
        """Take the next place among the calls to a tenant."""
        return await self._do(_reserve, tenant, ask)

    async def pause(self, tenant: str, seconds: float) -> None:
        """Let nobody call a tenant for so long."""
        await self._do(_pause, tenant, seconds)

    async def load(self, name: str) -> Sealed | None:
        """Return what is kept under a name."""
        return await self._do(_load, name)

    async def keep(self, name: str, data: bytes, seconds: float) -> None:
        """Keep something for so long."""
        await self._do(_keep, name, data, seconds)

    async def drop(self, name: str, data: bytes) -> None:
        """Keep exactly this no longer."""
        await self._do(_drop, name, data)

    async def hold(self, name: str, worker: str, seconds: float) -> bool:
        """Give the turn to one worker."""
        return await self._do(_hold, name, worker, seconds)

    async def release(self, name: str, worker: str) -> None:
        """Take the turn from a worker."""
        await self._do(_release, name, worker)

    async def facts(self) -> Sequence[Facts]:
        """Say how it stands with every tenant."""
        return await self._do(_facts)

    async def _do(self, step: Callable[..., _Result], *arguments: Any) -> _Result:
        """Run one step in a transaction of its own, in a thread: it may wait for other workers."""
        desk = self._desks.setdefault(os.getpid(), _Desk())
        step_of = partial(self._step, desk, step, arguments)
        return await asyncio.get_running_loop().run_in_executor(desk.thread, step_of)

    def _step(
        self, desk: _Desk, step: Callable[..., _Result], arguments: tuple[Any, ...]
    ) -> _Result:
        try:
            if desk.db is None:
                desk.db = _connect(self.path)
            with _transaction(desk.db):
                # The time counts from when it is this worker's turn to write.
                return step(desk.db, self.clock(), *arguments)
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            _close(desk)
            reason = error.strerror if isinstance(error, OSError) else None
            raise SharedStateError(
                f"{self.path} cannot be used: {reason or error}. "
                "It must be a file of its own, in a folder that is there and can be written to."
            ) from error


def _close(desk: _Desk) -> None:
    if desk.db is not None:
        with suppress(sqlite3.Error):
            desk.db.close()
        desk.db = None


def _connect(path: pathlib.Path) -> sqlite3.Connection:
    if not path.exists():
        # For its owner alone, as the inbox is. Another worker may be quicker.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        # What the last moment before a power failure brought is lost: a budget can bear that.
        db.execute("PRAGMA synchronous = NORMAL")
        with _transaction(db):
            _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application == _APPLICATION and version == _VERSION:
        return
    if application == _APPLICATION:
        raise sqlite3.DatabaseError(f"it is of version {version}, and this is {_VERSION}")
    if application or db.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        raise sqlite3.DatabaseError("it is a database of another program, or the inbox")
    for statement in filter(str.strip, _TABLES.split(";")):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {_APPLICATION}")
    db.execute(f"PRAGMA user_version = {_VERSION}")


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _row(db: sqlite3.Connection, tenant: str) -> Row:
    columns = "stamped_at, next_at, day, spent, paused_until"
    found = db.execute(f"SELECT {columns} FROM tenants WHERE tenant = ?", (tenant,)).fetchone()  # noqa: S608  # no text of others
    return Row(**dict(zip(columns.split(", "), found, strict=True))) if found else Row()


def _write(db: sqlite3.Connection, tenant: str, row: Row) -> None:
    values = (row.stamped_at, row.next_at, row.day, row.spent, row.paused_until)
    db.execute("INSERT OR REPLACE INTO tenants VALUES (?, ?, ?, ?, ?, ?)", (tenant, *values))


def _look(db: sqlite3.Connection, now: float, tenant: str, worker: str) -> Standing:
    row = arithmetic.aligned(_row(db, tenant), now)
    _write(db, tenant, row)
    db.execute("INSERT OR REPLACE INTO workers VALUES (?, ?, ?)", (tenant, worker, now))
    db.execute("DELETE FROM workers WHERE abs(? - seen_at) > ?", (now, WORKER_S))
    (workers,) = db.execute("SELECT count(*) FROM workers WHERE tenant = ?", (tenant,)).fetchone()
    return Standing(paused_s=max(0.0, row.paused_until - now), workers=workers)


def _reserve(db: sqlite3.Connection, now: float, tenant: str, ask: Ask) -> Place:
    row, place = arithmetic.reserve(_row(db, tenant), ask, now)
    _write(db, tenant, row)
    return place


def _pause(db: sqlite3.Connection, now: float, tenant: str, seconds: float) -> None:
    _write(db, tenant, arithmetic.paused(_row(db, tenant), seconds, now))


def _load(db: sqlite3.Connection, now: float, name: str) -> Sealed | None:
    found = db.execute("SELECT data, until FROM tokens WHERE name = ?", (name,)).fetchone()
    return Sealed(data=found[0], left_s=found[1] - now) if found and found[1] > now else None


def _keep(db: sqlite3.Connection, now: float, name: str, data: bytes, seconds: float) -> None:
    db.execute("DELETE FROM tokens WHERE until <= ?", (now,))
    db.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)", (name, data, now + seconds))


def _drop(db: sqlite3.Connection, _now: float, name: str, data: bytes) -> None:
    db.execute("DELETE FROM tokens WHERE name = ? AND data = ?", (name, data))


def _hold(db: sqlite3.Connection, now: float, name: str, worker: str, seconds: float) -> bool:
    # Further ahead than any turn lasts: the clock was set back.
    db.execute("DELETE FROM turns WHERE until <= ? OR until > ?", (now, now + seconds))
    made = db.execute(
        "INSERT INTO turns VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (name, worker, now + seconds)
    )
    return made.rowcount == 1


def _release(db: sqlite3.Connection, _now: float, name: str, worker: str) -> None:
    db.execute("DELETE FROM turns WHERE name = ? AND worker = ?", (name, worker))


def _facts(db: sqlite3.Connection, now: float) -> list[Facts]:
    return [_facts_of(db, now, tenant) for (tenant,) in db.execute("SELECT tenant FROM tenants")]


def _facts_of(db: sqlite3.Connection, now: float, tenant: str) -> Facts:
    row = arithmetic.aligned(_row(db, tenant), now)
    seen = "SELECT count(*) FROM workers WHERE tenant = ? AND abs(? - seen_at) <= ?"
    (workers,) = db.execute(seen, (tenant, now, WORKER_S)).fetchone()
    # A token is named after its tenant, and what is behind the colon.
    kept = "SELECT until FROM tokens WHERE substr(name, 1, ?) = ? AND until > ?"
    tokens = db.execute(kept, (len(tenant) + 1, f"{tenant}:", now)).fetchall()
    return Facts(
        tenant=tenant,
        workers=workers,
        spent_today=row.spent if row.day == math.floor(now / DAY_S) else 0,
        paused_s=max(0.0, row.paused_until - now),
        tokens_s=tuple(sorted(until - now for (until,) in tokens)),
    )
