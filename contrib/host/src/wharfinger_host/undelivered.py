"""The file of what was not delivered: JSON Lines, written as it goes, never over another file."""

from __future__ import annotations

import base64
import errno
import itertools
import os
import pathlib
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

import wharfinger
from wharfinger_host.reading import Line, Unreadable

__all__ = ["UndeliveredFile", "default_name", "outcome_record", "unreadable_record"]

_DETAILS = ("http_status", "request_id", "retry_after_s")


def default_name(events: str) -> str:
    """Return the name for a file of events: ``orders.undelivered.jsonl`` for ``orders.jsonl.gz``.

    Args:
        events: As the command was given it; ``-`` is standard input.
    """
    stem = "stdin" if events == "-" else pathlib.Path(events).name
    for ending in (".gz", ".jsonl", ".ndjson", ".json"):
        stem = stem.removesuffix(ending) or stem
    return f"{stem}.undelivered.jsonl"


def outcome_record(
    line: Line, connection: str, mapping: str, outcome: wharfinger.Outcome
) -> dict[str, Any]:
    """Return what is written of an event that one mapping did not deliver."""
    details = {name: getattr(outcome, name) for name in _DETAILS}
    return {
        "line": line.number,
        "connection": connection,
        "mapping": mapping,
        "status": outcome.status,
        "code": outcome.code,
        "message": outcome.message,
        "vendor_message": outcome.vendor_message,
        **{name: value for name, value in details.items() if value is not None},
        # Byte for byte, so that a number too long for a float survives.
        "event": orjson.Fragment(line.raw),
    }


def unreadable_record(unreadable: Unreadable) -> dict[str, Any]:
    """Return what is written of a line that holds no event."""
    record: dict[str, Any] = {
        "line": unreadable.number,
        "status": "unreadable",
        "code": unreadable.code,
        "message": unreadable.message,
    }
    if unreadable.part:
        record["part"] = unreadable.part
    try:
        record["raw"] = unreadable.raw.decode()
    except UnicodeDecodeError:
        record["raw_base64"] = base64.b64encode(unreadable.raw).decode()
    return record


class UndeliveredFile:
    """A new file of records; where the name is taken, a number is added to it.

    Attributes:
        path: The name it got.
        records: How many it holds.

    Args:
        wanted: The name it should get. A device or a pipe is written to as it is.

    Raises:
        OSError: It cannot be created.
    """

    def __init__(self, wanted: pathlib.Path) -> None:
        self.path, self._descriptor = _create(wanted)
        self.records = 0
        self._regular = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        self._bytes = 0

    def write(self, record: dict[str, Any]) -> None:
        """Add a record; it is handed to the operating system at once.

        Raises:
            OSError: It cannot be written, for want of space for example. The file then ends
                after the last whole record.
        """
        data = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._bytes)
            raise
        self._bytes += len(data)
        self.records += 1

    def close(self) -> None:
        """Close the file, and remove it if nothing had to be written."""
        os.close(self._descriptor)
        if not self.records and self._regular:
            self.path.unlink(missing_ok=True)


def _create(wanted: pathlib.Path) -> tuple[pathlib.Path, int]:
    for path in itertools.chain([wanted], _numbered(wanted)):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if path.exists() and not path.is_file():
            return path, os.open(path, os.O_WRONLY)
        with suppress(FileExistsError):
            # For its owner alone: it holds what customers did.
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    raise AssertionError("the numbers never end")  # pragma: no cover  # count() is endless


def _numbered(wanted: pathlib.Path) -> Iterator[pathlib.Path]:
    for number in itertools.count(2):
        yield wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
