"""What a long-running command says on standard error: for people, or as JSON for machines."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import logging
import sys
from collections.abc import Iterator
from typing import Any, Final, TextIO

import orjson

from wharfinger import stack_of
from wharfinger_host.log_format import LogFormat
from wharfinger_host.terminal import messages, printable

__all__ = ["JsonLines", "tell", "written"]

_FACTS: Final = "wharfinger_facts"
_OURS: Final = ("wharfinger", "wharfinger_host")


class JsonLines(logging.Formatter):
    """Writes one JSON object a line.

    An error that comes with a record is told by where it is from, never by its text: that may
    quote an event.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FACTS, {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["stack"] = stack_of(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


class _Standing(io.TextIOBase):
    """Takes the place of standard error: whatever is printed becomes a record, line by line."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._line = ""

    def write(self, text: str) -> int:
        *whole, self._line = (self._line + text).split("\n")
        for line in whole:
            if line.strip():
                self._logger.info("%s", line.rstrip())
        return len(text)

    def record(self, level: int, text: str, facts: dict[str, Any]) -> None:
        self._logger.log(level, "%s", text, extra={_FACTS: facts})

    def isatty(self) -> bool:
        return False


@contextlib.contextmanager
def written(how: LogFormat, logger: str) -> Iterator[None]:
    """Let everything that is said on standard error be written in a format.

    Args:
        how: The format. As text, everything stays as it is.
        logger: Under which name what is told is written.
    """
    if how is LogFormat.TEXT:
        yield
        return
    handler = logging.StreamHandler(_unbroken(sys.stderr))
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in _OURS}
    root.addHandler(handler)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        with contextlib.redirect_stderr(_Standing(logging.getLogger(logger))):
            yield
    finally:
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _unbroken(stream: TextIO) -> TextIO:
    """Let text that no encoding knows pass as escapes, rather than break a line."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def tell(
    event: str, text: str, *, style: str = "", level: int = logging.INFO, **facts: Any
) -> None:
    """Tell a person, or a machine, what happened.

    Args:
        event: A word for machines: ``"halted"``.
        text: For people.
        style: How a terminal shows it.
        level: Of `logging`.
        facts: Names and numbers; nothing out of events.
    """
    if isinstance(sys.stderr, _Standing):
        sys.stderr.record(level, text, {"event": event, **facts})
    else:
        messages().print(printable(text), style=style or None, soft_wrap=True)
