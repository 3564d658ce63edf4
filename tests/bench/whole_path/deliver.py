"""wharfinger in memory: JSON Lines, ``deliver`` batch by batch, receipts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import orjson
from tests.bench.whole_path.measure import Job, Meter, tell, timed
from tests.bench.whole_path.ours import count, opened

import wharfinger


async def measure(job: Job) -> dict[str, Any]:
    """Measure as many calls of ``deliver`` side by side as requests are to be under way."""
    chunks = job.chunks()
    async with opened(job, lanes=1) as connection:

        async def work(meter: Meter, until: float) -> None:
            lanes = (_lane(connection, chunks, meter, until) for _ in range(job.inflight))
            await asyncio.gather(*lanes)

        return await timed(job, work)


async def _lane(
    connection: wharfinger.Connection, chunks: Iterator[list[bytes]], meter: Meter, until: float
) -> None:
    due = True
    while due:
        events = [orjson.loads(line) for line in next(chunks)]
        for receipt in await connection.deliver(events):
            count(meter, receipt)
        due = time.perf_counter() < until


if __name__ == "__main__":
    tell(asyncio.run(measure(Job.given())))
