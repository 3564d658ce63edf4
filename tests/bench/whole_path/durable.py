"""wharfinger through the durable inbox: accepted by one process, delivered by another."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.whole_path.inbox import Cost, Host, ended, until_delivered
from tests.bench.whole_path.mapping import connection_config
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.samples import without_end


def host_of(job: Job, folder: Path) -> Host:
    """Return a host with one connection to the sink."""
    config = connection_config(job.port, tls=job.tls, size=job.size, lanes=job.inflight)
    return Host(folder, {"bench": config}, job.environment())


@contextmanager
def removed_folder() -> Iterator[Path]:
    """Make a folder for an inbox, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="wharfinger-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def in_turn(job: Job, events: int) -> dict[str, Any]:
    """Measure ``accept``, and then ``run --once``; the start of each process is in the figures.

    Args:
        job: The connection, and where the events come from; its seconds are not looked at.
        events: How many.
    """
    with removed_folder() as folder:
        host = host_of(job, folder)
        began = time.perf_counter()
        accepting = ended(host.accept(islice(without_end(job.lines()), events)), began)
        running = ended(host.start("run", "--once", "--quiet"), began + accepting.took_s)
        took_s = time.perf_counter() - began
        return {
            **_figures(host, events, took_s, accepting, running),
            "accepted_per_s": events / accepting.took_s,
            "delivered_per_s": events / running.took_s,
        }


def at_once(job: Job, events: int) -> dict[str, Any]:
    """Measure ``accept`` while a worker that is there already delivers.

    Args:
        job: As for `in_turn`.
        events: How many.
    """
    with removed_folder() as folder:
        host = host_of(job, folder)
        with host.at_work() as worker:
            began = time.perf_counter()
            accepting = host.accept(islice(without_end(job.lines()), events))
            accepted = until_delivered(host, "bench", accepting, worker)
            took_s = time.perf_counter() - began
            worker.terminate()
            running = ended(worker)
        return _figures(host, events, took_s, accepted, running)


def _figures(
    host: Host, events: int, took_s: float, accepting: Cost, running: Cost
) -> dict[str, Any]:
    delivered = host.delivered("bench")
    cpu_s = accepting.cpu_s + running.cpu_s
    return {
        "events_per_s": delivered / took_s,
        "cpu_s_per_100k": cpu_s / events * 1e5,
        "accepting_cpu_s_per_100k": accepting.cpu_s / events * 1e5,
        "running_cpu_s_per_100k": running.cpu_s / events * 1e5,
        "cpu_cores": cpu_s / took_s,
        "peak_rss_mib": max(accepting.peak_rss_mib, running.peak_rss_mib),
        "events": delivered,
        "errors": events - delivered,
        "bytes_on_disk": host.bytes_on_disk(),
    }
