"""The suite by hand against real nodes.

``python -m tests.rabbitmq.conformance --nodes 3 --runs 5``
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs
from tests.rabbitmq.nodes import Cluster, Node, why_not

from wharfinger_host import terminal
from wharfinger_host.engines.conformance import SCENARIOS, as_json, show, tell
from wharfinger_host.engines.conformance.__main__ import run_all
from wharfinger_host.engines.finding import without_password

__all__ = ["ClusterNodes", "main", "url_of"]


@attrs.define(eq=False)
class ClusterNodes:
    """Kills the nodes of a cluster in turn; each leads some of the lanes."""

    cluster: Cluster
    _turn: itertools.count[int] = attrs.field(factory=itertools.count)
    _killed: Node | None = None

    async def kill(self) -> None:
        """End the next node."""
        self._killed = self.cluster.nodes[next(self._turn) % self.cluster.size]
        self._killed.kill()

    async def restore(self) -> None:
        """Start it again."""
        if self._killed is not None:
            self.cluster.start(self._killed)
            self._killed = None
            await self.cluster.ready()


def url_of(cluster: Cluster, heartbeat_s: int = 2) -> str:
    """Return the URL for trials, with lanes of its own for each of them."""
    return f"{cluster.url}?space={{run}}&heartbeat={heartbeat_s}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Start nodes, run the suite, and end them."""
    parser = argparse.ArgumentParser(prog="python -m tests.rabbitmq.conformance")
    parser.add_argument("--nodes", type=int, default=1, choices=[1, 3])
    parser.add_argument("--scenario", action="append", choices=sorted(SCENARIOS), default=[])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--events", type=int, default=6_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    if reason := why_not():
        parser.exit(2, f"{reason}\n")
    # Asked to end, it ends its nodes, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    names = given.scenario or [n for n in SCENARIOS if given.nodes > 1 or n != "node-kill"]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Cluster(Path(folder), given.nodes) as cluster,
    ):
        nodes = ClusterNodes(cluster) if given.nodes > 1 else None
        rows = asyncio.run(
            run_all(
                url_of(cluster), names, runs=given.runs, nodes=nodes, say=tell, count=given.events
            )
        )
        engine = f"{without_password(cluster.url)}, {given.nodes} nodes"
    if given.json:
        terminal.write_json(as_json(engine, rows))
    else:
        show(terminal.results(), engine, rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
