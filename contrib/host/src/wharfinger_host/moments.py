"""Times as people write and read them."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["read_moment", "time_text"]

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def time_text(milliseconds: int) -> str:
    """Return ``2026-01-31T12:00:00Z`` for milliseconds since 1970."""
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def read_moment(text: str, now: dt.datetime) -> int:
    """Return the milliseconds since 1970 that a text stands for.

    Args:
        text: ``90m``, ``24h`` or ``3d`` ago, or a date or time as in ISO 8601; one that names no
            zone is in that of ``now``.
        now: With its zone.

    Raises:
        ValueError: It is neither; the message ends the sentence "it must be".
    """
    if span := re.fullmatch(r"(\d+)([mhd])", text):
        moment = now - dt.timedelta(**{_UNITS[span[2]]: int(span[1])})
    else:
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("90m, 24h or 3d ago, or a time such as 2026-01-31T12:00Z") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=now.tzinfo)
    return int(moment.timestamp() * 1000)
