"""Time as the simulator sees it: an injected clock, and the vendor's server time.

Marketing Cloud keeps times in Central Standard Time, UTC-6, without daylight saving, and shows most
of them without an offset.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

__all__ = [
    "SERVER_TIME",
    "Clock",
    "MovableClock",
    "StandingClock",
    "iso_seven",
    "server_now",
    "server_text",
    "server_time",
    "us_text",
    "utc_now",
]

Clock = Callable[[], datetime]
"""Gives the present moment, aware of its offset. Tests give their own and move it by hand."""

SERVER_TIME = timezone(timedelta(hours=-6), "CST")
_A_MONDAY = datetime(2026, 1, 5, 10, 50, 11, 814641, tzinfo=UTC)
_FURTHEST_S = 36_525 * 86_400


def utc_now() -> datetime:
    """Return the present moment in UTC; the clock that is used where none is given."""
    return datetime.now(UTC)


class StandingClock:
    """Time that stands still until it is moved.

    Args:
        step_s: Seconds that pass after each request a simulator answers; 0 for none. With it,
            whatever takes time in the simulator comes to its end for a client that asks repeatedly.
        start: The first moment.

    Attributes:
        now: The present moment.
        step_s: As given; may be changed.

    Example:
        >>> clock = StandingClock()
        >>> simulator = Simulator.sample(clock=clock)
        >>> clock.move(1200)  # every token is over
    """

    def __init__(self, step_s: float = 0, start: datetime = _A_MONDAY) -> None:
        self.now = start
        self.step_s = step_s

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let some seconds pass."""
        self.now += timedelta(seconds=seconds)

    def step(self) -> None:
        """Let pass what passes after each request."""
        self.move(self.step_s)


class MovableClock:
    """A clock that runs as another one does, ahead of it by as much as it was moved.

    Args:
        clock: The other one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()
        self._standing: datetime | None = None

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self._standing or self._clock() + self._ahead

    @property
    def ahead_s(self) -> float:
        """By how many seconds it was moved."""
        return self._ahead.total_seconds()

    def move(self, seconds: float) -> None:
        """Let some seconds pass at once.

        Raises:
            ValueError: They are fewer than none, or a hundred years in all.
        """
        if not 0 <= seconds <= _FURTHEST_S - self.ahead_s:
            raise ValueError(
                f"The clock moves forward, by a hundred years in all; found {seconds} seconds."
            )
        self._ahead += timedelta(seconds=seconds)

    @contextlib.contextmanager
    def standing(self, moment: datetime) -> Iterator[None]:
        """Let it be one moment for as long as the context lasts."""
        self._standing = moment
        try:
            yield
        finally:
            self._standing = None

    def put_back(self) -> None:
        """Let it show again what the other one shows."""
        self._ahead = timedelta()


def server_now(clock: Clock) -> datetime:
    """Return the clock's moment as server time, without an offset, as the vendor stores it."""
    return server_time(clock())


def server_time(moment: datetime) -> datetime:
    """Return an aware moment as server time, without an offset."""
    return moment.astimezone(SERVER_TIME).replace(tzinfo=None)


def iso_seven(moment: datetime) -> str:
    """Write an aware moment as contact replies do: seven decimals, with ``-06:00``."""
    local = moment.astimezone(SERVER_TIME)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}0-06:00"


def server_text(moment: datetime) -> str:
    """Write an aware moment as server time without an offset: ``2026-01-05T09:16:45.2``.

    Recordings drop zeros at the end of the decimals.
    """
    local = server_time(moment)
    return local.isoformat(timespec="milliseconds").rstrip("0").removesuffix(".")


def us_text(moment: datetime) -> str:
    """Write server time as rows are read back: ``1/5/2026 8:32:00 AM``."""
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 (twelve hours make half a day)
    hour = moment.hour % 12 or 12
    return (
        f"{moment.month}/{moment.day}/{moment.year:04d} "
        f"{hour}:{moment.minute:02d}:{moment.second:02d} {half}"
    )
