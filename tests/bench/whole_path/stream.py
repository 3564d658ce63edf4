"""wharfinger in memory: JSON Lines, one ``stream`` without an end, each receipt as it settles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import orjson
from tests.bench.whole_path.measure import Job, Meter, tell, timed
from tests.bench.whole_path.ours import count, opened


async def measure(job: Job) -> dict[str, Any]:
    """Measure a stream with as many lanes as requests are to be under way."""
    lines = cycle(job.lines())
    async with opened(job, lanes=job.inflight) as connection:

        async def work(meter: Meter, until: float) -> None:
            stream = connection.stream(_events(lines, until), most_waiting=_most_waiting(job))
            async for settled in stream:
                count(meter, settled.receipt)

        return await timed(job, work)


def _most_waiting(job: Job) -> int:
    """Return enough for every lane to be full, and not so much that the end takes long."""
    return min(10_000, 20 * max(job.size, 1) * job.inflight)


def _events(lines: Iterator[bytes], until: float) -> Iterator[Any]:
    for line in lines:
        yield orjson.loads(line)
        if time.perf_counter() >= until:
            return


if __name__ == "__main__":
    tell(asyncio.run(measure(Job.given())))
