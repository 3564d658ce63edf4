"""What can go wrong with the store, in words for the person who has to act."""

from __future__ import annotations

import sqlite3

__all__ = ["InboxFullError", "LeaseLostError", "StoreError", "explained"]


class StoreError(Exception):
    """The file cannot be used; the message says why and what to do."""


class InboxFullError(StoreError):
    """So many events wait that no more are taken; those of this call were not accepted."""


class LeaseLostError(StoreError):
    """Another process took this lane over, so this one must send and record nothing more of it."""


_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full. Make room and start again",
    sqlite3.SQLITE_READONLY: "it may not be written. Give this user the right to write the file "
    "and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check that its folder is there and may be "
    "written",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write. Check the disk and its free space",
    sqlite3.SQLITE_CORRUPT: "it is damaged. Restore it, or move it aside to begin with a new one",
    sqlite3.SQLITE_NOTADB: "it is no database. Name another file",
    sqlite3.SQLITE_BUSY: "another process has held it for too long. See what runs on it",
    sqlite3.SQLITE_PERM: "this user may not use it. Check the rights of the file",
}


def explained(path: object, error: sqlite3.Error) -> StoreError:
    """Return the error for people that an error of SQLite stands for.

    Args:
        path: The file.
        error: What SQLite raised.
    """
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    reason = _REASONS.get(primary, str(error)) if primary is not None else str(error)
    return StoreError(f"The inbox {path} cannot be used: {reason}. What was accepted is kept.")
