"""Looking at a line again when a rest is over, whichever event loop waits for that."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from wharfinger.delivery.turn import Turn, running_loop

__all__ = ["Alarm"]


class Alarm:
    """Rings for the first turn of a line, in the event loop that this turn waits in.

    Args:
        lock: Of the governor, whose line it is; whoever sets the alarm holds it.
        ring: Looks at the line again.
    """

    def __init__(self, lock: threading.RLock, ring: Callable[[], None]) -> None:
        self._lock = lock
        self._ring = ring
        self._turn: Turn | None = None

    def set(self, turn: Turn, rest_s: float) -> None:
        """Let it ring after so many seconds; one that is set for this turn stays as it is."""
        if self._turn is turn:
            return
        self._turn = turn
        loop = turn.woken.get_loop()
        if loop is running_loop():
            loop.call_later(rest_s, self._rings, turn)
        else:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.call_later, rest_s, self._rings, turn)

    def _rings(self, turn: Turn) -> None:
        with self._lock:
            if self._turn is turn:
                self._turn = None
            self._ring()
