"""What became of a run."""

from __future__ import annotations

import pathlib
from typing import Any

import attrs
from rich.console import Console
from rich.text import Text

from wharfinger import Status
from wharfinger_host.progress import STYLES
from wharfinger_host.sending import Run, Stop
from wharfinger_host.tally import Tally
from wharfinger_host.terminal import NARROW, plural, printable, table
from wharfinger_host.undelivered import UndeliveredFile

__all__ = ["as_json", "show"]

_MOST_REASONS = 12


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
    _show_counts(console, tally)
    _show_reasons(console, tally)
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


def _show_counts(console: Console, tally: Tally) -> None:
    several = len({connection for connection, _ in tally.counts}) > 1
    statuses = tuple(status.value for status in Status)
    rows = table("Mapping", *statuses, numbers=statuses)
    for (connection, mapping), counts in tally.counts.items():
        name = printable(f"{connection}.{mapping}" if several else mapping)
        if console.width < NARROW:
            words = ", ".join(f"{counts[status]:,} {status}" for status in Status if counts[status])
            console.print(f"{name}: {words or 'no event'}")
            continue
        cells = [
            Text(f"{counts[status]:,}", STYLES[status] if counts[status] else "dim")
            for status in Status
        ]
        rows.add_row(name, *cells)
    if rows.row_count:
        console.print(rows)
    if tally.unreadable:
        text = f"{plural(tally.unreadable, 'line')} could not be read as an event"
        console.print(text, style="red")


def _show_reasons(console: Console, tally: Tally) -> None:
    if not (reasons := tally.reasons):
        return
    rows = table("Count", "Mapping", "Why", "First line", "For example", numbers=("Count",))
    for reason in reasons[:_MOST_REASONS]:
        if console.width < NARROW:
            head = f"{reason.count:,} {reason.mapping} {reason.status}: {reason.code}"
            console.print(printable(f"\n{head}, first in line {reason.line:,}"), style="bold")
            console.print(printable(reason.message))
            continue
        rows.add_row(
            f"{reason.count:,}",
            printable(reason.mapping),
            printable(f"{reason.status}: {reason.code}"),
            f"{reason.line:,}",
            printable(reason.message),
        )
    console.print(rows if rows.row_count else "")
    if len(reasons) > _MOST_REASONS:
        more = len(reasons) - _MOST_REASONS
        console.print(f"and {plural(more, 'further reason')} in the file", style="dim")
