"""A file of the events that were not accepted, so that none is lost without a trace."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson

from wharfinger_host.serving.limits import MOST_LEVELS
from wharfinger_host.serving.refusing import Refused

__all__ = ["RejectsFile"]

_MOST_BYTES = 64 * 1024 * 1024


class RejectsFile:
    """Adds records to a file; when it is full, it takes the place of the one before.

    Attributes:
        path: The file. The one before has ``.1`` behind its name.

    Args:
        path: Made with the first record.
        most_bytes: When the file is full.
    """

    def __init__(self, path: pathlib.Path, most_bytes: int = _MOST_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes

    def write(self, source: str, received_at: str, refused: Sequence[Refused]) -> None:
        """Add what was refused; it is handed to the operating system at once.

        Args:
            source: Who sent it.
            received_at: When.
            refused: The events of one request.

        Raises:
            OSError: It cannot be written.
        """
        data = b"".join(_record(source, received_at, each) for each in refused)
        with suppress(FileNotFoundError):
            if self.path.stat().st_size + len(data) > self._most_bytes:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
        # For its owner alone: it holds what customers did.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self.path, flags, 0o600), "ab", buffering=0) as file:
            file.write(data)


def _record(source: str, received_at: str, refused: Refused) -> bytes:
    record = {
        "received_at": received_at,
        "source": source,
        "status": "refused",
        "code": refused.code,
        "message": refused.message,
    }
    event = _cut(refused.event, MOST_LEVELS)
    return orjson.dumps({**record, "event": event}, option=orjson.OPT_APPEND_NEWLINE)


def _cut(value: Any, levels: int) -> Any:
    """Leave out what is nested too deeply to be written."""
    if isinstance(value, dict):
        return {key: _cut(inner, levels - 1) for key, inner in value.items()} if levels else "..."
    if isinstance(value, list):
        return [_cut(inner, levels - 1) for inner in value] if levels else "..."
    return value
