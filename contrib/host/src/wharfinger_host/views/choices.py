"""Values to choose from for a field."""

from __future__ import annotations

from typing import Any

import attrs
from rich.console import Console

from wharfinger import Question
from wharfinger_host.asking import Answer, Asked
from wharfinger_host.terminal import printable, table
from wharfinger_host.views.findings import show_lines

__all__ = ["as_json", "show"]


def as_json(asked: Asked, question: Question, answer: Answer) -> dict[str, Any]:
    """Return question and answer as plain data."""
    return {
        "ok": answer.obstacle is None,
        "connection": asked.connection.name,
        "action": asked.action.slug,
        "field": question.field,
        "search": question.search,
        "page": question.page,
        "next_page": answer.choices.next_page,
        "items": [attrs.asdict(choice) for choice in answer.choices.items],
        "obstacle": attrs.asdict(answer.obstacle) if answer.obstacle else None,
    }


def show(console: Console, asked: Asked, question: Question, answer: Answer) -> None:
    """Show one page of values, and how to get the next one."""
    if answer.obstacle:
        show_lines(console, [answer.obstacle])
        return
    if not answer.choices.items:
        wanted = f' with "{question.search}" in it' if question.search else ""
        line = f"{asked.connection.name} has nothing to choose from{wanted}."
        if not question.search and not question.fields:
            line += " If it depends on another field, give that with --field NAME=VALUE."
        console.print(printable(line), soft_wrap=True)
        return
    described = any(choice.description for choice in answer.choices.items)
    rows = table("Value", "Label", *(("Description",) if described else ()))
    for choice in answer.choices.items:
        cells = (choice.value, choice.label, *((choice.description,) if described else ()))
        rows.add_row(*map(printable, cells))
    console.print(rows)
    if answer.choices.next_page:
        console.print(f"--page {answer.choices.next_page} shows more.", style="dim")
