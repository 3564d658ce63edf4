"""How the lanes of an engine come and go here, and how old what is in them is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from wharfinger_host.engines.contract import Fetched

__all__ = ["LaneCounts"]

_IDLE: Final = -1
"""Stands for a time where a lane is at no event."""


@attrs.define(eq=False)
class LaneCounts:
    """What one process has to do with the lanes of one connection.

    Attributes:
        gained: How many lanes it took.
        given_up: How many it let go by itself, with all that it had fetched delivered.
        lost: How many it let go otherwise: others took them, or the engine did not answer.
        clock: Gives seconds since 1970.
    """

    gained: int = 0
    given_up: int = 0
    lost: int = 0
    clock: Callable[[], float] = time.time
    _fronts: dict[int, int | None] = attrs.field(factory=dict)

    @property
    def held(self) -> int:
        """How many lanes it has."""
        return len(self._fronts)

    @property
    def ages_s(self) -> dict[int, float]:
        """How long ago the event was published that each lane is at; 0 where it is at none.

        Lanes that are at one of which the engine does not know it are left out.
        """
        now_ms = self.clock() * 1000
        return {
            lane: 0.0 if at_ms == _IDLE else max(0.0, now_ms - at_ms) / 1000
            for lane, at_ms in sorted(self._fronts.items())
            if at_ms is not None
        }

    def take(self, lane: int) -> None:
        """Hear that a lane is taken."""
        self.gained += 1
        self._fronts[lane] = _IDLE

    def begin(self, lane: int, batch: Sequence[Fetched]) -> None:
        """Hear that a lane is at a batch."""
        self._fronts[lane] = batch[0].at_ms

    def end(self, lane: int) -> None:
        """Hear that the batch is acknowledged."""
        self._fronts[lane] = _IDLE

    def let_go(self, lane: int, *, lost: bool) -> None:
        """Hear that a lane is let go."""
        del self._fronts[lane]
        if lost:
            self.lost += 1
        else:
            self.given_up += 1
