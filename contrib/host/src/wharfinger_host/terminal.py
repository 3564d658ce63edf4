"""Writing to the terminal: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

__all__ = ["NARROW", "can_ask", "messages", "plural", "printable", "results", "table", "write_json"]

NARROW = 72
"""Characters; below that a table of many columns would cut its words to pieces."""
_WIDTH_OF_A_FILE = 120


def results() -> Console:
    """Return a console on standard output."""
    return _console(stderr=False)


def messages() -> Console:
    """Return a console on standard error."""
    return _console(stderr=True)


def can_ask() -> bool:
    """Tell whether a person sees a question and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def write_json(value: Any) -> None:
    """Write one JSON document to standard output."""
    data = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def table(*columns: str, title: str = "", numbers: tuple[str, ...] = ()) -> Table:
    """Return an empty table that folds long cells, so that nothing is cut off.

    Args:
        columns: The headings.
        title: What stands above it.
        numbers: Those of the columns that are aligned to the right.
    """
    made = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        justify = "right" if column in numbers else "left"
        made.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]  # rich wants a Literal
    return made


def printable(text: str) -> str:
    """Return text from outside with control characters shown, so that a terminal obeys none."""
    return "".join(
        character
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        else character.encode("unicode_escape").decode()
        for character in text
    )


def plural(count: int, noun: str) -> str:
    """Return ``"1 event"`` or ``"1,200 events"``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_OF_A_FILE
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)
