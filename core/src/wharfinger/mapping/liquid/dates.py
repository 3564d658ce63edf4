"""Filters that write moments.

The same template gives the same text at any time on any machine: moments are in UTC unless the
filter names another zone, names are English, and there is no ``now``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from wharfinger.mapping.liquid.moments import MONTHS, read_moment
from wharfinger.mapping.liquid.values import is_nothing, is_number, text
from wharfinger.mapping.liquid.work import Work
from wharfinger.model.unset import UNSET

__all__ = [
    "date",
    "date_to_long_string",
    "date_to_rfc822",
    "date_to_string",
    "date_to_xmlschema",
    "zone_problem",
]

_DEFAULT = "%A, %B %-e, %Y at %-l:%M %P %z"
_DIRECTIVE = re.compile(r"%([-_0^#:]+)?([0-9]+)?[EO]?(.)")
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WIDTHS: Final = {
    "d": 2, "e": 2, "H": 2, "I": 2, "j": 3, "k": 2, "l": 2,
    "L": 3, "m": 2, "M": 2, "S": 2, "U": 2, "W": 2,
}  # fmt: skip
_PADDED_WITH_SPACES = frozenset("aAbBceklpP")
_MOST_MINUTES = 24 * 60


@attrs.frozen
class _Shown:
    """A moment as it is written: on the clock of a zone.

    Attributes:
        clock: Day and time there.
        offset: From there to UTC, in minutes, positive to the west.
        zone: Its name; empty where only an offset was given.
    """

    clock: datetime
    offset: int
    zone: str

    @property
    def weekday(self) -> int:
        """Days since Sunday."""
        return self.clock.isoweekday() % 7

    @property
    def hour12(self) -> int:
        """The hour as twelve-hour clocks show it."""
        return self.clock.hour % 12 or 12

    @property
    def milliseconds(self) -> int:
        """Milliseconds of the second."""
        return self.clock.microsecond // 1000

    def week(self, first_day: int) -> int:
        """Return the week of the year, as Segment counts weeks that start on a day."""
        january_1 = (self.weekday - self.clock.timetuple().tm_yday + 1) % 7
        passed = self.clock.timetuple().tm_yday + first_day - self.weekday
        return (passed - (7 - january_1 + first_day)) // 7 + 1

    def offset_text(self, separator: str) -> str:
        """Write the offset from UTC."""
        hours, minutes = divmod(abs(self.offset), 60)
        return f"{'-' if self.offset > 0 else '+'}{hours:02}{separator}{minutes:02}"


def zone_problem(zone: Any) -> str | None:
    """Tell what is wrong with the zone that a template names; None if nothing is."""
    if is_nothing(zone) or (is_number(zone) and abs(zone) <= _MOST_MINUTES):
        return None
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError, TypeError, AttributeError):
        return f"there is no time zone {zone!r}"
    return None


def date(work: Work, value: Any, form: Any = UNSET, zone: Any = UNSET) -> Any:
    """Write a moment in a form such as ``"%Y-%m-%d"``; what is no moment stays as it is."""
    return _written(work, value, _DEFAULT if is_nothing(form) else text(form, work), zone)


def date_to_xmlschema(work: Work, value: Any) -> Any:
    """Write a moment as XML does."""
    return _written(work, value, "%Y-%m-%dT%H:%M:%S%:z")


def date_to_rfc822(work: Work, value: Any) -> Any:
    """Write a moment as mails do."""
    return _written(work, value, "%a, %d %b %Y %H:%M:%S %z")


def date_to_string(work: Work, value: Any, kind: Any = UNSET, style: Any = UNSET) -> Any:
    """Write a day with a short month: 05 Jan 2020; ``"ordinal"``: 5th Jan 2020."""
    return _written(work, value, _day_form("%b", kind, style))


def date_to_long_string(work: Work, value: Any, kind: Any = UNSET, style: Any = UNSET) -> Any:
    """Write a day with a long month: 05 January 2020; ``"ordinal"``: 5th January 2020."""
    return _written(work, value, _day_form("%B", kind, style))


def _day_form(month: str, kind: Any, style: Any) -> str:
    if kind != "ordinal":
        return f"%d {month} %Y"
    return f"{month} %-d%q, %Y" if style == "US" else f"%-d%q {month} %Y"


def _written(work: Work, value: Any, form: str, zone: Any = UNSET) -> Any:
    moment = read_moment(value)
    shown = None if moment is None else _shown(moment, zone)
    return value if shown is None else _formatted(work, shown, form)


def _shown(moment: datetime, zone: Any) -> _Shown | None:
    try:
        if is_nothing(zone):
            return _Shown(moment.astimezone(UTC), 0, "UTC")
        if is_number(zone):
            return _Shown(moment - timedelta(minutes=int(zone)), int(zone), "")
        local = moment.astimezone(ZoneInfo(zone))
        offset = local.utcoffset() or timedelta()
        return _Shown(local.replace(tzinfo=UTC), -int(offset.total_seconds()) // 60, zone)
    except OverflowError:
        return None


def _formatted(work: Work, shown: _Shown, form: str) -> str:
    def expand(found: re.Match[str]) -> str:
        flags, width, letter = found[1] or "", int((found[2] or "0")[:9]), found[3]
        write = _LETTERS.get(letter)
        if write is None:
            return found[0]
        work.use(width)
        if letter == "N":
            return f"{shown.milliseconds:03}"[: width or 9].ljust(width or 9, "0")
        separator = ":" if ":" in flags else ""
        written = shown.offset_text(separator) if letter == "z" else str(write(shown))
        return _padded(_cased(written, flags), flags, width, letter)

    return _DIRECTIVE.sub(expand, form)


def _cased(written: str, flags: str) -> str:
    if "^" in flags:
        return written.upper()
    if "#" in flags:
        return written.upper() if any(map(str.islower, written)) else written.lower()
    return written


def _padded(written: str, flags: str, width: int, letter: str) -> str:
    if "-" in flags:
        return written
    fill = " " if letter in _PADDED_WITH_SPACES else "0"
    fill = " " if "_" in flags else "0" if "0" in flags else fill
    return written.rjust(width or _WIDTHS.get(letter, 0), fill)


def _ordinal(shown: _Shown) -> str:
    day = shown.clock.day
    if day // 10 == 1:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _day_text(shown: _Shown) -> str:
    return f"{shown.clock.month}/{shown.clock.day}/{shown.clock.year}"


def _time_text(shown: _Shown) -> str:
    half = "AM" if shown.clock.hour < 12 else "PM"  # noqa: PLR2004  # noon
    return f"{shown.hour12}:{shown.clock.minute:02}:{shown.clock.second:02} {half}"


def _seconds(shown: _Shown) -> int:
    return int(shown.clock.timestamp() * 1000 + 500) // 1000


_LETTERS: Final[Mapping[str, Callable[[_Shown], Any]]] = {
    "a": lambda shown: _DAYS[shown.weekday][:3],
    "A": lambda shown: _DAYS[shown.weekday],
    "b": lambda shown: MONTHS[shown.clock.month - 1][:3],
    "B": lambda shown: MONTHS[shown.clock.month - 1],
    "c": lambda shown: f"{_day_text(shown)}, {_time_text(shown)}",
    "C": lambda shown: str(shown.clock.year)[:2],
    "d": lambda shown: shown.clock.day,
    "e": lambda shown: shown.clock.day,
    "h": lambda shown: MONTHS[shown.clock.month - 1][:3],
    "H": lambda shown: shown.clock.hour,
    "I": lambda shown: shown.hour12,
    "j": lambda shown: shown.clock.timetuple().tm_yday,
    "k": lambda shown: shown.clock.hour,
    "l": lambda shown: shown.hour12,
    "L": lambda shown: shown.milliseconds,
    "m": lambda shown: shown.clock.month,
    "M": lambda shown: shown.clock.minute,
    "n": lambda _: "\n",
    "N": lambda shown: shown.milliseconds,
    "p": lambda shown: "AM" if shown.clock.hour < 12 else "PM",  # noqa: PLR2004  # noon
    "P": lambda shown: "am" if shown.clock.hour < 12 else "pm",  # noqa: PLR2004  # noon
    "q": _ordinal,
    "s": _seconds,
    "S": lambda shown: shown.clock.second,
    "t": lambda _: "\t",
    "u": lambda shown: shown.weekday or 7,
    "U": lambda shown: shown.week(0),
    "w": lambda shown: shown.weekday,
    "W": lambda shown: shown.week(1),
    "x": _day_text,
    "X": _time_text,
    "y": lambda shown: str(shown.clock.year)[2:4],
    "Y": lambda shown: shown.clock.year,
    "z": lambda shown: shown.offset_text(""),
    "Z": lambda shown: shown.zone or shown.offset_text(""),
    "%": lambda _: "%",
}
