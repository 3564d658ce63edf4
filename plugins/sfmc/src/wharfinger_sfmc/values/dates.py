"""Dates: the forms in which they come, and the one form in which they are sent.

SFMC keeps dates in server time, which is UTC-6 without daylight saving, and reads a date without
an offset as such (seen in production by clients). A date that is sent in UTC leaves it no choice.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

__all__ = [
    "RANGE",
    "SERVER_TIME",
    "is_iso",
    "is_storable",
    "read_moment",
    "sure_moment",
    "write_moment",
]

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
_WRITTEN: Final = re.compile(
    r"(?:1[89]|[2-9][0-9])[0-9][0-9]-"
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|"
    r"(?:0[13578]|1[02])-31)T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.(?!000)[0-9]{3})?Z"
)
"""Moments from 1800 to 9999 as `write_moment` writes them, on any day but 29 February."""
_QUARTERS: Final = [(hour, minute) for hour in range(15) for minute in (0, 15, 30, 45)]
_SHIFTS: Final = {
    f"{sign}{hour:02}:{minute:02}": timedelta(hours=hour, minutes=minute) * int(f"{sign}1")
    for sign in "+-"
    for hour, minute in _QUARTERS
}
"""Offsets of the time zones in use."""
_HALF_DAY: Final = 12
_TWO_DIGITS: Final = [f"{number:02}" for number in range(60)]


def read_moment(value: object) -> datetime | None:
    """Return the moment a value means, with its offset; None where it is no date.

    Args:
        value: A text in ISO 8601 or in US form, month first; or a Python date. What has no offset
            is server time.
    """
    if isinstance(value, str):
        text = value.strip()
        return _read_iso(text) or _read_us(text)
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime.combine(value, time())
    else:
        return None
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=SERVER_TIME)


def is_iso(text: str) -> bool:
    """Whether a text is a date, or a date and time, in ISO 8601."""
    return _read_iso(text.strip()) is not None


def sure_moment(text: str, *, whole_seconds: bool = False) -> str | None:
    """Return what `write_moment` makes of the moment a text means, where that is plain to see.

    So it is for the usual forms: ``2030-01-31T09:30:00.500Z``, which is written as it is,
    ``2030-01-31T09:30:00+02:00`` and ``2030-01-31``.

    Args:
        text: Whatever it is.
        whole_seconds: As `write_moment` has it.

    Returns:
        None says nothing: the text may still be a date, and one that can be stored.
    """
    if text[-1:] == "Z":
        found = _WRITTEN.fullmatch(text)
        return text if found is not None and not (whole_seconds and found[1]) else None
    marks = text[4:19:3]  # where the digits are parted in the forms that are read here
    try:
        if marks == "--" and len(text) == len("2030-01-31"):
            is_sure = _FIRST.year < date.fromisoformat(text).year < _LAST.year
            return f"{text}T06:00:00Z" if is_sure else None
        if marks == "--T::" and (shift := _SHIFTS.get(text[19:])) is not None:
            utc = datetime.fromisoformat(text[:19]) - shift
            return f"{utc.isoformat()}Z" if _FIRST.year < utc.year < _LAST.year else None
    except (ValueError, OverflowError):
        pass
    return None


def is_storable(moment: datetime) -> bool:
    """Whether SFMC can keep a moment, and `write_moment` can write it."""
    # An offset moves no moment by more than a year, and comparing years is cheap.
    return _FIRST.year < moment.year < _LAST.year or _FIRST <= moment <= _LAST


def write_moment(moment: datetime, *, whole_seconds: bool = False) -> str:
    """Write a storable moment as ``2030-01-31T09:30:00Z``.

    Args:
        moment: With its offset.
        whole_seconds: Leave milliseconds out. They are written only where there are some.
    """
    utc, two = moment.astimezone(UTC), _TWO_DIGITS  # three times as fast as formatting
    day = f"{utc.year}-{two[utc.month]}-{two[utc.day]}"
    clock = f"{two[utc.hour]}:{two[utc.minute]}:{two[utc.second]}"
    milliseconds = 0 if whole_seconds else utc.microsecond // 1000
    return f"{day}T{clock}.{milliseconds:03}Z" if milliseconds else f"{day}T{clock}Z"


def _read_iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, clock, offset = found.groups("")
    try:
        return datetime.fromisoformat(f"{day}T{clock or '00:00'}{offset.upper() or '-06:00'}")
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
        return datetime(year, month, day, hour, minute, second, tzinfo=SERVER_TIME)
    except ValueError:
        return None
