"""A budget of calls: so many at once, a minute, evenly spread, and a day; others have room."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["Budget", "Spending", "day_of", "strictest", "until_midnight_s"]

_DAY_S: Final = 86_400
_MINUTE_S: Final = 60.0
# 100 x (1 - 0.9) is 9.999999999999998, and ten calls were meant.
_ROUNDING: Final = 1e-9
# A clock that is set back finds the days it left as they were.
_DAYS_KEPT: Final = 3


@attrs.frozen(kw_only=True)
class Budget:
    """How many calls may be made to one tenant, by all processes that share it.

    Attributes:
        per_minute: Most calls within any 60 seconds; they are spread evenly.
        per_day: Most calls in one day of UTC.
        headroom: Share of both that is left for other users of the tenant, from 0 to below 1.
        parallel: Most requests under way at once, whatever the destination says.
    """

    per_minute: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(1))
    )
    per_day: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(1))
    )
    headroom: float = attrs.field(
        default=0.0, validator=[attrs.validators.ge(0), attrs.validators.lt(1)]
    )
    parallel: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(1))
    )

    @property
    def own_per_minute(self) -> float | None:
        """Calls per minute without the headroom; may be a fraction."""
        return None if self.per_minute is None else self.per_minute * (1 - self.headroom)

    @property
    def own_per_day(self) -> int | None:
        """Calls per day without the headroom, at least one."""
        if self.per_day is None:
            return None
        return max(1, int(self.per_day * (1 - self.headroom) + _ROUNDING))

    def __str__(self) -> str:
        """Say in words how many calls it allows."""
        minute, day = self.own_per_minute, self.own_per_day
        said = (
            f"{minute:,.6g} a minute" if minute is not None else "",
            f"{day:,} a day of UTC" if day is not None else "",
        )
        return " and ".join(filter(None, said))

    @property
    def is_unbounded(self) -> bool:
        """Whether any number of calls may leave, one after the other."""
        return self.per_minute is None and self.per_day is None

    def part(self, share: float) -> Budget:
        """Return the part that one of several processes may use without asking the others.

        Args:
            share: Above 0, up to 1. At least one request may be under way, whatever it is.
        """
        if share >= 1:
            return self
        parallel = None if self.parallel is None else max(1, int(self.parallel * share + _ROUNDING))
        headroom = 1 - (1 - self.headroom) * share
        return attrs.evolve(self, headroom=headroom, parallel=parallel)


def strictest(one: Budget | None, other: Budget | None) -> Budget | None:
    """Return the budget that keeps both."""
    if one is None or other is None:
        return one or other
    return Budget(
        per_minute=_least(one.per_minute, other.per_minute),
        per_day=_least(one.per_day, other.per_day),
        headroom=max(one.headroom, other.headroom),
        parallel=_least(one.parallel, other.parallel),
    )


def _least(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


class Spending:
    """What was spent, and when the next call may leave.

    Attributes:
        budget: What may be spent; None for no bounds. Calls are counted all the same.
    """

    def __init__(self) -> None:
        self.budget: Budget | None = None
        self._last: float | None = None
        self._days: dict[int, int] = {}

    def __str__(self) -> str:
        """Say in words what may be spent."""
        return "without bounds" if self.budget is None else str(self.budget)

    @property
    def spacing_s(self) -> float:
        """Seconds between two calls, so that a minute's are spread evenly."""
        per_minute = self.budget.own_per_minute if self.budget else None
        return _MINUTE_S / per_minute if per_minute else 0.0

    def wait_s(self, now: float, wall: float, ahead: int = 0) -> float:
        """Return the seconds until a call may leave.

        Args:
            now: Seconds of a clock that never goes back.
            wall: Seconds of UTC, since 1970.
            ahead: How many others come first.
        """
        if self.budget is None:
            return 0.0
        wait_s = ahead * self.spacing_s
        if self._last is not None:
            wait_s += max(0.0, self._last + self.spacing_s - now)
        left = self.left_today(wall)
        return wait_s if left is None or left > ahead else max(wait_s, until_midnight_s(wall))

    def spend(self, now: float, wall: float) -> None:
        """Count one call that leaves now."""
        self._last = now
        day = day_of(wall)
        if day not in self._days:
            self._days = dict(list(self._days.items())[1 - _DAYS_KEPT :])
        self._days[day] = self._days.get(day, 0) + 1

    def left_today(self, wall: float) -> int | None:
        """Return how many calls the day has left; None where it has no bound."""
        per_day = self.budget.own_per_day if self.budget else None
        return None if per_day is None else max(0, per_day - self._days.get(day_of(wall), 0))

    def duration_s(self, calls: int, per_second: float, wall: float) -> float:
        """Return how long so many calls take at this rate, as far as the budget lets them.

        Args:
            calls: How many are to be made.
            per_second: How many a second can be made where the budget does not matter.
            wall: Seconds of UTC, since 1970.
        """
        if self.spacing_s:
            per_second = min(per_second, 1 / self.spacing_s)
        left = self.left_today(wall)
        if left is None or self.budget is None or calls <= left:
            return calls / per_second
        per_day = self.budget.own_per_day or 1
        whole_days, rest = divmod(calls - left - 1, per_day)
        return until_midnight_s(wall) + whole_days * _DAY_S + (rest + 1) / per_second


def day_of(wall: float) -> int:
    """Return the number of a day of UTC."""
    return int(wall // _DAY_S)


def until_midnight_s(wall: float) -> float:
    """Return the seconds until the next day of UTC begins."""
    return _DAY_S - wall % _DAY_S
