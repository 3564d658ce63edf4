"""What the end of a request says about how much the account can bear."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import attrs
import httpx

from wharfinger.errors import DeliveryError

__all__ = ["NO_SIGN", "Sign", "retry_after_s", "sign_of_error", "sign_of_status"]


@attrs.frozen
class Sign:
    """What one request tells the governor.

    Attributes:
        answered: The vendor is there and works.
        throttled: It was asked too much.
        failed: It does not work, or cannot be reached.
    """

    answered: bool = False
    throttled: bool = False
    failed: bool = False


NO_SIGN: Final = Sign()
"""Of a request that ended for a reason of our own."""
_ANSWERED: Final = Sign(answered=True)
_THROTTLED: Final = Sign(answered=True, throttled=True)
_FAILED: Final = Sign(failed=True)
_TIMED_OUT: Final = Sign(throttled=True, failed=True)

_ASKS_TO_WAIT: Final = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


def sign_of_status(status: int) -> Sign:
    """Return what the status of a reply says."""
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return _THROTTLED
    return _FAILED if status >= httpx.codes.INTERNAL_SERVER_ERROR else _ANSWERED


def sign_of_error(error: BaseException) -> Sign:
    """Return what it says that a request ended with an error.

    An error that a plugin made while it signed in speaks by the status it names, or else by the
    error it was made of.
    """
    match error:
        case DeliveryError(http_status=int(status)):
            return sign_of_status(status)
        case DeliveryError(__cause__=BaseException() as cause):
            return sign_of_error(cause)
        case httpx.PoolTimeout() | httpx.UnsupportedProtocol():
            return NO_SIGN
        case TimeoutError() | httpx.TimeoutException():
            return _TIMED_OUT
        case httpx.TransportError():
            return _FAILED
    return NO_SIGN


def retry_after_s(response: httpx.Response) -> float | None:
    """Return the seconds that a reply asks to wait by ``Retry-After``; None where it does not.

    A date is read against the reply's own ``Date``, so that no clock of ours matters. What makes
    no sense asks for nothing.

    Args:
        response: A reply; only one with the status 429 or 503 can ask to wait.

    Example:
        ::

            case 429 | 503:
                raise wharfinger.ThrottledError(
                    "Acme asks to wait.",
                    code="throttled",
                    retry_after_s=wharfinger.retry_after_s(response),
                )
    """
    if response.status_code not in _ASKS_TO_WAIT:
        return None
    header = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", header):
        return float(header)
    until, now = _moment(header), _moment(response.headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _moment(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
