"""Reading the one event that is to be looked at."""

from __future__ import annotations

import pathlib
from typing import Any

import orjson

from wharfinger_host.reading import EventSource, Line

__all__ = ["EventError", "read_event"]

_MOST_BYTES = 8 * 1024 * 1024


class EventError(Exception):
    """There is no event at that place; the message says what is."""


def read_event(place: str, line: int) -> dict[str, Any]:
    """Return one event.

    Args:
        place: A file that holds one event however it is laid out, or one event a line; ``-`` is
            standard input.
        line: Which line, from 1; without meaning for a file that is one event.

    Raises:
        OSError: The file cannot be read.
        EventError: There is no event.
    """
    if (whole := _whole(place)) is not None:
        return whole
    with EventSource(place, first_line=line) as source:
        chunk = next(source.chunks(1), None)
    if chunk and chunk.lines and isinstance(first := chunk.lines[0], Line):
        return first.event
    if chunk and chunk.unreadable:
        unreadable = chunk.unreadable[0]
        raise EventError(f"{place}, line {unreadable.number}: {unreadable.message}")
    raise EventError(f"{place} has no event at line {line}.")


def _whole(place: str) -> dict[str, Any] | None:
    """Read a file that is a single JSON object over several lines, as people write one."""
    if place == "-" or not pathlib.Path(place).is_file():
        return None
    with pathlib.Path(place).open("rb") as file:
        content = file.read(_MOST_BYTES)
    try:
        event = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) else None
