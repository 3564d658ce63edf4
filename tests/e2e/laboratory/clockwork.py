"""A wall clock that can be set for all processes of an experiment, while they run.

The clock that counts since the machine started is left alone, as it is where somebody sets the time
of a real machine.
"""

from __future__ import annotations

import datetime as dt
import mmap
import struct
import time
from pathlib import Path
from typing import Any

__all__ = ["WallClock", "mislead"]

_SECONDS = struct.Struct("d")


class WallClock:
    """The file that says by how much the clock is wrong; whoever has it sees a change at once.

    Args:
        path: The file; made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_SECONDS.pack(0.0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SECONDS.size)

    @property
    def ahead_s(self) -> float:
        """By how many seconds it is ahead."""
        return float(_SECONDS.unpack_from(self._memory)[0])

    def set(self, ahead_s: float) -> None:
        """Set it ahead, or, with a negative number, behind."""
        _SECONDS.pack_into(self._memory, 0, ahead_s)

    def close(self) -> None:
        """Let the file go."""
        self._memory.close()


def mislead(path: str) -> None:
    """Let this process live by such a clock; called before anything else is imported."""
    clock, true_time = WallClock(Path(path)), time.time
    true_datetime: Any = dt.datetime

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, true_datetime)

    class Misled(true_datetime, metaclass=Kind):  # type: ignore[misc]  # it is Any
        """Makes what the true class makes, but for the present moment."""

        def __new__(cls, *args: Any, **options: Any) -> Any:
            return true_datetime(*args, **options)

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return true_datetime.fromtimestamp(time.time(), tz)

    time.time = lambda: true_time() + clock.ahead_s
    dt.datetime = Misled  # type: ignore[misc]  # the very point
