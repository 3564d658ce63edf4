"""Opening the file."""

from __future__ import annotations

import errno
import os
import pathlib
import sqlite3
from contextlib import closing, suppress

from wharfinger_host.store.errors import StoreError, explained, explained_by_system
from wharfinger_host.store.schema import OUR_TABLES, migrate

__all__ = ["connect", "connect_reading", "prepare"]

_BUSY_S = 30.0
"""Seconds to wait for another process that writes."""
_CACHE_KB = 32_000
_PAGE_BYTES = 8_192
_PAGES_PER_CHECKPOINT = 2_000


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


def connect(path: pathlib.Path) -> sqlite3.Connection:
    """Return a connection that may write; transactions are begun by hand.

    Raises:
        StoreError: The file cannot be used.
    """
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file; others keep theirs
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_PER_CHECKPOINT}")
    except sqlite3.Error as error:
        raise explained(path, error) from error
    return db


def connect_reading(path: pathlib.Path) -> sqlite3.Connection:
    """Return a connection that changes nothing.

    Raises:
        StoreError: The file cannot be used.
    """
    db = connect(path)
    db.execute("PRAGMA query_only = ON")
    return db
