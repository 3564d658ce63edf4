"""The same by events, one after the other, on a clock of its own: does the arithmetic hold?

Lanes take what has come to them, a batch at a time, and send it to a vendor that takes its time.
Nothing here knows the formulas of `tests.bench.capacity.model`.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from typing import Any

import attrs
import simpy
from tests.bench.capacity.model import Throttle

__all__ = ["Away", "Seen", "Setup", "chance", "simulate", "steady"]

Steps = Generator[simpy.Event, Any, Any]


@attrs.frozen
class Away:
    """Lanes that nobody works on for a while.

    Attributes:
        since_s: When their worker is lost; what it has under way is sent again.
        until_s: When others have them.
        lanes: Which; those of a vendor that is down are all of them.
    """

    since_s: float
    until_s: float
    lanes: range


@attrs.frozen(kw_only=True)
class Setup:
    """What is simulated.

    Attributes:
        arrivals: For each lane, when its events come, in seconds; sorted.
        rows: Events in a request, at most.
        latency_s: Seconds that a request takes.
        parallel: Requests under way at once.
        away: What goes wrong.
        throttle: What the vendor takes; None for everything.
    """

    arrivals: Sequence[Sequence[float]]
    rows: int
    latency_s: float
    parallel: int
    away: Away | None = None
    throttle: Throttle | None = None


@attrs.define
class Seen:
    """What came of it.

    Attributes:
        events: How many were delivered.
        requests: How many requests went well.
        refused: How many were answered with 429.
        repeated: Events that were sent twice because their worker was lost.
        ended_s: When the last was delivered.
        waited_s: The sum of what events waited before they were sent.
        longest_s: The longest of these waits.
        calm_s: When, after something was away, no event had to wait for more than two requests.
        by_lane: How many each lane delivered.
    """

    events: int = 0
    requests: int = 0
    refused: int = 0
    repeated: int = 0
    ended_s: float = 0.0
    waited_s: float = 0.0
    longest_s: float = 0.0
    calm_s: float = 0.0
    by_lane: list[int] = attrs.field(factory=list)

    @property
    def events_per_s(self) -> float:
        """The rate from the beginning to the last."""
        return self.events / self.ended_s

    @property
    def mean_wait_s(self) -> float:
        """What an event waited before it was sent."""
        return self.waited_s / self.events


def steady(count: int, events_per_s: float = 0.0) -> list[float]:
    """Return events that come one after the other; all at once where no rate is given."""
    return [number / events_per_s if events_per_s else 0.0 for number in range(count)]


def chance(count: int, events_per_s: float, seed: int) -> list[float]:
    """Return events that come by chance (Poisson); the same ones for the same seed."""
    drawn, moment, moments = random.Random(seed), 0.0, []
    for _ in range(count):
        moment += drawn.expovariate(events_per_s)
        moments.append(moment)
    return moments


def simulate(setup: Setup) -> Seen:
    """Let everything arrive and be delivered."""
    world = simpy.Environment()
    seen = Seen(by_lane=[0] * len(setup.arrivals))
    vendor = _Vendor(world, setup)
    for number in range(len(setup.arrivals)):
        lane = _Lane(world=world, setup=setup, vendor=vendor, seen=seen, number=number)
        world.process(lane.work())
    world.run()
    seen.refused = vendor.refused
    return seen


class _Vendor:
    """Answers, some requests at once, and refuses what is too much."""

    def __init__(self, world: simpy.Environment, setup: Setup) -> None:
        self.refused = 0
        self._world = world
        self._setup = setup
        self._room = simpy.Resource(world, setup.parallel)
        self._opened_s = -float("inf")
        self._taken = 0
        self._paused_until_s = 0.0

    def answer(self) -> Steps:
        """Wait for a place and a reply; return when the request that went well was sent."""
        while True:
            with self._room.request() as place:
                yield place
                while self._paused_until_s > self._world.now:
                    yield self._world.timeout(self._paused_until_s - self._world.now)
                sent_s, takes = self._world.now, self._takes()
                yield self._world.timeout(self._setup.latency_s)
                if takes:
                    return sent_s
                self._refuse()

    def _takes(self) -> bool:
        throttle = self._setup.throttle
        if throttle is None:
            return True
        if self._world.now >= self._opened_s + throttle.window_s:
            self._opened_s, self._taken = self._world.now, 0
        self._taken += 1
        return self._taken <= throttle.calls

    def _refuse(self) -> None:
        assert self._setup.throttle
        self.refused += 1
        until_s = self._world.now + self._setup.throttle.pause_s
        self._paused_until_s = max(self._paused_until_s, until_s)


@attrs.define(eq=False, kw_only=True)
class _Lane:
    """Takes what has come to it, a batch at a time."""

    world: simpy.Environment
    setup: Setup
    vendor: _Vendor
    seen: Seen
    number: int

    def work(self) -> Steps:
        """Send everything."""
        world, arrivals, away = self.world, self.setup.arrivals[self.number], self.setup.away
        if away and self.number not in away.lanes:
            away = None
        done = 0
        while done < len(arrivals):
            if arrivals[done] > world.now:
                yield world.timeout(arrivals[done] - world.now)
            if away and away.since_s <= world.now < away.until_s:
                yield world.timeout(away.until_s - world.now)
            end = done + 1
            while end < min(len(arrivals), done + self.setup.rows) and arrivals[end] <= world.now:
                end += 1
            sent_s = yield from self.vendor.answer()
            if away and sent_s < away.since_s <= world.now:  # nobody heard the reply
                self.seen.repeated += end - done
                continue
            self._note(arrivals[done:end], sent_s)
            done = end

    def _note(self, batch: Sequence[float], sent_s: float) -> None:
        seen, longest_s = self.seen, sent_s - batch[0]
        seen.events += len(batch)
        seen.requests += 1
        seen.by_lane[self.number] += len(batch)
        seen.ended_s = self.world.now
        seen.waited_s += sum(sent_s - arrived_s for arrived_s in batch)
        seen.longest_s = max(seen.longest_s, longest_s)
        if self.setup.away and longest_s > 2 * self.setup.latency_s:
            seen.calm_s = self.world.now
