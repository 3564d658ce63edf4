"""From a history to the geometry of a drawing. What is drawn is stretched, so it holds no words."""

from __future__ import annotations

from typing import Final

import attrs

from wharfinger_host.dashboard.history import STATUSES, History, Stretch

__all__ = ["HEIGHT", "WIDTH", "Bar", "Chart", "Column", "draw"]

WIDTH: Final = 960
HEIGHT: Final = 160
_GAP: Final = 0.15
_LEAST: Final = 2.0
"""Height of what is there at all, so that it can be seen."""


@attrs.frozen
class Bar:
    """A rectangle.

    Attributes:
        kind: What it stands for: a status, or ``failed`` for a share.
        y: Its upper edge.
        height: Its height.
    """

    kind: str
    y: float
    height: float


@attrs.frozen
class Column:
    """What stands above one stretch.

    Attributes:
        stretch: The stretch.
        x: Left edge of its bars.
        width: Width of its bars.
        counts: Bars that stand on each other, one for each status.
        share: The share that failed; None where nothing did.
    """

    stretch: Stretch
    x: float
    width: float
    counts: tuple[Bar, ...]
    share: Bar | None


@attrs.frozen
class Chart:
    """Two drawings, one above the other.

    Attributes:
        columns: In order of time.
        top: What the upper edge of the counts stands for.
    """

    columns: list[Column]
    top: int


def draw(history: History) -> Chart:
    """Return the geometry of a history."""
    top = _round_up(max(each.total for each in history.stretches))
    pitch = WIDTH / len(history.stretches)
    columns = [
        Column(
            stretch=stretch,
            x=round(place * pitch + pitch * _GAP / 2, 2),
            width=round(pitch * (1 - _GAP), 2),
            counts=_stacked(stretch, top),
            share=_share(stretch),
        )
        for place, stretch in enumerate(history.stretches)
    ]
    return Chart(columns, top)


def _stacked(stretch: Stretch, top: int) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    y = float(HEIGHT)
    for status in STATUSES:
        if count := stretch.counts[status]:
            height = max(_LEAST, count / top * HEIGHT)
            y = max(0.0, y - height)
            bars.append(Bar(status, round(y, 2), round(height, 2)))
    return tuple(bars)


def _share(stretch: Stretch) -> Bar | None:
    if not stretch.failed:
        return None
    height = max(_LEAST, stretch.failed / stretch.total * HEIGHT)
    return Bar("failed", round(HEIGHT - height, 2), round(height, 2))


def _round_up(count: int) -> int:
    """Return the next number that is easy to read: 1, 2, 5, 10, 20 ..."""
    unit = 1
    while True:
        for step in (1, 2, 5):
            if count <= step * unit:
                return step * unit
        unit *= 10
