"""Every measurement of the comparison: who, over what, and in which order."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import attrs
from tests.bench.whole_path import durable, segment
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.sinks import SinkAddress, sink_for_all

IN_MEMORY: Final = ("floor", "deliver", "stream")
DURABLE: Final = ("inbox in turn", "inbox at once")
SEGMENT: Final = "Segment"


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be measured.

    Attributes:
        events: Path of the events, JSON Lines.
        who: Names of the contestants, as in the tuples above.
        sizes: Events in a batch; 1 sends each by itself.
        inflight: Requests under way at once.
        transports: ``"plain"``, ``"tls"``.
        runs: How often; all contestants take turns within each.
        seconds: How long each measurement in memory is.
        warmup_s: How long it is not counted before.
        durable_events: How many go through the inbox each time.
    """

    events: Path
    who: Sequence[str]
    sizes: Sequence[int] = (50,)
    inflight: Sequence[int] = (1, 16)
    transports: Sequence[str] = ("plain",)
    runs: int = 3
    seconds: float = 2.0
    warmup_s: float = 1.0
    durable_events: int = 20_000

    def cases(self) -> Iterator[tuple[str, int, int]]:
        """Give transport, size and requests under way of every case."""
        for transport in self.transports:
            for size in self.sizes:
                for inflight in self.inflight:
                    yield transport, size, inflight


def measured(plan: Plan) -> Iterator[dict[str, Any]]:
    """Measure everything, and give each figure as soon as it is known."""
    with ExitStack() as stack:
        echo = stack.enter_context(sink_for_all("echo"))
        small = stack.enter_context(sink_for_all("small")) if segment.folder() else echo
        for transport, size, inflight in plan.cases():
            case = {"transport": transport, "size": size, "inflight": inflight}
            for run in range(plan.runs):
                for who in plan.who:
                    hangs = who == SEGMENT and size > segment.MOST_ECHOED_ROWS
                    sink = small if hangs else echo
                    figures = _one(plan, who, sink, case)
                    yield {"who": who, **case, "run": run, **figures}


def _one(plan: Plan, who: str, sink: SinkAddress, case: dict[str, Any]) -> dict[str, Any]:
    tls = case["transport"] == "tls"
    job = Job(
        events=str(plan.events),
        port=sink.port(tls=tls),
        tls=tls,
        cert=sink.cert,
        size=case["size"] if case["size"] > 1 else 0,
        inflight=case["inflight"],
        warmup_s=plan.warmup_s,
        seconds=plan.seconds,
    )
    if who == SEGMENT:
        return segment.measure(job)
    if who in DURABLE:
        way = durable.in_turn if who == DURABLE[0] else durable.at_once
        return way(job, plan.durable_events)
    return in_process(who, attrs.asdict(job), job)


def in_process(module: str, told: dict[str, Any], job: Job) -> dict[str, Any]:
    """Run a module of this package in a process of its own, and return what it tells."""
    command = [sys.executable, "-m", f"tests.bench.whole_path.{module}", json.dumps(told)]
    written = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=job.environment())
    figures: dict[str, Any] = json.loads(written.stdout)
    return figures


def contestants() -> Iterable[str]:
    """Return all that can be measured on this machine."""
    return (*IN_MEMORY, *DURABLE, *([SEGMENT] if segment.folder() else []))
