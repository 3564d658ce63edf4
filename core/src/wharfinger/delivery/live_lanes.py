"""Lanes that fill while they send: batches close by rows, bytes or age.

A lane has one batch under way at most, so payloads with the same order key never overtake each
other. It costs a task while it sends, a timer while its payloads wait for company, and nothing
otherwise: a lane without work is forgotten.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable
from typing import Any, Final, Protocol

import attrs
import stamina

from wharfinger.delivery.lanes import (
    HELD_BACK_OUTCOME,
    Item,
    LanedBatch,
    batch_of,
    limits_of,
)
from wharfinger.model.batching import BatchPolicy, Unbatched
from wharfinger.model.outcome import Outcome, Status

__all__ = ["LANE_FULL", "Clock", "LiveLane", "LiveLanes", "Timer", "running_clock"]

LANE_FULL: Final = Outcome(
    status=Status.RETRY,
    code="lane-full",
    message="Nothing was sent: too many events wait for the same place at the vendor. Put this one "
    "again when they are through.",
)


class Timer(Protocol):
    """Something that will be called back."""

    def cancel(self) -> None:
        """Do not call back."""


class Clock(Protocol):
    """Tells the time in seconds and calls back after some; an event loop is one."""

    def time(self) -> float:
        """Return seconds that never go back."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call back once after so many seconds."""


@attrs.frozen
class _Hurried:
    """The clock where tests turned waits off: what is waited for comes at once."""

    _loop: asyncio.AbstractEventLoop

    def time(self) -> float:
        return self._loop.time()

    def call_later(self, _delay: float, callback: Callable[[], object], /) -> Timer:
        return self._loop.call_soon(callback)


def running_clock() -> Clock:
    """Return the clock of the running event loop, under stamina's switch for tests."""
    loop = asyncio.get_running_loop()
    return _Hurried(loop) if stamina.is_testing() else loop


class LiveLanes:
    """The lanes of one mapping.

    Args:
        policy: How many payloads and bytes make a batch, how long a payload waits for company, and
            how many lanes a batch key has.
        send: Sends one batch of a lane and sees to its outcomes; raises nothing.
        spawn: Starts a task for a lane.
        clock: Tells when a batch is old enough.
        most_waiting: Payloads that may wait in one lane; None if any number may.
        slow_s: Seconds that the oldest payload of a lane has waited before more are too many.
    """

    def __init__(
        self,
        policy: BatchPolicy | Unbatched,
        *,
        send: Callable[[LiveLane, LanedBatch], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        clock: Clock,
        most_waiting: int | None = None,
        slow_s: float = 0.0,
    ) -> None:
        self.rows, self.bytes = limits_of(policy)
        self.age_s = policy.age_s if isinstance(policy, BatchPolicy) else 0.0
        self.most_waiting = most_waiting
        self.slow_s = slow_s
        self.send = send
        self.spawn = spawn
        self.clock = clock
        self.hurried = False
        self._number = policy.lanes
        self._free = 0
        self._lanes: dict[tuple[Hashable, int], LiveLane] = {}
        self._held: Counter[tuple[Hashable, Hashable]] = Counter()

    def __len__(self) -> int:
        return len(self._lanes)

    def add(self, item: Item) -> Outcome | None:
        """Take a payload, or say why it is given back.

        Once a lane is full it takes nothing until all that waits in it has been sent, so that no
        later payload overtakes one that was given back.
        """
        if self._held and (item.batch_key, item.order_key) in self._held:
            return HELD_BACK_OUTCOME
        place = item.batch_key, self._lane_of(item.order_key)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = LiveLane(self, place)
        elif lane.is_full():
            return LANE_FULL
        lane.add(item)
        return None

    def _lane_of(self, order_key: Hashable) -> int:
        if self._number == 1:
            return 0
        if order_key is None:
            # One lane after the other, but a batch at a time: all at once they would fill slowly.
            self._free += 1
            return (self._free - 1) // self.rows % self._number
        return hash(order_key) % self._number  # equal keys, equal hashes: 1 and 1.0 are one key

    def hold(self, batch_key: Hashable, order_key: Hashable) -> None:
        """Take nothing with these keys until it is released as often as it was held."""
        self._held[batch_key, order_key] += 1

    def release(self, batch_key: Hashable, order_key: Hashable) -> None:
        """Undo one `hold`."""
        self._held[batch_key, order_key] -= 1
        if not self._held[batch_key, order_key]:
            del self._held[batch_key, order_key]

    def shed(self, most: float) -> list[Item]:
        """Take out of slow lanes what is too much for them, the last that came.

        Args:
            most: Payloads to take out at most.
        """
        shed: list[Item] = []
        for lane in self._lanes.values():
            shed += lane.shed(most - len(shed))
        return shed

    def ripen(self) -> None:
        """Send what waits for company, as if it were old enough."""
        for lane in tuple(self._lanes.values()):
            lane.ripen()

    def hurry(self) -> None:
        """Let nothing wait for company any more."""
        self.hurried = True
        self.ripen()

    def stop(self) -> None:
        """Forget every lane; who started their tasks ends them."""
        for lane in self._lanes.values():
            lane.stop()
        self._lanes.clear()

    def forget(self, place: tuple[Hashable, int]) -> None:
        """Forget a lane without work."""
        self._lanes.pop(place, None)


class LiveLane:
    """One line of payloads, of which the first few are on their way."""

    def __init__(self, lanes: LiveLanes, place: tuple[Hashable, int]) -> None:
        self._lanes = lanes
        self._place = place
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._sends = False
        self._ripe = False
        self._full = False
        self._timer: Timer | None = None

    def add(self, item: Item) -> None:
        """Take a payload, and send a batch as soon as one is due."""
        lanes = self._lanes
        item.since_s = lanes.clock.time()
        self._items.append(item)
        self._bytes += item.size
        if self._sends:
            return
        if self._closes():
            self._start()
        elif self._timer is None:
            self._timer = lanes.clock.call_later(lanes.age_s, self.ripen)

    def is_full(self) -> bool:
        """Tell whether payloads are given back; once full, until nothing waits any more."""
        most = self._lanes.most_waiting
        if most is not None and not self._full and len(self._items) >= most:
            self._full = self._is_slow()
        return self._full

    @property
    def gives_back(self) -> bool:
        """Whether it was found full, and has not emptied since."""
        return self._full

    def shed(self, most: float) -> list[Item]:
        """Take out what is too much, the last that came, and so many at most; it is full then."""
        stays = self._lanes.most_waiting
        if stays is None or len(self._items) <= stays or not self._is_slow():
            return []
        self._full = True
        number = int(min(len(self._items) - stays, max(0, most)))
        shed = [self._items.pop() for _ in range(number)]
        self._bytes -= sum(item.size for item in shed)
        return shed[::-1]

    def _is_slow(self) -> bool:
        lanes = self._lanes
        return not lanes.slow_s or lanes.clock.time() - self._items[0].since_s >= lanes.slow_s

    def withdraw(self, order_keys: Collection[Hashable]) -> list[Item]:
        """Take what waits under these order keys out of the lane."""
        withdrawn = [item for item in self._items if item.order_key in order_keys]
        if withdrawn:
            self._items = deque(i for i in self._items if i.order_key not in order_keys)
            self._bytes -= sum(item.size for item in withdrawn)
        return withdrawn

    def ripen(self) -> None:
        """Send what waits for company, as if it were old enough."""
        self._ripe = True
        self._start()

    def _start(self) -> None:
        """Send, unless something is under way: then what waits has its turn after it."""
        if self._sends:
            return
        self._sends = True
        self.stop()
        self._lanes.spawn(self._work())

    def stop(self) -> None:
        """Be called back no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _work(self) -> None:
        lanes = self._lanes
        while self._items and self._is_due():
            await lanes.send(self, self._take())
        self._sends = False
        if self._items:
            age_s = lanes.clock.time() - self._items[0].since_s
            self._timer = lanes.clock.call_later(lanes.age_s - age_s, self.ripen)
        else:
            lanes.forget(self._place)

    def _closes(self) -> bool:
        """Tell whether what waits makes a whole batch."""
        lanes = self._lanes
        return len(self._items) >= lanes.rows or self._bytes >= lanes.bytes or lanes.hurried

    def _is_due(self) -> bool:
        if self._ripe or self._closes():
            return True
        return self._lanes.clock.time() - self._items[0].since_s >= self._lanes.age_s

    def _take(self) -> LanedBatch:
        """Take the next batch off the line."""
        self._ripe = False
        items, lanes = self._items, self._lanes
        run = [items.popleft()]
        size = run[0].size
        while items and len(run) < lanes.rows and size + items[0].size <= lanes.bytes:
            size += items[0].size
            run.append(items.popleft())
        self._bytes -= size
        return batch_of(self._place[0], run)
