"""What has been written, and what to do next."""

from __future__ import annotations

import pathlib
import shlex
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from wharfinger import Kind, Problem
from wharfinger_host.draft_text import secrets_of
from wharfinger_host.drafting import SETTINGS, Draft
from wharfinger_host.terminal import printable

__all__ = ["as_json", "problem_line", "problems_as_json", "show"]


def as_json(draft: Draft, file: pathlib.Path) -> dict[str, Any]:
    """Return what has been written as plain data."""
    return {
        "ok": True,
        "file": str(file),
        "connection": draft.name,
        "destination": draft.destination,
        "mapping": draft.action,
        "variables": secrets_of(draft),
        "next": _next_steps(draft, file),
    }


def problems_as_json(file: pathlib.Path, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return why nothing was written as plain data."""
    found = [{"path": problem.where, "message": problem.message} for problem in problems]
    return {"ok": False, "file": str(file), "problems": found}


def problem_line(draft: Draft, problem: Problem) -> str:
    """Return a problem with the option that puts it right."""
    declared = draft.declared(problem)
    if declared is None:
        return str(problem)
    place, field = declared
    flag = "--set" if place == SETTINGS else "--field"
    entry = ".NAME" if field.kind is Kind.OBJECT else ""
    return f"{flag} {field.name}{entry}=...: {problem.message}"


def show(console: Console, draft: Draft, file: pathlib.Path) -> None:
    """Say where it stands and how to go on."""
    console.print(printable(f"{file} is written."), style="bold", soft_wrap=True)
    console.print("Go on with:")
    for line in _next_steps(draft, file):
        console.print(printable(f"  {line}"), soft_wrap=True)


def _next_steps(draft: Draft, file: pathlib.Path) -> list[str]:
    name = shlex.quote(str(file))
    return [
        *(f"export {variable}=..." for variable in secrets_of(draft)),
        f"wharfinger check {name} --connect",
        f"wharfinger preview {name} events.jsonl",
        f"wharfinger send {name} events.jsonl",
    ]
