"""A worker of the suite: a process that holds lanes and delivers to the vendor of the suite.

What it needs is in its environment, because a command line with a password can be read by all.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Sequence

import attrs
import orjson

from wharfinger_host.engines.contract import Fetched, Lease
from wharfinger_host.engines.finding import engine_of
from wharfinger_host.engines.holding import Holder

__all__ = ["CONNECTION", "Delivery", "environment", "main"]

CONNECTION = "conformance"
_URL, _LANES, _PORT, _BATCH = (
    "WHARFINGER_CONFORMANCE_ENGINE",
    "WHARFINGER_CONFORMANCE_LANES",
    "WHARFINGER_CONFORMANCE_VENDOR",
    "WHARFINGER_CONFORMANCE_BATCH",
)


def environment(url: str, *, lanes: int, port: int, batch: int) -> dict[str, str]:
    """Return what a worker has to be told.

    Args:
        url: Of the engine.
        lanes: How many there are.
        port: Of the vendor.
        batch: Events in a batch.
    """
    return {_URL: url, _LANES: str(lanes), _PORT: str(port), _BATCH: str(batch)}


@attrs.define(eq=False)
class Delivery:
    """Posts batches.

    Attributes:
        port: Of the vendor.
        name: What the vendor knows this worker by.
    """

    port: int
    name: str = attrs.field(factory=lambda: secrets.token_hex(4))
    _ways: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = attrs.field(factory=dict)

    async def work(self, lease: Lease, batch: Sequence[Fetched]) -> bool:
        """Post a batch, and make dead letters of what is refused."""
        if lease.lane not in self._ways:
            self._ways[lease.lane] = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._ways[lease.lane]
        events = [orjson.loads(each.event.raw) for each in batch]
        if not lease.is_good:
            return False
        said = {"worker": self.name, "lane": lease.lane, "events": events}
        writer.write(orjson.dumps(said) + b"\n")
        await writer.drain()
        refused = orjson.loads(await reader.readline())
        if refused:
            await lease.dead([batch[index] for index in refused], "It is poison.")
        return True


async def _work() -> None:
    engine = engine_of(os.environ[_URL], int(os.environ[_LANES]))
    holder = Holder(
        engine=engine,
        connection=CONNECTION,
        work=Delivery(int(os.environ[_PORT])).work,
        most=int(os.environ[_BATCH]),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, holder.end)
    try:
        await holder.run()
    finally:
        await engine.close()


def main() -> None:
    """Work until SIGTERM."""
    # That an engine is gone is what the suite is about; its client need not say so.
    logging.getLogger().addHandler(logging.NullHandler())
    asyncio.run(_work())
