"""What became of events over time, in stretches of equal length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from wharfinger_host.store.minutes import MINUTE_MS, Tallied

__all__ = ["STATUSES", "WINDOWS", "History", "Stretch", "Window", "outcomes_by_mapping"]

STATUSES: Final = ("delivered", "rejected", "unknown", "retry", "halted")
"""In the order in which they are drawn, from below. What no trigger took has no outcome here."""


@attrs.frozen
class Window:
    """How far back one looks.

    Attributes:
        key: Its name in an address.
        title: Its name for people.
        steps: How many stretches it has.
        step_minutes: How long each is.
    """

    key: str
    title: str
    steps: int
    step_minutes: int

    @property
    def words(self) -> str:
        """The same behind "in the last"."""
        return self.title.removeprefix("1 ")

    @property
    def step_ms(self) -> int:
        """Length of a stretch in milliseconds."""
        return self.step_minutes * MINUTE_MS

    def first_step(self, now_ms: int) -> int:
        """Return the number of its first stretch since 1970; the last is not over yet."""
        return now_ms // self.step_ms - self.steps + 1

    def since_ms(self, now_ms: int) -> int:
        """Return where it begins, in milliseconds since 1970."""
        return self.first_step(now_ms) * self.step_ms


WINDOWS: Final[Mapping[str, Window]] = {
    window.key: window
    for window in (
        Window("1h", "1 hour", 60, 1),
        Window("24h", "24 hours", 96, 15),
        Window("7d", "7 days", 84, 120),
    )
}


@attrs.frozen
class Stretch:
    """One stretch of time.

    Attributes:
        from_ms: When it begins.
        counts: How many outcomes of which status.
    """

    from_ms: int
    counts: Counter[str]

    @property
    def total(self) -> int:
        """All outcomes."""
        return self.counts.total()

    @property
    def failed(self) -> int:
        """Those that did not deliver an event."""
        return self.total - self.counts["delivered"]


@attrs.frozen
class History:
    """All stretches of a window, those without any outcome too."""

    window: Window
    stretches: list[Stretch]

    @classmethod
    def of(cls, window: Window, tallied: Iterable[Tallied], now_ms: int) -> History:
        """Count outcomes by stretch."""
        first = window.first_step(now_ms)
        counts: list[Counter[str]] = [Counter() for _ in range(window.steps)]
        for each in tallied:
            if 0 <= (place := each.step - first) < window.steps:
                counts[place][each.status] += each.count
        return cls(
            window,
            [Stretch((first + place) * window.step_ms, c) for place, c in enumerate(counts)],
        )

    @property
    def totals(self) -> Counter[str]:
        """How many outcomes of which status, over the whole window."""
        return sum((each.counts for each in self.stretches), Counter())


def outcomes_by_mapping(tallied: Iterable[Tallied]) -> dict[tuple[str, str], Counter[str]]:
    """Return how many outcomes of which status each mapping had, by connection and mapping."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for each in tallied:
        found.setdefault((each.connection, each.mapping), Counter())[each.status] += each.count
    return dict(sorted(found.items()))
