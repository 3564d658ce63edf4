"""The suite by hand against mock brokers: ``python -m tests.kafka.conformance --runs 5``."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
from collections.abc import Sequence
from typing import Final

import attrs
from tests.kafka.brokers import Brokers

from wharfinger_host import terminal
from wharfinger_host.engines.conformance import (
    SCENARIOS,
    Trial,
    as_json,
    run_scenario,
    show,
    tell,
)
from wharfinger_host.engines.conformance.report import Row
from wharfinger_host.engines.conformance.vendor import Counts
from wharfinger_host.engines.conformance.worker import CONNECTION

__all__ = ["BrokerNodes", "allowed", "main", "trial_of"]

LANES = 8
_SLOWLY: Final = frozenset({"worker-hang", "hand-over"})
"""Those in which the group shares lanes out while there is work: who joins is to get some of it."""


@attrs.define(eq=False)
class BrokerNodes:
    """Cuts brokers off in turn; another leads then. What replicas would do, mocks do not."""

    brokers: Brokers
    topic: str
    _turn: itertools.count[int] = attrs.field(factory=itertools.count)
    _down: int = 0

    def lead(self, broker: int) -> None:
        """Let a broker lead the topics of a trial."""
        group = f"{self.topic}.{CONNECTION}"
        self.brokers.lead(self.topic, LANES, group, broker)
        self.brokers.lead(f"{self.topic}.{group}.dead", 1, group, broker)

    async def kill(self) -> None:
        """Cut off the one that leads."""
        turn = next(self._turn)
        self._down = turn % self.brokers.size + 1
        self.lead((turn + 1) % self.brokers.size + 1)
        self.brokers.down(self._down)

    async def restore(self) -> None:
        """Let it take connections again."""
        if self._down:
            self.brokers.up(self._down)
            self._down = 0


def allowed(trial: Trial, counts: Counts) -> int:
    """Return how many duplicates may be: a batch for each time that a lane changed hands.

    Mock brokers take no commit while a group shares its lanes out anew, and at times begin with
    that once more by themselves. A batch that is on its way then cannot be committed before its
    lane is another's; real brokers take its commit.
    """
    return trial.duplicates_allowed or trial.batch * max(trial.lanes, counts.moves)


def trial_of(brokers: Brokers, name: str, count: int) -> Trial:
    """Return a trial over a topic of its own."""
    topic = brokers.topics_of(LANES, CONNECTION)
    nodes = BrokerNodes(brokers, topic)
    nodes.lead(1)
    return Trial(
        url=brokers.url(topic),
        nodes=nodes,
        lanes=LANES,
        count=count,
        poison_every=40 if name == "poison" else 0,
        batch=4 if name in _SLOWLY else 50,
        latency_s=0.3 if name in _SLOWLY else 0.04,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Start brokers, run the suite, and end them."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.conformance")
    parser.add_argument("--scenario", action="append", choices=sorted(SCENARIOS), default=[])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--events", type=int, default=6_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    rows = []
    with Brokers() as brokers:
        for name in given.scenario or SCENARIOS:
            for run in range(1, given.runs + 1):
                trial = trial_of(brokers, name, given.events)
                counts = asyncio.run(run_scenario(trial, SCENARIOS[name]))
                rows.append(Row(name, run, counts, allowed(trial, counts)))
                tell(rows[-1])
    engine = "kafka://, 3 mock brokers"
    if given.json:
        terminal.write_json(as_json(engine, rows))
    else:
        show(terminal.results(), engine, rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
