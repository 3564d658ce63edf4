"""Asking what processes share, and going on alone while nobody answers."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from wharfinger.delivery.answers import done, place_in, standing_in
from wharfinger.delivery.budget import Budget
from wharfinger.delivery.shared import Place, SharedState
from wharfinger.errors import SharedStateError

__all__ = ["LOOK_EVERY_S", "Asking", "SharedTenant"]

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
"""Seconds after which a pause that others were asked for is known here, at most."""
_PATIENCE_S: Final = 2.0
_AGAIN_AFTER_S: Final = 3.0
_LATE_S: Final = 0.1
_LATE_PART: Final = 0.1
"""Of the time between two calls: what is late by so little is within what headroom is for."""
_SLOWER_S: Final = 0.01
"""So much later than the quickest of late an answer may be and be usual, answer by answer."""
_MOST_PLACES: Final = 5

_Answer = TypeVar("_Answer")


class Asking:
    """Asks a shared state; where it does not answer, nobody asks it for a while.

    Args:
        state: What is asked.
        clock: Gives seconds that never go back.
    """

    def __init__(self, state: SharedState, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.state = state
        self.clock = clock
        self._again_at: float | None = None
        self._lock = threading.Lock()

    async def ask(
        self,
        question: Callable[[SharedState], Awaitable[Any]],
        believed: Callable[[Any], _Answer],
    ) -> _Answer | None:
        """Return the answer; None where there is none, which is said once.

        Args:
            question: What is asked.
            believed: Makes of what comes back the answer; raises where that cannot be one.
        """
        if self._again_at is not None and not self._may_try():
            return None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = believed(await question(self.state))
        except Exception as error:  # noqa: BLE001  # whatever it is, deliveries go on
            self._lost(error)
            return None
        if self._again_at is not None:
            self._found()
        return answer

    def _may_try(self) -> bool:
        """Let one call of many find out whether it answers again."""
        with self._lock:
            now = self.clock()
            if self._again_at is None or now < self._again_at:
                return self._again_at is None
            self._again_at = now + _AGAIN_AFTER_S
            return True

    def _lost(self, error: Exception) -> None:
        with self._lock:
            first, self._again_at = self._again_at is None, self.clock() + _AGAIN_AFTER_S
        if first:
            # The text of an error that nobody wrote for people may hold an address with a password.
            reason = type(error).__name__
            if isinstance(error, SharedStateError):
                reason = str(error)
            elif isinstance(error, TimeoutError):
                reason = "It does not answer in time."
            logger.warning(
                "What workers share of a tenant cannot be asked: %s Deliveries go on, with a share "
                "of the budget and tokens of their own.",
                reason if reason.endswith(".") else f"{reason}.",
            )

    def _found(self) -> None:
        with self._lock:
            was_lost, self._again_at = self._again_at is not None, None
        if was_lost:
            logger.warning("What workers share of a tenant answers again.")


class SharedTenant:
    """What is shared of one tenant.

    Args:
        asking: Asks it.
        name: The tenant's name in every process.
        clock: Gives seconds that never go back.

    Attributes:
        workers: How many processes call the tenant, as far as it is known.
    """

    def __init__(
        self, asking: Asking, name: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.asking = asking
        self.name = name
        self.workers = max(1, asking.state.fewest_workers)
        self._left: tuple[int, int | None] = 0, None
        self._clock = clock
        self._look_at = clock()
        self._told_until = clock()
        self._telling: set[asyncio.Task[None]] = set()
        self._usual_s = math.inf

    async def look(self) -> float | None:
        """Return the seconds of a pause that all processes keep; None where it was not looked.

        It is looked now and then only.
        """
        if (now := self._clock()) < self._look_at:
            return None
        self._look_at = now + LOOK_EVERY_S
        standing = await self.asking.ask(lambda state: state.look(self.name), standing_in)
        if standing is None:
            return None
        self.workers = max(1, self.asking.state.fewest_workers, standing.workers)
        self._told_until = max(self._told_until, self._clock() + standing.paused_s)
        return standing.paused_s

    async def place(
        self,
        budget: Budget,
        longest_wait_s: float,
        *,
        day: int,
        sleep: Callable[[float], Awaitable[None]],
    ) -> Place | None:
        """Take the next place of all processes, and wait for it; None where nobody answers.

        Where this process is late for its place, because it or the store is busy, that one is over
        and the next one is taken: what left late, beside those in time, would be too much. What
        every answer takes makes nobody late: all are by as much, and stay as far apart.

        Args:
            budget: Of all processes.
            longest_wait_s: A place that is further away is not taken.
            day: The number of this day of UTC.
            sleep: Waits so many seconds.
        """
        spacing_s = 60.0 / budget.own_per_minute if budget.own_per_minute else 0.0
        may_be_late_s = max(_LATE_S, spacing_s * _LATE_PART)
        for _ in range(_MOST_PLACES):
            asked_at = self._clock()
            place = await self._reserve(spacing_s, budget.own_per_day, longest_wait_s, day)
            if place is None or not place.taken:
                break
            self._usual_s = min(self._clock() - asked_at, self._usual_s + _SLOWER_S)
            if place.wait_s > 0:
                await sleep(place.wait_s)
            if self._clock() - asked_at - self._usual_s - place.wait_s <= may_be_late_s:
                break
        return place

    async def _reserve(
        self, spacing_s: float, per_day: int | None, longest_wait_s: float, day: int
    ) -> Place | None:
        place = await self.asking.ask(
            lambda state: state.reserve(
                self.name, spacing_s=spacing_s, per_day=per_day, longest_wait_s=longest_wait_s
            ),
            lambda answer: place_in(answer, longest_wait_s),
        )
        self._left = day, place.left_today if place is not None else None
        return place

    def left_on(self, day: int) -> int | None:
        """Return what a day has left, as it was said last; None where nobody said."""
        return self._left[1] if self._left[0] == day else None

    def pause(self, seconds: float) -> None:
        """Let the others know of a pause, without waiting until they do."""
        if seconds <= 0 or (until := self._clock() + seconds) <= self._told_until:
            return
        self._told_until = until
        self._send(seconds)

    def remind(self, kept_s: float, rest_s: float) -> None:
        """Let the others know once more of a pause that the store does not know, or forgot.

        Args:
            kept_s: What the store says is left of one.
            rest_s: What is left of it.
        """
        if rest_s > kept_s + LOOK_EVERY_S:
            self._send(rest_s)

    def _send(self, seconds: float) -> None:
        try:
            task = asyncio.get_running_loop().create_task(self._tell(seconds))
        except RuntimeError:
            return  # outside of an event loop nothing is sent either
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, seconds: float) -> None:
        await self.asking.ask(lambda state: state.pause(self.name, seconds), done)

    async def told(self) -> None:
        """Wait until the others can know of every pause that was asked for in this event loop."""
        loop = asyncio.get_running_loop()
        if telling := [task for task in self._telling if task.get_loop() is loop]:
            await asyncio.gather(*telling, return_exceptions=True)
