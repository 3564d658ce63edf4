"""What can go wrong with the store, in words for the person who has to act."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Final

__all__ = [
    "DiskFailedError",
    "DiskFullError",
    "InDoubtError",
    "InboxFullError",
    "LeaseLostError",
    "NotNowError",
    "ServerDownError",
    "StoreError",
    "explained",
    "explained_by_system",
]


class StoreError(Exception):
    """The file cannot be used; the message says why and what to do."""


class NotNowError(StoreError):
    """Nothing can be written at present; nothing of the change was, and later it may be."""


class DiskFullError(NotNowError):
    """There is no room for a change; nothing of it was written, and later it may be.

    Attributes:
        path: The file.
        room: What is left on its disk, in words.

    Args:
        path: The file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.room = _room(path)
        super().__init__(
            f"The inbox {path} cannot be used: the disk is full ({self.room}). Make room and start "
            "again. What was accepted is kept."
        )


class ServerDownError(NotNowError):
    """The server of a ledger does not answer, or answers that it cannot write at present.

    Attributes:
        place: The ledger, without a password.
        reason: What is wrong, in its own words.

    Args:
        place: The ledger, without a password.
        reason: What is wrong, in its own words.
    """

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(
            f"The ledger {place} does not answer as it should: {reason}. Look at the server, and "
            "at [inbox] ledger. What was written is kept."
        )


class InDoubtError(StoreError):
    """The answer to a commit was lost, so a change may have been written.

    Attributes:
        was_written: Tells whether it was; raises `NotNowError` where that cannot be known yet.

    Args:
        was_written: See there.
    """

    def __init__(self, was_written: Callable[[], bool]) -> None:
        self.was_written = was_written
        super().__init__(
            "The ledger did not say whether what was written last is kept. `wharfinger trace` and "
            "`wharfinger dead-letters list` show it once the server answers."
        )


class DiskFailedError(StoreError):
    """The disk failed to read or write, although there is room at the moment."""


class InboxFullError(StoreError):
    """So many events wait that no more are taken; those of this call were not accepted."""


class LeaseLostError(StoreError):
    """Another process took this lane over, so this one must send and record nothing more of it."""


_REASONS: Final = {
    sqlite3.SQLITE_READONLY: "it may not be written. Give this user the right to write the file "
    "and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check that its folder is there and may be "
    "written",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write. Check the disk",
    sqlite3.SQLITE_CORRUPT: "it is damaged. Restore it, or move it and the files beside it whose "
    "names begin with its own out of the way, to begin with a new one",
    sqlite3.SQLITE_NOTADB: "it is no database. Name another file",
    sqlite3.SQLITE_BUSY: "another process has held it for too long. See what runs on it",
    sqlite3.SQLITE_PERM: "this user may not use it. Check the rights of the file",
}
_NOT_INTACT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NEXT_STEPS: Final = {
    errno.ENOENT: "Make its folder first, or name another",
    errno.EISDIR: "Name a file, not a folder",
    errno.EROFS: "Its disk may only be read; name a file on another, or mount it so that it may be "
    "written",
}
_PERHAPS_FULL: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PROBE_BYTES: Final = 1024 * 1024
_PLENTY_BYTES: Final = 64 * 1024 * 1024


def explained(path: pathlib.Path, error: sqlite3.Error) -> StoreError:
    """Return the error for people that an error of SQLite stands for.

    Args:
        path: The file.
        error: What SQLite raised.
    """
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_FULL or (primary in _PERHAPS_FULL and _is_full(path.parent)):
        return DiskFullError(path)
    reason = _REASONS.get(primary, str(error)) if primary is not None else str(error)
    kept = "" if primary in _NOT_INTACT else " What was accepted is kept."
    kind = DiskFailedError if primary == sqlite3.SQLITE_IOERR else StoreError
    return kind(f"The inbox {path} cannot be used: {reason}.{kept}")


def explained_by_system(path: pathlib.Path, error: OSError) -> StoreError:
    """Return the error for people that an error of the operating system stands for.

    Args:
        path: The file.
        error: What opening it raised.
    """
    if error.errno in _NO_ROOM:
        return DiskFullError(path)
    step = _NEXT_STEPS.get(
        error.errno or 0, "Check that this user may write the file and its folder"
    )
    return StoreError(f"The inbox {path} cannot be opened: {error.strerror}. {step}.")


def _is_full(folder: pathlib.Path) -> bool:
    """Tell whether a folder takes no small file for want of room: SQLite has no word for a quota.

    Args:
        folder: Where the inbox is.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno in _NO_ROOM
    return False


def _room(path: pathlib.Path) -> str:
    with suppress(OSError):
        free = shutil.disk_usage(path.parent).free
        text = f"{free // 1024:,} KB are free"
        return text if free < _PLENTY_BYTES else f"{text}, so a quota or a limit may be reached"
    return "how much is free is not known"
