"""What was counted, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from rich.console import Console

from wharfinger_host.engines.conformance.vendor import Counts
from wharfinger_host.terminal import messages, table

__all__ = ["Row", "as_json", "faults", "show", "tell"]


@attrs.frozen
class Row:
    """One trial.

    Attributes:
        scenario: Its name.
        run: Which time, from 1.
        counts: What was counted.
        duplicates_allowed: How many duplicates may be.
    """

    scenario: str
    run: int
    counts: Counts
    duplicates_allowed: int

    @property
    def ok(self) -> bool:
        """Whether the engine kept the contract."""
        return not faults(self.counts, self.duplicates_allowed)


def faults(counts: Counts, duplicates_allowed: int) -> list[str]:
    """Return in what an engine broke the contract; nothing where it did not.

    Args:
        counts: What was counted.
        duplicates_allowed: How many duplicates may be.
    """
    found = [
        f"{value:,} {what}"
        for value, what in (
            (counts.lost, "events lost"),
            (counts.gaps, "order gaps"),
            (counts.stale, "contacts ended with something old"),
            (counts.dead_lost, "dead letters lost"),
        )
        if value
    ]
    if counts.duplicates > duplicates_allowed:
        found.append(f"{counts.duplicates:,} duplicates where {duplicates_allowed:,} may be")
    return found


def as_json(engine: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return trials as plain data.

    Args:
        engine: Its URL, without the password.
        rows: The trials.
    """
    return {
        "ok": all(row.ok for row in rows),
        "engine": engine,
        "trials": [
            {
                "scenario": row.scenario,
                "run": row.run,
                "ok": row.ok,
                "duplicates_allowed": row.duplicates_allowed,
                **attrs.asdict(row.counts),
            }
            for row in rows
        ],
    }


def tell(row: Row) -> None:
    """Say on standard error how a trial ended."""
    found = "; ".join(faults(row.counts, row.duplicates_allowed)) or "ok"
    stall = f"{row.counts.duplicates:,} duplicates, stall {row.counts.stall_s:.2f} s"
    messages().print(f"{row.scenario} {row.run}: {found}; {stall}", soft_wrap=True)


def show(console: Console, engine: str, rows: Sequence[Row]) -> None:
    """Show trials as a table."""
    numbers = (
        *("run", "events", "lost", "gaps", "stale", "duplicates", "allowed"),
        *("dead", "moves", "stall s"),
    )
    shown = table("scenario", *numbers, "", title=engine, numbers=numbers)
    for row in rows:
        counts = row.counts
        values = (
            *(row.run, counts.events, counts.lost, counts.gaps, counts.stale, counts.duplicates),
            *(row.duplicates_allowed, counts.dead, counts.moves),
        )
        said = "ok" if row.ok else "; ".join(faults(counts, row.duplicates_allowed))
        texts = [f"{value:,}" for value in values]
        shown.add_row(row.scenario, *texts, f"{counts.stall_s:.2f}", said)
    console.print(shown)
