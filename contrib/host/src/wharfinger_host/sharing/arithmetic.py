"""The arithmetic of a budget that workers share: a row per tenant, and what a step makes of it.

SQLite uses it as it is. What Redis and PostgreSQL run themselves is the same in their languages;
tests compare them.
"""

from __future__ import annotations

import math
from typing import Final

import attrs

from wharfinger import Place
from wharfinger_host.sharing.contract import Ask

__all__ = ["DAY_S", "Row", "aligned", "paused", "reserve"]

DAY_S: Final = 86_400


@attrs.frozen(kw_only=True)
class Row:
    """What is known of a tenant; times are seconds of UTC since 1970, by the clock of the store.

    Attributes:
        stamped_at: When it was written.
        next_at: When the next call may leave.
        day: The day on which the last one leaves; days are counted from 1970.
        spent: How many leave on it.
        paused_until: Nobody calls before.
    """

    stamped_at: float = 0.0
    next_at: float = 0.0
    day: int = 0
    spent: int = 0
    paused_until: float = 0.0


def aligned(row: Row, now: float) -> Row:
    """Return a row as of now.

    Where the clock was set back, everything keeps its distance: nobody waits until it is as late
    again.
    What was counted for a day that is far ahead by now is counted for the next one.
    """
    back_s = max(0.0, row.stamped_at - now)
    return attrs.evolve(
        row,
        stamped_at=now,
        next_at=row.next_at - back_s,
        day=min(row.day, math.floor(now / DAY_S) + 1),
        paused_until=row.paused_until - back_s,
    )


def paused(row: Row, seconds: float, now: float) -> Row:
    """Return a row with a pause; a longer one stays."""
    row = aligned(row, now)
    return attrs.evolve(row, paused_until=max(row.paused_until, now + seconds))


def reserve(row: Row, ask: Ask, now: float) -> tuple[Row, Place]:
    """Take the next place, and return the row that is to be written whatever came of it.

    Args:
        row: What is known.
        ask: What is asked for.
        now: The time of the store.
    """
    row = aligned(row, now)
    if row.paused_until > now:
        paused_s, left = row.paused_until - now, _left(ask, row, now)
        return row, Place(taken=False, paused_s=paused_s, left_today=left)
    at = max(row.next_at, now)
    day = max(math.floor(at / DAY_S), row.day)
    spent = row.spent if day == row.day else 0
    if ask.per_day is not None and spent >= ask.per_day:
        day, spent = day + 1, 0
        at = max(at, float(day * DAY_S))
    wait_s = at - now
    if wait_s > ask.longest_wait_s:
        return row, Place(taken=False, wait_s=wait_s, left_today=_left(ask, row, now))
    row = attrs.evolve(row, next_at=at + ask.spacing_s, day=day, spent=spent + 1)
    return row, Place(taken=True, wait_s=wait_s, left_today=_left(ask, row, now))


def _left(ask: Ask, row: Row, now: float) -> int | None:
    if ask.per_day is None:
        return None
    today = math.floor(now / DAY_S)
    if row.day == today:
        return max(0, ask.per_day - row.spent)
    return 0 if row.day > today else ask.per_day
