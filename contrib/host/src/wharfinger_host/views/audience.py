"""A mapping for an audience, and what to do next."""

from __future__ import annotations

import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from wharfinger import Problem
from wharfinger_host.drafting import Draft
from wharfinger_host.terminal import printable
from wharfinger_host.views import init

__all__ = ["as_json", "problem_line", "show", "show_difference", "show_next"]

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def as_json(
    file: pathlib.Path,
    path: Sequence[str],
    mapping: Mapping[str, Any],
    text: str,
    *,
    wrote: bool,
) -> dict[str, Any]:
    """Return the mapping as plain data and as TOML."""
    _, connection, _, name = path
    return {
        "ok": True,
        "file": str(file),
        "connection": connection,
        "name": name,
        "mapping": dict(mapping),
        "toml": text,
        "written": wrote,
    }


def problem_line(draft: Draft, problem: Problem) -> str:
    """Return a problem with the option that puts it right."""
    rows = draft.action_record.rows
    declared = draft.declared(problem)
    if rows and declared and declared[1].name in (rows.table, rows.keys):
        flag = "--table KEY" if declared[1].name == rows.table else "--key-column NAME"
        return f"{flag}: {problem.message}"
    return init.problem_line(draft, problem)


def show(console: Console, text: str) -> None:
    """Show the mapping as TOML and nothing else, so that it can be added to a file."""
    console.print(printable(text), soft_wrap=True, end="")


def show_difference(console: Console, lines: Sequence[str]) -> None:
    """Show what has changed in the configuration."""
    for line in lines:
        console.print(printable(line), style=_STYLES.get(line[:1]), soft_wrap=True)


def show_next(console: Console, file: pathlib.Path, name: str, *, wrote: bool) -> None:
    """Say how to go on."""
    quoted = shlex.quote(str(file))
    if not wrote:
        console.print(
            printable(f"This is checked, and not in {file} yet: --write adds it."), soft_wrap=True
        )
        return
    console.print("Whether table and column are there, and what to make:")
    for command in ("doctor", f"plan --mapping {shlex.quote(name)}"):
        word, _, flags = command.partition(" ")
        line = f"  wharfinger {word} {quoted} {flags}".rstrip()
        console.print(printable(line), soft_wrap=True)
