"""What was taken into the inbox."""

from __future__ import annotations

from typing import Any

import attrs
from rich.console import Console

from wharfinger_host.accepting import Acceptance
from wharfinger_host.sending import Stop
from wharfinger_host.terminal import plural, printable

__all__ = ["as_json", "show"]


def as_json(work: Acceptance, stop: Stop | None) -> dict[str, Any]:
    """Return the counts as plain data."""
    return {
        "ok": stop is None and not work.tally.unreadable,
        "accepted": work.accepted.events,
        "duplicates": work.accepted.duplicates,
        "unreadable": work.tally.unreadable,
        "last_line": work.tally.last_line,
        "reasons": [attrs.asdict(reason) for reason in work.tally.reasons],
        "undelivered": str(work.unreadable.path) if work.unreadable.records else None,
        "stopped": {"cause": stop.cause, "message": stop.message} if stop else None,
    }


def show(console: Console, work: Acceptance, stop: Stop | None, *, took_s: float) -> None:
    """Show how many events are in the inbox because of this, and what is not.

    Args:
        console: Where to.
        work: What was done.
        stop: Why it ended early, if it did.
        took_s: Seconds of the whole.
    """
    if stop is not None:
        console.print(printable(stop.message), style="bold red", soft_wrap=True)
        line = work.tally.last_line + 1
        text = f"Lines from {line:,} were not accepted; go on there with --from-line {line}."
        console.print(text, style="yellow", soft_wrap=True)
    for reason in work.tally.reasons:
        text = f"{plural(reason.count, 'line')} held no event ({reason.code}), the first is line "
        text += f"{reason.line:,}: {reason.message}"
        console.print(printable(text), style="red", soft_wrap=True)
    if work.unreadable.records:
        text = f"They are in {work.unreadable.path}"
        console.print(printable(text), style="yellow", soft_wrap=True)
    if work.accepted.duplicates:
        text = f"{plural(work.accepted.duplicates, 'event')} had been accepted before"
        console.print(text, style="dim", soft_wrap=True)
    rate = f", {work.tally.events / took_s:,.0f} events/s" if took_s > 0 else ""
    text = f"{plural(work.accepted.events, 'event')} accepted in {took_s:.1f} s{rate}"
    console.print(text, style="bold")
