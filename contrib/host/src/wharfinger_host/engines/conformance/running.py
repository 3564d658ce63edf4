"""One trial: an engine set up, a vendor, workers as processes, and what was counted."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import attrs

from wharfinger_host.engines.conformance.vendor import Counts, Vendor, events_of
from wharfinger_host.engines.conformance.worker import CONNECTION, environment
from wharfinger_host.engines.contract import Engine, EngineDownError, EngineFullError, LaneEvent
from wharfinger_host.engines.finding import engine_of

__all__ = ["Nodes", "Trial", "run_scenario"]

_PUBLISH_S: Final = 60.0
_WORKER: Final = "from wharfinger_host.engines.conformance.worker import main; main()"


class Nodes(Protocol):
    """The nodes that an engine consists of, for a scenario that kills one of them."""

    async def kill(self) -> None:
        """End one node at once, as by a loss of power."""

    async def restore(self) -> None:
        """Start it again, and wait until it is one of them."""


@attrs.define(eq=False, kw_only=True)
class Trial:
    """What a scenario acts on.

    Attributes:
        url: Of the engine; ``{run}`` in it becomes another name for each trial.
        nodes: Kills nodes; None where the engine has none.
        count: How many events.
        contacts: About how many contacts.
        lanes: How many lanes.
        batch: Events in a batch.
        latency_s: Seconds the vendor takes to answer.
        patience_s: Seconds without anything new after which the rest counts as lost.
        poison_every: Each of these is refused; 0 for none.
        crashes: How many workers and nodes the scenario has ended so far.
    """

    url: str
    nodes: Nodes | None = None
    count: int = 6_000
    contacts: int = 300
    lanes: int = 8
    batch: int = 50
    latency_s: float = 0.04
    patience_s: float = 60.0
    poison_every: int = 0
    crashes: int = 0
    vendor: Vendor = attrs.field(init=False)
    engine: Engine = attrs.field(init=False)
    events: list[LaneEvent] = attrs.field(init=False)
    _workers: list[asyncio.subprocess.Process] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.vendor = Vendor(self.latency_s)
        self.events = events_of(self.count, self.contacts, self.poison_every)
        self.url = self.url.replace("{run}", f"run{secrets.token_hex(4)}")

    @property
    def duplicates_allowed(self) -> int:
        """Two batches for each lane and each end that nobody announced."""
        return 2 * self.batch * self.lanes * self.crashes

    async def begin(self) -> None:
        """Set the engine up."""
        await self.vendor.listen()
        self.engine = engine_of(self.url, self.lanes)
        await self.engine.setup([CONNECTION])

    async def publish(self, pause_s: float = 0.0, at_once: int = 1_000) -> None:
        """Publish all events, again and again where the engine does not take them.

        Args:
            pause_s: Seconds between two calls.
            at_once: Events in a call.
        """
        for start in range(0, len(self.events), at_once):
            await self._insist(self.events[start : start + at_once])
            await asyncio.sleep(pause_s)

    async def _insist(self, events: Sequence[LaneEvent]) -> None:
        until_s = time.monotonic() + _PUBLISH_S
        while True:
            try:
                return await self.engine.publish(events)
            except (EngineDownError, EngineFullError):
                if time.monotonic() > until_s:
                    raise
                await asyncio.sleep(0.1)

    async def hire(self) -> int:
        """Start a worker, and return its number."""
        told = environment(self.url, lanes=self.lanes, port=self.vendor.port, batch=self.batch)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WORKER, env={**os.environ, **told}
        )
        self._workers.append(process)
        return len(self._workers) - 1

    async def kill(self, number: int) -> None:
        """End a worker at once."""
        self.crashes += 1
        self._workers[number].kill()
        await self._workers[number].wait()

    def hang(self, number: int) -> None:
        """Let a worker do nothing from now on, without an end."""
        self.crashes += 1
        self._workers[number].send_signal(signal.SIGSTOP)

    def wake(self, number: int) -> None:
        """Let it go on."""
        self._workers[number].send_signal(signal.SIGCONT)

    async def dismiss(self, number: int) -> None:
        """Ask a worker to leave, and wait until it has."""
        self._workers[number].terminate()
        await self._workers[number].wait()

    async def until(self, share: float) -> bool:
        """Wait until a share of the events arrived, and tell whether they did."""
        return await self.vendor.until(share * len(self.events), self.patience_s)

    async def end(self) -> Counts:
        """Wait for the last event, end everything, and count."""
        await self.until(1.0)
        for number, process in enumerate(self._workers):
            if process.returncode is None:
                self.wake(number)
                await self.dismiss(number)
        found = await self.engine.letters(CONNECTION, len(self.events) * 2)
        return self.vendor.counts(self.events, [letter.event.id for letter in found])

    async def close(self) -> None:
        """End what is left, whatever happened."""
        for process in self._workers:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        await self.vendor.close()
        await self.engine.close()


async def run_scenario(trial: Trial, scenario: Callable[[Trial], Awaitable[None]]) -> Counts:
    """Run a scenario, and return what was counted.

    Args:
        trial: Fresh.
        scenario: One of `SCENARIOS`, or your own.
    """
    await trial.begin()
    try:
        await scenario(trial)
        return await trial.end()
    finally:
        await trial.close()
