"""The clocks of a governor: what tests let pass at once counts as passed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import stamina

__all__ = ["Clocks"]


class Clocks:
    """A clock that never goes back, and the time of day.

    Args:
        clock: Gives seconds that never go back.
        wall: Gives seconds of UTC, since 1970.
    """

    def __init__(self, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        self._clock = clock
        self._wall = wall
        self._skipped_s = 0.0

    def now(self) -> float:
        """Return seconds that never go back."""
        return self._clock() + self._skipped_s

    def wall(self) -> float:
        """Return seconds of UTC, since 1970."""
        return self._wall() + self._skipped_s

    def skip(self, seconds: float) -> None:
        """Let time pass at once, where tests turned waits off."""
        self._skipped_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait; where tests turned waits off, the time passes at once."""
        if stamina.is_testing():
            self.skip(seconds)
            seconds = 0
        await asyncio.sleep(seconds)
