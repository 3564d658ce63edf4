"""``python -m tests.bench.whole_path``: how quick the whole path is, beside a floor and a rival."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from tests.bench.whole_path import neighbours, plan, report, samples, soak
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.sinks import own_sink, sink_for_all

Write = Callable[[dict[str, Any]], None]


def _options() -> argparse.Namespace:
    known = tuple(plan.contestants())
    quick = [name for name in known if name not in plan.DURABLE]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.whole_path", description=__doc__)
    parser.add_argument("--only", type=_list(str), default=quick, help=f"of {', '.join(known)}")
    parser.add_argument("--sizes", type=_list(int), default=(1, 50), help="events in a batch")
    parser.add_argument("--inflight", type=_list(int), default=(1, 16), help="requests at once")
    parser.add_argument("--transport", type=_list(str), default=("plain",), help="plain,tls")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    parser.add_argument("--warmup", type=float, default=1.0, help="seconds before each of them")
    parser.add_argument("--durable-events", type=int, default=20_000)
    parser.add_argument("--neighbours", action="store_true", help="measure these instead")
    parser.add_argument(
        "--soak", type=int, default=0, metavar="EVENTS", help="measure this instead"
    )
    parser.add_argument("--json", type=Path, help="write every figure there as JSON Lines")
    options = parser.parse_args()
    if strangers := sorted(set(options.only) - set(known)):
        parser.error(f"{', '.join(strangers)} cannot be measured here, only {', '.join(known)}.")
    return options


def _list(kind: Callable[[str], Any]) -> Callable[[str], Sequence[Any]]:
    return lambda text: [kind(part) for part in text.split(",")]


def main() -> None:
    """Measure what was asked for."""
    options = _options()
    console = Console(width=None if Console().is_terminal else 170)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        out = stack.enter_context(options.json.open("a")) if options.json else None

        def write(figures: dict[str, Any]) -> None:
            if out is not None:
                print(json.dumps(figures), file=out, flush=True)

        events = Path(folder, "events.jsonl")
        samples.write(events)
        if options.soak:
            _soak(options, events, console, write)
        elif options.neighbours:
            _neighbours(options, events, console, write)
        else:
            _compare(options, events, console, write)


def _compare(options: argparse.Namespace, events: Path, console: Console, write: Write) -> None:
    wanted = plan.Plan(
        events=events,
        who=options.only,
        sizes=options.sizes,
        inflight=options.inflight,
        transports=options.transport,
        runs=options.runs,
        seconds=options.seconds,
        warmup_s=options.warmup,
        durable_events=options.durable_events,
    )
    figures = []
    with console.status("measuring") as status:
        for each in plan.measured(wanted):
            figures.append(each)
            write({**each, "load": os.getloadavg()[0]})
            status.update(f"{each['who']}, {each['size']} x {each['inflight']}")
    console.print(report.comparison(figures))


def _neighbours(options: argparse.Namespace, events: Path, console: Console, write: Write) -> None:
    memory, disk = [], []
    with ExitStack() as stack:
        good = stack.enter_context(own_sink("echo"))
        modes = {"silent": "silent", "refused": "refuse"}
        bad = {kind: stack.enter_context(own_sink(mode)) for kind, mode in modes.items()}
        job = Job(
            events=str(events),
            port=good.plain,
            inflight=4,
            seconds=options.seconds,
            warmup_s=options.warmup,
        )
        for run in range(options.runs):
            for kind in neighbours.KINDS:
                port = bad.get(kind, good).plain
                case = {"kind": kind, "run": run}
                told = {**attrs.asdict(job), "neighbour_port": port, "kind": kind}
                memory.append({**case, **plan.in_process("neighbours", told, job)})
                write({"neighbours": "memory", **memory[-1]})
                disk.append({**case, **neighbours.on_disk(job, port, kind, options.durable_events)})
                write({"neighbours": "disk", **disk[-1]})
    console.print(report.neighbours("A stream beside another, in memory", memory))
    console.print(report.neighbours("A connection beside another, in one worker", disk))


def _soak(options: argparse.Namespace, events: Path, console: Console, write: Write) -> None:
    with sink_for_all("echo") as sink:
        job = Job(events=str(events), port=sink.plain, inflight=16)
        for look in soak.looks(job, options.soak):
            report.soak_row(console, look)
            write({"soak": options.soak, **look})


if __name__ == "__main__":
    main()
