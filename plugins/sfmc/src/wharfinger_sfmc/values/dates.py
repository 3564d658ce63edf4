"""Dates: the forms in which they come, and the one form in which they are sent.

SFMC keeps dates in server time, which is UTC-6 without daylight saving, and reads a date without
an offset as such (seen in production by clients). A date that is sent in UTC leaves it no choice.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

__all__ = ["RANGE", "SERVER_TIME", "is_iso", "is_storable", "read_moment", "write_moment"]

SERVER_TIME: Final = timezone(timedelta(hours=-6))
RANGE: Final = "between 1753-01-01T06:00:00Z and 9999-12-31T23:59:59Z"
"""What SFMC's database can hold, as far as this form can write it."""

_FIRST: Final = datetime(1753, 1, 1, tzinfo=SERVER_TIME)
_LAST: Final = datetime.max.replace(tzinfo=UTC)

_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?) ?([Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_US: Final = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp][Mm])?)?", re.ASCII
)
_HALF_DAY: Final = 12


def read_moment(value: object) -> datetime | None:
    """Return the moment a value means, with its offset; None where it is no date.

    Args:
        value: A text in ISO 8601 or in US form, month first; or a Python date. What has no offset
            is server time.
    """
    if isinstance(value, str):
        text = value.strip()
        moment = _read_iso(text) or _read_us(text)
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime.combine(value, time())
    else:
        return None
    if moment is None or moment.utcoffset() is not None:
        return moment
    return moment.replace(tzinfo=SERVER_TIME)


def is_iso(text: str) -> bool:
    """Whether a text is a date, or a date and time, in ISO 8601."""
    return _read_iso(text.strip()) is not None


def is_storable(moment: datetime) -> bool:
    """Whether SFMC can keep a moment, and `write_moment` can write it."""
    return _FIRST <= moment <= _LAST


def write_moment(moment: datetime, *, whole_seconds: bool = False) -> str:
    """Write a storable moment as ``2030-01-31T09:30:00Z``.

    Args:
        moment: With its offset.
        whole_seconds: Leave milliseconds out. They are written only where there are some.
    """
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    exact = utc.microsecond >= 1000 and not whole_seconds  # noqa: PLR2004  # a millisecond
    return utc.isoformat(timespec="milliseconds" if exact else "seconds") + "Z"


def _read_iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, clock, offset = found.groups("")
    try:
        return datetime.fromisoformat(f"{day}T{clock}{offset.upper()}" if clock else day)
    except ValueError:
        return None


def _read_us(text: str) -> datetime | None:
    found = _US.fullmatch(text)
    if found is None:
        return None
    month, day, year, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    half = (found[7] or "").lower()
    if half:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if half == "pm" else 0)
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # has no offset
    except ValueError:
        return None
