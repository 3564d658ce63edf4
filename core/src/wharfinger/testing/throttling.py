"""Other ways in which a vendor asks to wait: by a date, in nonsense, or not saying how long."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

import httpx

from wharfinger.testing.paper import Answer

__all__ = ["NONSENSE", "asking_by_date", "asking_for", "asking_in_silence"]

NONSENSE: Final = ("soon", "nan", "-7")
"""Values of ``Retry-After`` that ask for nothing, although Python reads two of them as numbers."""
_RETRY_AFTER: Final = "retry-after"
_SLOW_S: Final = 5
"""Seconds that a slow machine may take to read a date, which would else ask for less by then."""


def asking_in_silence(throttles: Answer) -> Answer:
    """Return the same without ``Retry-After``."""
    return _instead(throttles, dict)


def asking_for(value: str, throttles: Answer) -> Answer:
    """Return the same with another value of ``Retry-After``."""
    return _instead(throttles, lambda: {_RETRY_AFTER: value})


def asking_by_date(least_s: float, throttles: Answer) -> Answer:
    """Return the same with a date in ``Retry-After`` (RFC 9110, 10.2.3).

    Args:
        least_s: Seconds from now that the date lies ahead at least.
        throttles: How the vendor asks to wait.
    """

    def by_date() -> dict[str, str]:
        now = datetime.now(UTC)
        until = now + timedelta(seconds=least_s + _SLOW_S)
        return {
            "date": format_datetime(now, usegmt=True),
            _RETRY_AFTER: format_datetime(until, usegmt=True),
        }

    return _instead(throttles, by_date)


def _instead(throttles: Answer, headers: Callable[[], Mapping[str, str]]) -> Answer:
    """Put other headers in the place of ``Retry-After``; a reply without it stays as it is."""

    async def answer(request: httpx.Request) -> httpx.Response:
        reply = throttles(request)
        response = await reply if inspect.isawaitable(reply) else reply
        if _RETRY_AFTER in response.headers:
            del response.headers[_RETRY_AFTER]
            response.headers.update(headers())
        return response

    return answer
