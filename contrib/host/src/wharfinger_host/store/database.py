"""Opening the file."""

from __future__ import annotations

import errno
import os
import pathlib
import sqlite3
import time
from contextlib import closing, suppress
from typing import Any

import attrs

from wharfinger_host.store.dialect import SQLITE, Dialect, Work
from wharfinger_host.store.errors import StoreError, explained, explained_by_system
from wharfinger_host.store.schema import OUR_TABLES, steps_from

__all__ = [
    "File",
    "FileSession",
    "SqliteDatabase",
    "connect",
    "connect_reading",
    "migrate",
    "prepare",
]

_BUSY_S = 30.0
"""Seconds to wait for another process that writes."""
_CACHE_KB = 32_000
_PAGE_BYTES = 8_192
_PAGES_PER_CHECKPOINT = 2_000


class SqliteDatabase(sqlite3.Connection):
    """A connection that knows its dialect."""

    dialect: Dialect = SQLITE


@attrs.frozen
class File:
    """A store in one file, for processes of one machine.

    Attributes:
        path: The file.
    """

    path: pathlib.Path
    takes_events: bool = True

    def prepare(self) -> None:
        """Make the file if it is not there, and bring it to this version."""
        prepare(self.path)

    def open(self, *, reading: bool) -> FileSession:
        """Open it once more."""
        db = connect_reading(self.path) if reading else connect(self.path)
        return FileSession(self.path, db)

    def clock(self) -> float:
        """Return the seconds since the machine started."""
        return time.monotonic()


@attrs.frozen
class FileSession:
    """A connection to a file, for one thread."""

    path: pathlib.Path
    db: SqliteDatabase

    def write(self, work: Work, *, durable: bool) -> Any:
        """Do work in one transaction."""
        try:
            self.db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.db.execute("BEGIN IMMEDIATE")
            try:
                made = work(self.db)
                self.db.execute("COMMIT")
            finally:
                # SQLite may have rolled back by itself already, on a full disk for example.
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        return made

    def ask(self, work: Work) -> Any:
        """Ask something, in one snapshot of the file."""
        try:
            self.db.execute("BEGIN")
            try:
                return work(self.db)
            finally:
                self.db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error

    def close(self) -> None:
        """Close the connection."""
        self.db.close()


def prepare(path: pathlib.Path) -> None:
    """Make the file if it is not there, and bring it to this version.

    Raises:
        StoreError: It cannot be made or used.
    """
    try:
        _make(path)
    except OSError as error:
        raise explained_by_system(path, error) from error
    _refuse_what_is_not_ours(path)
    with closing(connect(path)) as db:
        try:
            migrate(db)
        except sqlite3.Error as error:
            raise explained(path, error) from error


def _make(path: pathlib.Path) -> None:
    """Make the file if it is not there; one that is there is looked at, and never opened.

    Whoever closes a file loses every lock that the process has on it, those of SQLite's other
    connections included: another process would then take the file for its own.
    """
    if not path.exists():
        # For its owner alone: it holds what customers did. SQLite gives the files beside it the
        # same rights.
        with suppress(FileExistsError):  # another thread was quicker, and may have locks by now
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    elif path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    elif not os.access(path, os.R_OK | os.W_OK):
        number = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number))


def _refuse_what_is_not_ours(path: pathlib.Path) -> None:
    """Leave a database of another program as it is."""
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_S)) as db:
            tables = {
                name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")
            }
    except sqlite3.Error as error:
        raise explained(path, error) from error
    if tables and not tables >= OUR_TABLES:
        raise StoreError(
            f"The inbox {path} cannot be used: it is a database of another program. Name another "
            "file; this one was left as it is."
        )


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to this version; each step happens as a whole or not at all.

    Raises:
        StoreError: The file is of a later version than this program.
    """
    while steps_from(_version(db), SQLITE):
        db.execute("BEGIN IMMEDIATE")
        try:
            version = _version(db)  # again: another process may have been quicker
            if not (statements := steps_from(version, SQLITE)):
                return
            for statement in statements:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def connect(path: pathlib.Path) -> SqliteDatabase:
    """Return a connection that may write; transactions are begun by hand.

    Raises:
        StoreError: The file cannot be used.
    """
    try:
        db = sqlite3.connect(
            path,
            isolation_level=None,
            timeout=_BUSY_S,
            check_same_thread=False,
            factory=SqliteDatabase,
        )
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file; others keep theirs
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_PER_CHECKPOINT}")
    except sqlite3.Error as error:
        raise explained(path, error) from error
    return db


def connect_reading(path: pathlib.Path) -> SqliteDatabase:
    """Return a connection that changes nothing.

    Raises:
        StoreError: The file cannot be used.
    """
    db = connect(path)
    db.execute("PRAGMA query_only = ON")
    return db
