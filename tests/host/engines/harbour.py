"""An engine of somebody else, in memory: what the contract says, and nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import attrs

from wharfinger_host.engines.contract import (
    DeadLetter,
    EngineDownError,
    EngineError,
    EngineFullError,
    Fetched,
    LaneEvent,
    LaneLostError,
    LaneStatus,
    Status,
)

__all__ = ["Harbour", "Water", "open_engine", "set_up"]


@attrs.define(eq=False)
class Lane:
    """Events of one lane."""

    events: list[LaneEvent] = attrs.field(factory=list)
    acked: int = 0
    given: int = 0
    holder: Berth | None = None


@attrs.define(eq=False)
class Water:
    """What all engines of one URL share."""

    lanes: dict[str, list[Lane]] = attrs.field(factory=dict)
    letters: list[tuple[str, DeadLetter]] = attrs.field(factory=list)
    workers: dict[str, set[object]] = attrs.field(factory=dict)
    most: int = 1_000_000
    down: bool = False


WATERS: dict[str, Water] = {}


def open_engine(url: str, lanes: int) -> Harbour:
    """Return an engine over the water that a URL names."""
    return Harbour(WATERS.setdefault(url, Water()), lanes)


def set_up(url: str, lanes: int, *connections: str) -> None:
    """Make the lanes of connections, in a process that has no other engine."""
    asyncio.run(open_engine(url, lanes).setup(connections))


@attrs.define(eq=False)
class Berth:
    """A lease."""

    water: Water
    connection: str
    lane: int
    epoch: int
    place: int
    stopped: bool = False

    @property
    def _lane(self) -> Lane:
        return self.water.lanes[self.connection][self.lane]

    @property
    def is_good(self) -> bool:
        return self._lane.holder is self

    async def fetch(self, most: int, wait_s: float) -> list[Fetched]:
        self._check()
        lane = self._lane
        if self.stopped or self.place >= len(lane.events):
            await asyncio.sleep(0)
            return []
        before, self.place = self.place, min(self.place + most, len(lane.events))
        batch = [
            Fetched(lane.events[n], n + 1, again=n < lane.given) for n in range(before, self.place)
        ]
        lane.given = max(lane.given, self.place)
        return batch

    async def ack(self, batch: Sequence[Fetched]) -> None:
        self._check()
        self._lane.acked = batch[-1].place

    async def dead(self, events: Sequence[Fetched], reason: str) -> None:
        self.water.letters += [
            (self.connection, DeadLetter(each.event, self.lane, reason)) for each in events
        ]

    async def stop(self) -> None:
        self.stopped = True

    async def release(self) -> None:
        if self.is_good:
            self._lane.holder = None

    def _check(self) -> None:
        if not self.is_good:
            raise LaneLostError("somebody else has the lane")


@attrs.define(eq=False)
class Harbour:
    """The engine."""

    water: Water
    lanes: int
    beat_s: float = 0.01
    lease_s: float = 600.0

    async def setup(self, connections: Sequence[str]) -> None:
        for name in connections:
            self.water.lanes.setdefault(name, [Lane() for _ in range(self.lanes)])

    async def status(self, connections: Sequence[str]) -> Status:
        self._up()
        rows = []
        for name in connections:
            for number in range(self.lanes):
                if name not in self.water.lanes:
                    rows.append(LaneStatus(name, number, None, False, "Run engine setup."))
                    continue
                lane = self.water.lanes[name][number]
                fetched = lane.holder.place if lane.holder else lane.acked
                rows.append(
                    LaneStatus(name, number, len(lane.events) - fetched, lane.holder is not None)
                )
        workers = {name: len(self.water.workers.get(name, ())) for name in connections}
        names = [name for name, _ in self.water.letters]
        return Status(tuple(rows), workers, {name: names.count(name) for name in connections})

    async def publish(self, events: Sequence[LaneEvent]) -> None:
        await self._put(self.water.lanes.values(), events)

    async def publish_to(self, connection: str, events: Sequence[LaneEvent]) -> None:
        await self._put([self.water.lanes[connection]], events)

    async def _put(self, all_lanes: Iterable[list[Lane]], events: Sequence[LaneEvent]) -> None:
        self._up()
        if any(len(x.events) >= self.water.most for lanes in all_lanes for x in lanes):
            raise EngineFullError("The harbour is full.")
        for lanes in all_lanes:
            for event in events:
                lanes[event.lane(self.lanes)].events.append(event)

    async def acquire(self, connection: str, lane: int) -> Berth | None:
        self._up()
        if connection not in self.water.lanes:
            raise EngineError("Run engine setup.")
        found = self.water.lanes[connection][lane]
        if found.holder is not None:
            return None
        found.holder = Berth(self.water, connection, lane, 1, found.acked)
        return found.holder

    async def workers(self, connection: str) -> int:
        self._up()
        self.water.workers.setdefault(connection, set()).add(self)
        return len(self.water.workers[connection])

    async def letters(self, connection: str, most: int) -> list[DeadLetter]:
        return [letter for name, letter in self.water.letters if name == connection][:most]

    async def close(self) -> None:
        for workers in self.water.workers.values():
            workers.discard(self)

    def _up(self) -> None:
        if self.water.down:
            raise EngineDownError("The harbour does not answer.")
