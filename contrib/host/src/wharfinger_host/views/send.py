"""What became of a run."""

from __future__ import annotations

import pathlib
from typing import Any

import attrs
from rich.console import Console

from wharfinger_host.sending import Run, Stop
from wharfinger_host.tally import Tally
from wharfinger_host.terminal import plural, printable
from wharfinger_host.undelivered import UndeliveredFile
from wharfinger_host.views.tallies import show_counts, show_reasons

__all__ = ["as_json", "show"]


def as_json(run: Run, stop: Stop | None) -> dict[str, Any]:
    """Return the counts, reasons and files as plain data."""
    tally, undelivered = run.tally, run.undelivered
    return {
        "ok": stop is None and tally.all_settled,
        "findings": [
            {"connection": name, **attrs.asdict(finding)}
            for name, connection in run.connections.items()
            for finding in connection.findings
            if finding.level != "ok"
        ],
        **tally.as_json(),
        "undelivered": str(undelivered.path) if undelivered.records else None,
        "undelivered_records": undelivered.records,
        "stopped": {"cause": stop.cause, "message": stop.message} if stop else None,
    }


def show(
    console: Console,
    tally: Tally,
    undelivered: UndeliveredFile,
    stop: Stop | None,
    *,
    wanted: pathlib.Path,
    took_s: float,
) -> None:
    """Show a table of mappings and statuses, the reasons, and where the rest was written.

    Args:
        console: Where to.
        tally: The counts.
        undelivered: What was not delivered.
        stop: Why the run ended early, if it did.
        wanted: The name the undelivered file should have had.
        took_s: Seconds of the whole run.
    """
    if stop is not None:
        console.print(printable(stop.message), style="bold red", soft_wrap=True)
    show_counts(console, tally)
    if tally.unreadable:
        text = f"{plural(tally.unreadable, 'line')} could not be read as an event"
        console.print(text, style="red")
    show_reasons(console, tally, place="First line")
    if undelivered.records:
        renamed = f" ({wanted} was there already)" if undelivered.path != wanted else ""
        console.print(
            f"{plural(undelivered.records, 'record')} of what was not delivered in "
            f"{undelivered.path}{renamed}",
            style="yellow",
            soft_wrap=True,
        )
    if stop is not None:
        console.print(
            f"Lines from {tally.last_line + 1:,} on, if there are any, were not sent; go on there "
            f"with --from-line {tally.last_line + 1}.",
            style="yellow",
            soft_wrap=True,
        )
    rate = f", {tally.events / took_s:,.0f} events/s" if took_s > 0 and tally.events else ""
    console.print(f"{plural(tally.events, 'event')} in {took_s:.1f} s{rate}", style="bold")
