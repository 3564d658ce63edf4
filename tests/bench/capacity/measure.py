"""``python -m tests.bench.capacity.measure``: what an event, a request and a lane cost here.

Each run takes about two minutes. With ``--json`` the figures are written as the model reads them;
the ones it comes with are in ``measured.json`` beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.bench.capacity import parts
from tests.bench.whole_path import samples
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.sinks import own_sink
from tests.rabbitmq.nodes import why_not


def _measurements(load: parts.Load) -> Iterator[parts.Figures]:
    yield parts.sizes(load)
    yield parts.accepting(load)
    yield parts.serving(load)
    yield parts.running(load)
    yield parts.idling(load)
    if not why_not():
        yield parts.over_rabbitmq(load, 1)
        yield parts.over_rabbitmq(load, 3)


def main() -> None:
    """Measure, show, and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.capacity.measure")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--batched", type=int, default=20_000, help="events, 50 in a request")
    parser.add_argument("--single", type=int, default=4_000, help="events, one in a request")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    if reason := why_not():
        parser.exit(2, f"{reason}\n")
    seen: dict[str, list[float]] = defaultdict(list)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder, own_sink("echo") as sink:
        events = Path(folder, "events.jsonl")
        samples.write(events)
        job = Job(events=str(events), port=sink.plain)
        load = parts.Load(job=job, batched=options.batched, single=options.single)
        with console.status("measuring"):
            for _ in range(options.runs):
                for figures in _measurements(load):
                    for name, value in figures.items():
                        seen[name].append(value)
    told = {
        name: {"value": statistics.median(all_), "least": min(all_), "most": max(all_)}
        for name, all_ in seen.items()
    }
    table = Table("figure", "median", "least", "most")
    for name, each in told.items():
        table.add_row(name, *(f"{each[key]:.4g}" for key in ("value", "least", "most")))
    console.print(table)
    if options.json:
        about = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, "
            f"Python {'.'.join(map(str, sys.version_info[:2]))}",
            "runs": options.runs,
        }
        options.json.write_text(json.dumps({"about": about, "figures": told}, indent=1) + "\n")


if __name__ == "__main__":
    main()
