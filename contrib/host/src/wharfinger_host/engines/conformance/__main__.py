"""The suite by hand."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any

from wharfinger_host import terminal
from wharfinger_host.engines.conformance.report import Row, as_json, show, tell
from wharfinger_host.engines.conformance.running import Nodes, Trial, run_scenario
from wharfinger_host.engines.conformance.scenarios import NEEDS_NODES, SCENARIOS
from wharfinger_host.engines.finding import without_password

__all__ = ["main", "run_all"]

_POISON_EVERY = 50


async def run_all(
    url: str,
    scenarios: Sequence[str],
    *,
    runs: int = 1,
    nodes: Nodes | None = None,
    say: Callable[[Row], None] = lambda _: None,
    **options: Any,
) -> list[Row]:
    """Run scenarios one after the other.

    Args:
        url: Of the engine.
        scenarios: Their names.
        runs: How often each.
        nodes: Kills nodes of the engine.
        say: Hears of each trial as it ends.
        options: Further attributes of the trials.
    """
    rows = []
    for name in scenarios:
        for run in range(1, runs + 1):
            every = _POISON_EVERY if name == "poison" else 0
            trial = Trial(url=url, nodes=nodes, poison_every=every, **options)
            counts = await run_scenario(trial, SCENARIOS[name])
            rows.append(Row(name, run, counts, trial.duplicates_allowed))
            say(rows[-1])
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite against an engine that is there for nothing else.

    Args:
        arguments: Of the command line; None takes those of this process.

    Returns:
        The exit code: 1 where the engine broke the contract.
    """
    parser = argparse.ArgumentParser(
        prog="python -m wharfinger_host.engines.conformance",
        description="Prove an engine that is there for nothing else: events of the suite are left "
        "in it. Where the URL holds {run}, each trial has a name of its own there.",
    )
    parser.add_argument("url", metavar="URL")
    several = sorted(SCENARIOS.keys() - NEEDS_NODES)
    parser.add_argument("--scenario", action="append", choices=several, default=[])
    parser.add_argument("--runs", type=int, default=1, metavar="N")
    parser.add_argument("--events", type=int, default=6_000, metavar="N")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    chosen = given.scenario or [name for name in SCENARIOS if name in several]
    rows = asyncio.run(run_all(given.url, chosen, runs=given.runs, say=tell, count=given.events))
    engine = without_password(given.url)
    if given.json:
        terminal.write_json(as_json(engine, rows))
    else:
        show(terminal.results(), engine, rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
