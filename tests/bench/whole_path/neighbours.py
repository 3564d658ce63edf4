"""What a connection loses by its neighbour: two connections in one process, one of them measured.

Both get the same events, as they do in a host with two destinations. In memory such a host decodes
an event once for both, so the neighbour is handed what the first connection has settled, decoded;
what it has no room for is let go. The neighbour is

===========  ==============================================================================
``none``     not there; the measure of what the others cost
``idle``     open, and its trigger takes none of the events
``busy``     as well as the first one; what then is left is what two connections cost
``silent``   at a vendor that never answers
``refused``  at a vendor that gives it no token, so that it is halted
===========  ==============================================================================
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import attrs
import orjson
from tests.bench.whole_path.durable import removed_folder
from tests.bench.whole_path.inbox import Host, cpu_s_of, until_delivered
from tests.bench.whole_path.mapping import connection_config
from tests.bench.whole_path.measure import Job, Meter, tell, timed
from tests.bench.whole_path.ours import count
from tests.bench.whole_path.samples import without_end

import wharfinger
from wharfinger_host.collecting import collecting_less

KINDS: Final = ("none", "idle", "busy", "silent", "refused")

_MOST_HANDED: Final = 1_000
_NEIGHBOURS_LANES: Final = 2
"""Fewer than would fill a worker's flow, so that what is too much for them is put aside."""


def neighbour_config(job: Job, port: int, kind: str) -> dict[str, Any]:
    """Return a connection of another tenant to another sink, with as many lanes as usual."""
    config = connection_config(port, tls=False, size=job.size, lanes=_NEIGHBOURS_LANES)
    config["settings"]["subdomain"] = "mc-other"
    if kind == "idle":
        config["mappings"]["contacts"]["trigger"] = 'type = "group"'
    return config


async def in_memory(job: Job, port: int, kind: str) -> dict[str, Any]:
    """Measure one stream beside another.

    Args:
        job: The first connection.
        port: Where the sink of its neighbour listens.
        kind: What the neighbour is like.
    """
    plugins = wharfinger.load_plugins()
    config = connection_config(job.port, tls=job.tls, size=job.size, lanes=job.inflight)
    lines = cycle(job.lines())
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(plugins.connect(config, name="first"))
        beside = _Beside()
        task = None
        if kind != "none":
            other = plugins.connect(neighbour_config(job, port, kind), name="other")
            await stack.enter_async_context(other)
            task = asyncio.create_task(beside.run(other))

        async def work(meter: Meter, until: float) -> None:
            async for settled in first.stream(_events(lines, until)):
                count(meter, settled.receipt)
                if task is not None:
                    beside.hand(settled.event)

        with collecting_less():
            figures = await timed(job, work)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
    return {**figures, "beside": beside.settled}


def _events(lines: Iterator[bytes], until: float) -> Iterator[Any]:
    for line in lines:
        yield orjson.loads(line)
        if time.perf_counter() >= until:
            return


@attrs.define
class _Beside:
    """The neighbour: gets each event that the first connection has settled, if it has room."""

    settled: int = 0
    _events: deque[Any] = attrs.field(factory=deque)
    _news: asyncio.Event = attrs.field(factory=asyncio.Event)

    def hand(self, event: Any) -> None:
        if len(self._events) < _MOST_HANDED:
            self._events.append(event)
            self._news.set()

    async def run(self, connection: wharfinger.Connection) -> None:
        async for _ in connection.stream(self._handed()):
            self.settled += 1

    async def _handed(self) -> AsyncIterator[Any]:
        while True:
            while self._events:
                yield self._events.popleft()
            self._news.clear()
            await self._news.wait()


def on_disk(job: Job, port: int, kind: str, events: int) -> dict[str, Any]:
    """Measure how long one connection of a worker takes for so many events.

    Args:
        job: The first connection.
        port: Where the sink of its neighbour listens.
        kind: What the neighbour is like.
        events: How many.
    """
    config = connection_config(job.port, tls=job.tls, size=job.size, lanes=job.inflight)
    connections: Mapping[str, Any] = {"first": config}
    if kind != "none":
        connections = {**connections, "other": neighbour_config(job, port, kind)}
    with removed_folder() as folder:
        host = Host(Path(folder), connections, job.environment())
        with host.at_work() as worker:
            began, used_s = time.perf_counter(), cpu_s_of(worker)
            accepting = host.accept(islice(without_end(job.lines()), events))
            until_delivered(host, "first", accepting, worker)
            took_s, used_s = time.perf_counter() - began, cpu_s_of(worker) - used_s
        delivered = host.delivered("first")
        return {"events_per_s": delivered / took_s, "cpu_s_per_100k": used_s / delivered * 1e5}


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    port, kind = told.pop("neighbour_port"), told.pop("kind")
    tell(asyncio.run(in_memory(Job(**told), port, kind)))
