"""The host on a real engine: workers are killed, and the laws of the laboratory still hold."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from tests.e2e.laboratory.checking import judge
from tests.e2e.laboratory.events import Planted
from tests.e2e.laboratory.evidence import take_evidence
from tests.e2e.laboratory.processes import Host, Simulator
from tests.e2e.laboratory.shop import write_shop

from wharfinger_host.engines.contract import Engine, LaneEvent
from wharfinger_host.engines.finding import engine_of

__all__ = ["CONNECTIONS", "LANES", "Shop", "shop_of"]

CONNECTIONS = ("shop", "north")
LANES = 8
_PATIENCE_S = 100.0
_ONCE = frozenset({"APIEvent-orders", "APIEvent-north", "APIEvent-greetings"})


@attrs.define
class Shop:
    """A host over an engine, and its vendor.

    Attributes:
        url: Of the engine.
        host: The commands.
        simulator: The vendor.
        planted: The events.
        options: Of every worker.
    """

    url: str
    host: Host
    simulator: Simulator
    planted: list[Planted]
    options: Sequence[str] = ()
    workers: list[subprocess.Popen[bytes]] = attrs.field(factory=list)

    def setup(self) -> Any:
        """Make the lanes, and return what the command says."""
        code, said = self.host.run("engine setup", "--json")
        assert code == 0, self.host.errors.read_text("utf-8")
        return json.loads(said)

    def publish(self, planted: Sequence[Planted]) -> None:
        """Publish events as a producer of one's own would."""
        events = [
            LaneEvent(each.id, str(each.event["userId"]), json.dumps(each.event).encode())
            for each in planted
        ]

        async def publish(engine: Engine) -> None:
            await engine.publish(events)

        self._ask(publish)

    def hire(self) -> subprocess.Popen[bytes]:
        """Start a worker."""
        worker = self.host.start("run", "--json", *self.options)
        self.workers.append(worker)
        return worker

    def kill(self) -> None:
        """End the oldest worker at once."""
        self.host.kill(self.workers.pop(0), "run")

    def until_delivered(self, count: int) -> None:
        """Wait until the vendor has answered so many requests."""
        until_s = time.monotonic() + _PATIENCE_S
        while self.simulator.count() < count and time.monotonic() < until_s:
            time.sleep(0.02)

    def finish(self) -> int:
        """Wait until the lanes are empty, let the workers leave, and return what waits then."""
        until_s = time.monotonic() + _PATIENCE_S
        while self.waiting() and time.monotonic() < until_s:
            time.sleep(0.1)
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            self.host.end(worker, "run")
        return self.waiting()

    def waiting(self) -> int:
        """Return how many events wait in the lanes."""
        found: list[int] = []

        async def look(engine: Engine) -> None:
            status = await engine.status(CONNECTIONS)
            found.append(sum(lane.waiting or 0 for lane in status.lanes))

        self._ask(look)
        return found[0]

    def broken(self, waiting: int) -> list[str]:
        """Return which laws of the laboratory are broken."""
        evidence = take_evidence(self.planted, self.host, self.simulator, waiting)
        # Lanes are worked on side by side, so the ledger's own order is that of no producer.
        place = {each.id: number for number, each in enumerate(self.planted)}
        evidence.inbox.sort(key=lambda line: place[line["event"]["messageId"]])
        return judge(evidence).broken

    def forget(self) -> None:
        """Go on on another machine, as it were: what was written down is not there."""
        for file in self.host.config.parent.glob("inbox.db*"):
            file.unlink()

    def entered(self) -> list[str]:
        """Return each journey event that must not be sent twice, as often as it was entered."""
        return [
            each["data"]["EventId"] + each["event_definition_key"]
            for each in self.simulator.look("entries")["entered"]
            if each["event_definition_key"] in _ONCE
        ]

    def _ask(self, question: Any) -> None:
        async def ask() -> None:
            engine = engine_of(self.url, LANES)
            try:
                await question(engine)
            finally:
                await engine.close()

        asyncio.run(ask())


def shop_of(url: str, folder: Path, planted: list[Planted]) -> Shop:
    """Return a shop whose simulator runs; `Host.close` and `Simulator.close` end it."""
    simulator = Simulator(folder)
    simulator.start()
    return Shop(url, Host(write_shop(folder, simulator.address)), simulator, planted)
