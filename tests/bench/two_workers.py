"""The rate of two worker processes as a multiple of one's: ``python -m tests.bench.two_workers``.

A worker has as many requests under way as its destination says, which is 4 here, and each lane one
batch. A ``budget`` is for all workers together, so it is left away: each would have half of it.
Where the vendor takes its time, the requests are what bounds a worker, and another one brings as
many more; where rows are so many to a request that the processor is what bounds it, another one
brings no more than there are cores. ``--rows`` chooses between the two: 10 to a request, 4 requests
and 20 ms are 2,000 events a second.

What counts is the time in which the second third of the events arrives, when the lanes are shared
out and none is empty. An engine has the events before its workers come. The inbox gets them when
its workers have shared the lanes out: there, a worker that has a lane takes thousands of events of
it at once, and gives it up only when those are delivered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Final

import attrs
import orjson
from tests.bench.whole_path.inbox import Host, cpu_s_of
from tests.bench.whole_path.mapping import connection_config
from tests.bench.whole_path.samples import _event
from tests.rabbitmq.nodes import Cluster, why_not

from wharfinger_host import terminal
from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.engines.finding import engine_of

__all__ = ["main"]

LANES: Final = 8
_CONNECTION: Final = "bench"
_POLL_S: Final = 0.05
_PATIENCE_S: Final = 120.0
_FROM, _TO = 1 / 3, 2 / 3
_AT_ONCE: Final = 2_000
_SEED: Final = 1


@attrs.define
class Sink:
    """The vendor."""

    port: int
    told: IO[str]
    said: IO[str]

    @property
    def rows(self) -> int:
        """How many rows it has taken."""
        self.told.write("\n")
        self.told.flush()
        return int(json.loads(self.said.readline())["rows"])


@attrs.frozen
class Rate:
    """One measurement."""

    events_per_s: float
    cpu_cores: float


@contextmanager
def _sink(vendor_ms: float) -> Iterator[Sink]:
    command = [sys.executable, "-m", "tests.bench.slow_sink", str(vendor_ms)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Sink(json.loads(process.stdout.readline())["port"], process.stdin, process.stdout)


def _events(count: int) -> list[LaneEvent]:
    drawn = random.Random(_SEED)
    found = []
    for number in range(count):
        event = _event(number, drawn)
        found.append(LaneEvent(event["messageId"], event["userId"], orjson.dumps(event)))
    return found


async def _publish(url: str, events: list[LaneEvent]) -> None:
    engine = engine_of(url, LANES)
    try:
        await engine.setup([_CONNECTION])
        for start in range(0, len(events), _AT_ONCE):
            await engine.publish(events[start : start + _AT_ONCE])
    finally:
        await engine.close()


def _measure(given: argparse.Namespace, url: str, workers: int) -> Rate:
    """Measure so many workers, each with a share of its own of the events.

    Args:
        given: What was asked for.
        url: Of the engine, or ``""`` for the inbox.
        workers: How many.
    """
    count = given.events * workers
    with ExitStack() as stack:
        sink = stack.enter_context(_sink(given.vendor_ms))
        config = connection_config(sink.port, tls=False, size=given.rows, lanes=LANES)
        del config["budget"]
        # Each machine has a file of its own, unless that is what is shared.
        environment = {**os.environ, **({"WHARFINGER_ENGINE": url} if url else {})}
        hosts = [
            Host(
                Path(stack.enter_context(tempfile.TemporaryDirectory())),
                {_CONNECTION: config},
                environment,
            )
            for _ in range(workers if url else 1)
        ]
        events = _events(count)
        if url:
            asyncio.run(_publish(url, events))
        processes = []
        for number in range(workers):
            process = hosts[number % len(hosts)].start("run", "--drain-s", "0")
            stack.callback(process.wait)
            stack.callback(process.terminate)
            processes.append(process)
        if not url:
            _wait(lambda: _shares(hosts[0]) == [LANES // workers] * workers, processes)
            if hosts[0].accept(event.raw for event in events).wait():
                raise RuntimeError("the inbox did not take the events")
        began_s, used_s = _until(sink, count * _FROM, processes)
        ended_s, after_s = _until(sink, count * _TO, processes)
    took_s = ended_s - began_s
    return Rate(count * (_TO - _FROM) / took_s, (after_s - used_s) / took_s)


def _until(
    sink: Sink, rows: float, processes: list[subprocess.Popen[bytes]]
) -> tuple[float, float]:
    """Wait until so many rows arrived; when that was, and what the workers had used."""
    _wait(lambda: sink.rows >= rows, processes)
    return time.perf_counter(), sum(map(cpu_s_of, processes))


def _wait(condition: Callable[[], bool], processes: list[subprocess.Popen[bytes]]) -> None:
    until_s = time.perf_counter() + _PATIENCE_S
    while not condition():
        if time.perf_counter() > until_s or any(each.poll() is not None for each in processes):
            raise RuntimeError("the workers do not come to an end")
        time.sleep(_POLL_S)


def _shares(host: Host) -> list[int]:
    """Return how many lanes of the inbox each worker has."""
    if not host.manned():
        return []
    with closing(sqlite3.connect(f"file:{host._db}?mode=ro", uri=True, timeout=30)) as db:
        rows = db.execute("SELECT count(*) FROM lanes WHERE owner != '' GROUP BY owner")
        return [int(count) for (count,) in rows]


def main() -> None:
    """Measure one and two workers in turn."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.two_workers")
    parser.add_argument("--engine", choices=("sqlite", "amqp"), default="sqlite")
    parser.add_argument("--vendor-ms", type=float, default=20.0)
    parser.add_argument("--rows", type=int, default=10, help="events in a request")
    parser.add_argument("--events", type=int, default=12_000, help="for each worker")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if given.engine == "amqp" and (reason := why_not()):
        parser.exit(2, f"{reason}\n")
    say = terminal.results().print
    with ExitStack() as stack:
        url = ""
        if given.engine == "amqp":
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            url = stack.enter_context(Cluster(Path(folder))).url
        ratios = []
        for run in range(given.runs):
            one, two = (
                _measure(given, url and f"{url}?space=b{run}x{workers}", workers)
                for workers in (1, 2)
            )
            ratios.append(two.events_per_s / one.events_per_s)
            say(
                f"{run + 1}: one {one.events_per_s:,.0f}/s ({one.cpu_cores:.2f} cores), two "
                f"{two.events_per_s:,.0f}/s ({two.cpu_cores:.2f} cores): {ratios[-1]:.2f} times"
            )
    say(f"median: {statistics.median(ratios):.2f} times")


if __name__ == "__main__":
    main()
