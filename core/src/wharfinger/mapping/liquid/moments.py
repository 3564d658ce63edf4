"""Reads a moment out of a text or number. Everything is UTC where the text says nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from math import isfinite
from typing import Any, Final

from wharfinger.mapping.liquid.values import SPACE, is_number

__all__ = ["MONTHS", "read_moment"]

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 100
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<fraction>\.\d+)?)?"
_ZONE = r"(?P<zone>Z|UTC|(?:GMT)?[+-]\d\d:?\d\d|GMT)"
_MONTH = r"(?P<name>[A-Z][a-z]{2,8})"
_WEEKDAY = r"(?:(?:Sun|Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?)(?:day)?,?\ )?"
_YEAR, _DAY = r"(?P<year>\d{4})", r"(?P<day>\d{1,2})"
_HALF = r"(?:\ (?P<half>[AP]M))?"
_SHAPES: Final = tuple(
    re.compile(rf"{day}(?:{clock})?(?:\ ?{_ZONE}{rest})?", re.ASCII | re.VERBOSE | re.IGNORECASE)
    for day, clock, rest in (
        # 2020-01-05T10:20:30.5+02:00, 2020-01-05 10:20
        (rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)", rf"(?:T|\ ){_CLOCK}", ""),
        # 2020-01
        (rf"{_YEAR}-(?P<month>\d\d)", "(?!)", ""),
        # 2020/1/5 10:20
        (rf"{_YEAR}[-/](?P<month>\d{{1,2}})[-/]{_DAY}", rf"\ {_CLOCK}", ""),
        # 1/5/2020 10:20 PM
        (rf"(?P<month>\d{{1,2}})/{_DAY}/{_YEAR}", rf",?\ {_CLOCK}{_HALF}", ""),
        # Sunday, January 5, 2020 10:20 PM, and what JavaScript writes itself
        (rf"{_WEEKDAY}{_MONTH}\ {_DAY},?\ {_YEAR}", rf"\ {_CLOCK}{_HALF}", r"(?:\ \([\w\ ]+\))?"),
        # Sun, 05 Jan 2020 10:20:30 GMT
        (rf"{_WEEKDAY}{_DAY}\ {_MONTH}\ {_YEAR}", rf"\ {_CLOCK}", ""),
    )
)
_MONTH_NUMBERS: Final = {
    **{name.lower(): number for number, name in enumerate(MONTHS, 1)},
    **{name[:3].lower(): number for number, name in enumerate(MONTHS, 1)},
}


def read_moment(value: Any) -> datetime | None:
    """Read a moment, to the millisecond.

    Args:
        value: Seconds since 1970, as a number or digits, or a date in one of the shapes above.

    Returns:
        None for anything else, and for a date that no calendar has.
    """
    try:
        if is_number(value):
            return _since_epoch(value)
        if not isinstance(value, str) or len(value) > _LONGEST:
            return None
        if value.isascii() and value.isdigit():
            return _since_epoch(int(value))
        source = value.strip(SPACE)
        found = (match for shape in _SHAPES if (match := shape.fullmatch(source)))
        return next((_built(match.groupdict()) for match in found), None)
    except (OverflowError, ValueError, KeyError):
        return None


def _since_epoch(seconds: float) -> datetime | None:
    if not isfinite(seconds):
        return None
    return _EPOCH + timedelta(milliseconds=int(seconds * 1000))


def _built(parts: dict[str, str | None]) -> datetime:
    name = parts.get("name")
    month = _MONTH_NUMBERS[name.lower()] if name else int(parts["month"] or 0)
    hour = int(parts.get("hour") or 0)
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    day = datetime(int(parts["year"] or 0), month, int(parts.get("day") or 1), tzinfo=UTC)
    minute, second = int(parts.get("minute") or 0), int(parts.get("second") or 0)
    milliseconds = int(float(parts.get("fraction") or 0) * 1000 + 1e-6)
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and minute + second + milliseconds):  # noqa: PLR2004  # a clock
        raise ValueError("no such time of day")
    clock = timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=milliseconds)
    return day + clock - _offset(parts.get("zone"))


def _offset(zone: str | None) -> timedelta:
    digits = re.sub(r"[^\d+-]", "", zone or "")
    if not digits:
        return timedelta()
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    timezone(offset)  # refuses what no zone has
    return -offset if digits[0] == "-" else offset
