"""What a worker did, and what is left."""

from __future__ import annotations

from typing import Any, Self

import attrs
from rich.console import Console

from wharfinger import Status
from wharfinger_host.moments import time_text
from wharfinger_host.running import Report
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.inbox import depth
from wharfinger_host.store.store import Store
from wharfinger_host.tally import Tally
from wharfinger_host.terminal import plural, printable
from wharfinger_host.views.tallies import show_counts, show_reasons

__all__ = ["Summary", "as_json", "show"]


@attrs.frozen(kw_only=True)
class Summary:
    """The end of a run.

    Attributes:
        tally: What was done.
        waiting: Events in the inbox that some connection is not done with.
        next_ms: When the first of what was put aside is offered again, in milliseconds since 1970.
        letters: Dead letters there are, from this run and those before.
        failed: Connections that broke off.
        stopped: Whether it was stopped at once.
        by_engine: Whether the events came from an engine.
        in_engine: Events that wait there, each for every connection by itself; None where nobody
            looked.
    """

    tally: Tally
    waiting: int
    next_ms: int | None
    letters: int
    failed: list[str]
    stopped: bool
    by_engine: bool = False
    in_engine: int | None = None

    @classmethod
    def of(
        cls,
        store: Store,
        report: Report,
        *,
        failed: set[str],
        stopped: bool,
        by_engine: bool = False,
        in_engine: int | None = None,
    ) -> Self:
        """Look at what is left in the inbox."""
        waiting, next_ms, letters = store.read(_left).result()
        return cls(
            tally=report.tally,
            waiting=waiting,
            next_ms=next_ms,
            letters=letters,
            failed=sorted(failed),
            stopped=stopped,
            by_engine=by_engine,
            in_engine=in_engine,
        )

    @property
    def all_done(self) -> bool:
        """Whether nothing waits, and nothing became a dead letter."""
        dead = self.tally.totals[Status.REJECTED] + self.tally.totals[Status.UNKNOWN]
        return not (self.waiting or self.in_engine or self.failed or dead)


def as_json(summary: Summary) -> dict[str, Any]:
    """Return it as plain data."""
    return {
        "ok": summary.all_done and not summary.stopped,
        "waiting": summary.waiting,
        "in_engine": summary.in_engine,
        "next_try": _next(summary),
        "letters": summary.letters,
        "failed": summary.failed,
        "stopped": summary.stopped,
        **{
            name: value
            for name, value in summary.tally.as_json().items()
            if name in ("mappings", "reasons")
        },
    }


def show(console: Console, summary: Summary) -> None:
    """Show counts and reasons, and what is left."""
    show_counts(console, summary.tally)
    show_reasons(console, summary.tally, place="First event")
    if summary.waiting:
        when = f"; the first is tried again at {_next(summary)}" if summary.next_ms else ""
        text = f"{plural(summary.waiting, 'event')} still in the inbox{when}"
        console.print(printable(text), style="yellow", soft_wrap=True)
    if summary.in_engine:
        text = f"{plural(summary.in_engine, 'event')} still in the engine"
        console.print(text, style="yellow", soft_wrap=True)
    if summary.letters:
        text = f"{plural(summary.letters, 'dead letter')}; `wharfinger dead-letters` shows why"
        console.print(text, style="red", soft_wrap=True)
    if summary.stopped:
        console.print("Stopped at once: what was under way is sent again next time.", style="red")
    elif summary.by_engine and summary.in_engine is None:
        console.print("What waits in the engine, `wharfinger engine status` shows.")
    elif summary.all_done:
        console.print("Nothing is left to do.", style="bold")


def _next(summary: Summary) -> str | None:
    return None if summary.next_ms is None else time_text(summary.next_ms)


def _left(db: Database) -> tuple[int, int | None, int]:
    (next_ms,) = db.execute("SELECT min(due_ms) FROM deferred WHERE due_ms > 0").fetchone()
    (letters,) = db.execute("SELECT count(*) FROM letters").fetchone()
    return depth(db), next_ms, int(letters)
