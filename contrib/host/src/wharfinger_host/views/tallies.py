"""Counts by mapping and status, and the reasons, in every command alike."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from wharfinger import Status
from wharfinger_host.progress import STYLES
from wharfinger_host.tally import Tally
from wharfinger_host.terminal import NARROW, plural, printable, table

__all__ = ["show_counts", "show_reasons"]

_MOST_REASONS = 12


def show_counts(console: Console, tally: Tally) -> None:
    """Show how many outcomes there are of which status, by mapping."""
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


def show_reasons(console: Console, tally: Tally, *, place: str) -> None:
    """Show why events were not delivered, the most frequent first.

    Args:
        console: Where to.
        tally: The counts.
        place: The heading of the column that says where each happened first.
    """
    if not (reasons := tally.reasons):
        return
    rows = table("Count", "Mapping", "Why", place, "For example", numbers=("Count",))
    for reason in reasons[:_MOST_REASONS]:
        if console.width < NARROW:
            head = f"{reason.count:,} {reason.mapping} {reason.status}: {reason.code}"
            first = f"{place.lower()} {reason.line:,}"
            console.print(printable(f"\n{head}, {first}"), style="bold")
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
        console.print(f"and {plural(more, 'further reason')}", style="dim")
