"""What a server took in."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from wharfinger_host.serving.counts import Counts
from wharfinger_host.serving.rejects import RejectsFile
from wharfinger_host.terminal import plural, printable
from wharfinger_host.views import run
from wharfinger_host.views.run import Summary

__all__ = ["as_json", "show"]


def as_json(counts: Counts, rejects: RejectsFile, summary: Summary) -> dict[str, Any]:
    """Return the counts as plain data, and beside them what was delivered."""
    return {
        "received": {**counts.as_json(), "rejects": str(rejects.path) if counts.refused else None},
        "delivery": run.as_json(summary),
    }


def show(console: Console, counts: Counts, rejects: RejectsFile, summary: Summary) -> None:
    """Show what came in, and what was delivered.

    Args:
        console: Where to.
        counts: What came in.
        rejects: Where refused events are.
        summary: What was delivered, and what is left.
    """
    run.show(console, summary)
    for (source, code), count in sorted(counts.refused.items()):
        text = f"{plural(count, 'event')} of {source} refused ({code}); they are in {rejects.path}"
        console.print(printable(text), style="yellow", soft_wrap=True)
    if counts.duplicates:
        text = f"{plural(counts.duplicates, 'event')} had been accepted before"
        console.print(text, style="dim", soft_wrap=True)
    console.print(f"{plural(counts.events, 'event')} accepted", style="bold")
