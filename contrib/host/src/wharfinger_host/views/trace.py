"""The way of one person's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import orjson
from rich.console import Console
from rich.text import Text

from wharfinger import Status
from wharfinger_host.moments import time_text
from wharfinger_host.progress import STYLES
from wharfinger_host.store.tracing import Happened, TracedEvent
from wharfinger_host.terminal import printable, table

__all__ = ["as_json", "show"]


def as_json(found: Sequence[TracedEvent]) -> list[dict[str, Any]]:
    """Return it as plain data."""
    return [
        {
            "seq": event.seq,
            "message_id": event.message_id,
            "contact": event.contact,
            "accepted": None if event.accepted_ms is None else time_text(event.accepted_ms),
            "event": orjson.Fragment(event.event),
            "waits_for": event.waits_for,
            "happened": [
                {
                    **attrs.asdict(each, filter=lambda field, _: field.name != "at_ms"),
                    "at": time_text(each.at_ms),
                }
                for each in event.happened
            ],
        }
        for event in found
    ]


def show(console: Console, found: Sequence[TracedEvent]) -> None:
    """Show each event, and what happened to it."""
    if not found:
        console.print("The inbox knows no such event.", style="yellow")
    for event in found:
        content = orjson.loads(event.event)
        kind = " ".join(str(content[key]) for key in ("type", "event") if key in content)
        when = "" if event.accepted_ms is None else f", accepted {time_text(event.accepted_ms)}"
        title = f"{event.seq}  {kind}  {event.message_id or '(no messageId)'}{when}"
        console.print(printable(title), style="bold", soft_wrap=True)
        rows = table("Mapping", "When", "What", "Sent", "Why")
        for each in event.happened:
            rows.add_row(
                printable(f"{each.connection}.{each.mapping}"),
                time_text(each.at_ms),
                _what(each),
                f"{each.attempts}",
                printable(" ".join(filter(None, (each.message, each.vendor_message)))),
            )
        if rows.row_count:
            console.print(rows)
        elif not event.waits_for:
            console.print("  no trigger took it", style="dim")
        for name in event.waits_for:
            console.print(printable(f"  {name} has not come to it yet"), style="yellow")


def _what(each: Happened) -> Text:
    style = STYLES[Status(each.status)] if each.status in set(Status) else ""
    code = f": {each.code}" if each.code not in ("", each.status) else ""
    words = {
        "outcome": f"{each.status}{code}",
        "try": f"tried, {each.status}{code}",
        "waiting": f"waits, {each.status}{code}",
        "sending": "on its way",
    }
    return Text(printable(words[each.kind]), style)
