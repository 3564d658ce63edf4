"""What the two ways through a connection share: a connection, open, to the sink."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.whole_path.mapping import connection_config
from tests.bench.whole_path.measure import Job, Meter

import wharfinger
from wharfinger_host.collecting import collecting_less


def connection_to(job: Job, *, lanes: int, name: str = "bench") -> wharfinger.Connection:
    """Return a connection whose account bears as many requests at once as the job asks for."""
    config = connection_config(
        job.port, tls=job.tls, size=job.size, lanes=lanes, parallel=job.inflight
    )
    return wharfinger.load_plugins().connect(config, name=name)


@asynccontextmanager
async def opened(job: Job, *, lanes: int) -> AsyncIterator[wharfinger.Connection]:
    """Open it; the collector looks less often, as in the commands of the host."""
    async with connection_to(job, lanes=lanes) as connection:
        with collecting_less():
            yield connection


def count(meter: Meter, receipt: wharfinger.Receipt) -> None:
    """Count one event."""
    if receipt.outcomes["contacts"].status is wharfinger.Status.DELIVERED:
        meter.done += 1
    else:
        meter.failed += 1
