"""Time as the simulator sees it: an injected clock, and the vendor's server time.

Marketing Cloud keeps times in Central Standard Time, UTC-6, without daylight saving, and shows most
of them without an offset.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["SERVER_TIME", "Clock", "iso_seven", "server_now", "us_text", "utc_now"]

Clock = Callable[[], datetime]
"""Gives the present moment, aware of its offset. Tests give their own and move it by hand."""

SERVER_TIME = timezone(timedelta(hours=-6), "CST")


def utc_now() -> datetime:
    """Return the present moment in UTC; the clock that is used where none is given."""
    return datetime.now(UTC)


def server_now(clock: Clock) -> datetime:
    """Return the clock's moment as server time, without an offset, as the vendor stores it."""
    return clock().astimezone(SERVER_TIME).replace(tzinfo=None)


def iso_seven(moment: datetime) -> str:
    """Write an aware moment as contact replies do: seven decimals, with ``-06:00``."""
    local = moment.astimezone(SERVER_TIME)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}0-06:00"


def us_text(moment: datetime) -> str:
    """Write server time as rows are read back: ``1/5/2026 8:32:00 AM``."""
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 (twelve hours make half a day)
    hour = moment.hour % 12 or 12
    return (
        f"{moment.month}/{moment.day}/{moment.year:04d} "
        f"{hour}:{moment.minute:02d}:{moment.second:02d} {half}"
    )
