"""Results as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import attrs
from rich.console import Console
from rich.table import Table
from tests.e2e.laboratory.checking import Verdict
from tests.e2e.laboratory.evidence import Evidence

__all__ = ["Result", "as_json", "console", "show"]

console: Final = Console(stderr=True)
_WIDTH_OF_NAMES, _WIDTH = 30, 11


@attrs.frozen
class Result:
    """What became of one seed."""

    seed: int
    evidence: Evidence
    verdict: Verdict
    took_s: float

    def counts(self) -> dict[str, int]:
        """Return everything that was counted, by what it is called."""
        seen, verdict = self.evidence.seen, self.verdict
        attempts = [line["attempts"] for line in self.evidence.ledger]
        return {
            "events accepted": len(self.evidence.inbox),
            "kills of host": seen["kill-worker"],
            "kills of accept": seen["kill-accept"],
            "kills of simulator": seen["kill-simulator"],
            **{
                name: seen.get(deed, 0)
                for name, deed in {
                    "workers stopped": "stop-worker",
                    "clock set": "set-clock",
                    "tokens revoked": "end-token",
                    "permission revoked": "revoke-permission",
                    "files accepted twice": "accept-again",
                }.items()
            },
            **{
                name: sum(seen.get(f"fault {kind}", 0) for kind in kinds)
                for name, kinds in _FAULTS.items()
            },
            "requests": seen["requests"],
            **{status: verdict.statuses[status] for status in ("delivered", "rejected", "unknown")},
            "retried attempts": sum(each - 1 for each in attempts if each > 1),
            "journey entries": verdict.entries,
            "rows compared": verdict.rows,
            "remnants": verdict.remnants,
            "duplicates": verdict.doubled,
            "lost": verdict.lost,
            "laws broken": len(verdict.broken),
            "seconds": round(self.took_s),
        }


_FAULTS: Final = {
    "429": ("rate-limited", "rate-limited-without-wait"),
    "500": ("server-error", "commit-then-server-error"),
    "dropped": ("drop", "commit-then-drop"),
    "truncated": ("truncated-body", "cut-off"),
    "403": ("forbidden",),
}


def as_json(results: Sequence[Result]) -> str:
    """Return results as JSON."""
    records: list[dict[str, Any]] = [
        {"seed": each.seed, **each.counts(), "broken": each.verdict.broken} for each in results
    ]
    return json.dumps(records, indent=2, ensure_ascii=False)


def show(results: Sequence[Result]) -> None:
    """Show a column for each seed, and one for all together."""
    table = Table(title="Fault laboratory")
    table.add_column("seed")
    for result in results:
        table.add_column(str(result.seed), justify="right")
    table.add_column("together", justify="right")
    counts = [result.counts() for result in results]
    for name in counts[0]:
        numbers = [each[name] for each in counts]
        table.add_row(name, *map(str, numbers), str(sum(numbers)))
    well = ["broken" if each.verdict.broken else "well" for each in results]
    table.add_row("verdict", *well, "broken" if "broken" in well else "well", style="bold")
    # Into a file it is written as wide as it is.
    width = console.width if console.is_terminal else _WIDTH_OF_NAMES + _WIDTH * (len(results) + 1)
    Console(stderr=True, width=width).print(table)
