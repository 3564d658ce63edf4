"""Memory over many events through the durable inbox, looked at every few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from tests.bench.whole_path.durable import host_of, removed_folder
from tests.bench.whole_path.inbox import ended, rss_mib
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.samples import without_end

PAUSE_S = 5.0


def looks(job: Job, events: int) -> Iterator[dict[str, Any]]:
    """Let a worker deliver while events are accepted, until all are delivered.

    Args:
        job: The connection, and where the events come from.
        events: How many.

    Yields:
        What was seen, every few seconds and at the end.
    """
    with removed_folder() as folder:
        host = host_of(job, folder)
        with host.at_work() as worker:
            began = time.perf_counter()
            accepting = host.accept(islice(without_end(job.lines()), events))
            while accepting.returncode is None or host.behind("bench"):
                until = time.perf_counter() + PAUSE_S
                while time.perf_counter() < until and (
                    accepting.returncode is None or host.behind("bench")
                ):
                    time.sleep(0.2)
                    if accepting.returncode is None and rss_mib(accepting) == 0:
                        ended(accepting)
                accepted, done = host.come_to("bench")
                yield {
                    "seconds": round(time.perf_counter() - began, 1),
                    "accepted": accepted,
                    "delivered": done,
                    "accept_rss_mib": round(rss_mib(accepting), 1),
                    "run_rss_mib": round(rss_mib(worker), 1),
                    "disk_mib": round(host.bytes_on_disk() / 2**20),
                }
