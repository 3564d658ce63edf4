"""Dead letters: by cause, one by one, and one whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import orjson
from rich.console import Console

from wharfinger_host.moments import time_text
from wharfinger_host.store.letters import Group, Letter
from wharfinger_host.terminal import plural, printable, table

__all__ = ["letter_as_json", "list_as_json", "show_letter", "show_list"]


def letter_as_json(letter: Letter) -> dict[str, Any]:
    """Return a letter as plain data, with the event and the payload as they were."""
    data = attrs.asdict(letter, filter=lambda field, _: field.name not in ("target", "at_ms"))
    return {
        **data,
        "at": time_text(letter.at_ms),
        "event": orjson.Fragment(letter.event),
        "payload": orjson.Fragment(letter.payload) if letter.payload else None,
    }


def list_as_json(groups: Sequence[Group], found: Sequence[Letter]) -> dict[str, Any]:
    """Return causes and letters as plain data."""
    return {
        "count": sum(group.count for group in groups),
        "causes": [
            {
                **attrs.asdict(group, filter=lambda field, _: not field.name.endswith("_ms")),
                "first": time_text(group.first_ms),
                "last": time_text(group.last_ms),
            }
            for group in groups
        ],
        "letters": [letter_as_json(letter) for letter in found],
    }


def show_list(console: Console, groups: Sequence[Group], found: Sequence[Letter]) -> None:
    """Show the causes, and some letters."""
    if not groups:
        console.print("There is no dead letter.", style="green")
        return
    causes = table("Count", "Mapping", "Why", "Last", "For example", numbers=("Count",))
    for group in groups:
        causes.add_row(
            f"{group.count:,}",
            printable(f"{group.connection}.{group.mapping}"),
            printable(f"{group.status}: {group.code}"),
            time_text(group.last_ms),
            printable(group.message),
        )
    console.print(causes)
    if found:
        rows = table("ID", "Written", "Mapping", "Contact", "Why", "The vendor said")
        for letter in found:
            rows.add_row(
                f"{letter.id}",
                time_text(letter.at_ms),
                printable(f"{letter.connection}.{letter.mapping}"),
                printable(letter.contact),
                printable(f"{letter.status}: {letter.code}"),
                printable(letter.vendor_message),
            )
        console.print(rows)
    if (more := sum(group.count for group in groups) - len(found)) > 0 and found:
        console.print(f"and {plural(more, 'further one')}; --limit shows more", style="dim")


def show_letter(console: Console, letter: Letter) -> None:
    """Show one letter whole."""
    rows = table("", "")
    for name, value in (
        ("Dead letter", letter.id),
        ("Mapping", f"{letter.connection}.{letter.mapping}"),
        ("Written", time_text(letter.at_ms)),
        ("Message ID", letter.message_id),
        ("Contact", letter.contact),
        ("Why", f"{letter.status}: {letter.code}"),
        ("", letter.message),
        ("The vendor said", letter.vendor_message),
        ("HTTP status", letter.http_status),
        ("Request ID", letter.request_id),
        ("Sent", f"{letter.attempts} times" if letter.attempts != 1 else "once"),
    ):
        if value not in (None, ""):
            rows.add_row(name, printable(str(value)))
    console.print(rows)
    for title, data in (("Event", letter.event), ("Payload then", letter.payload)):
        console.print(title, style="bold")
        console.print(printable(_indented(data)), soft_wrap=True)


def _indented(data: bytes | None) -> str:
    if data is None:
        return "none: the mapping made nothing of it"
    return orjson.dumps(orjson.loads(data), option=orjson.OPT_INDENT_2).decode()
