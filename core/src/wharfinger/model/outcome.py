"""What became of an event."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import attrs

from wharfinger.errors import (
    DeliveryError,
    HaltedError,
    RejectedError,
    RetryError,
    UnknownError,
)

__all__ = ["HELD_BACK", "NOT_SENT", "REFUSED_HERE", "Outcome", "Receipt", "Status"]

HELD_BACK: Final = "held-back"
"""Code of a payload that waits because an earlier one with its order key is not settled yet."""
REFUSED_HERE: Final = frozenset({"paused", "circuit-open", "budget-used"})
"""Codes of requests that the governor refused to start: what they wait for is known to it."""
NOT_SENT: Final = REFUSED_HERE | {HELD_BACK, "payload-invalid"}
"""Codes that say that nothing was sent, whoever found that."""


class Status(StrEnum):
    """What the host does next with one event under one mapping."""

    DELIVERED = "delivered"
    """The destination confirmed this row or call: forget it."""
    FILTERED = "filtered"
    """The trigger did not match: forget it."""
    REJECTED = "rejected"
    """It can never be accepted as it is: dead letter, with the reason."""
    RETRY = "retry"
    """Transient, and the attempts in process are used up: try again later."""
    UNKNOWN = "unknown"
    """Sent, and no evidence either way: keep it apart, never repeat it by itself."""
    HALTED = "halted"
    """The connection needs a person: pause it, lose nothing."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of one event under one mapping.

    Attributes:
        status: What the host does next.
        code: Stable and for machines: ``"payload-invalid"``, ``"timed-out"``.
        message: For people: what happened and what to do; never holds a secret.
        vendor_message: What the vendor said, word for word, or ``""``.
        http_status: Status of the vendor's reply, where there was one.
        request_id: The vendor's name for the request or the entry it made.
        retry_after_s: Seconds to wait before another try; only with ``retry``, where known.
        attempts: How often it was sent in this call; 0 where nothing was sent.
    """

    status: Status = attrs.field(converter=Status)
    code: str
    message: str = ""
    vendor_message: str = ""
    http_status: int | None = None
    request_id: str | None = None
    retry_after_s: float | None = None
    attempts: int = 0

    @classmethod
    def delivered(cls, *, http_status: int | None = None, request_id: str | None = None) -> Outcome:
        """Return the outcome of a row or call that the destination confirmed."""
        return cls(
            status=Status.DELIVERED,
            code="delivered",
            http_status=http_status,
            request_id=request_id,
        )

    @classmethod
    def of(cls, error: DeliveryError) -> Outcome:
        """Return the outcome that an error stands for."""
        return cls(
            status=_status_of(error),
            code=error.code,
            message=error.message,
            vendor_message=error.vendor_message,
            http_status=error.http_status,
            request_id=error.request_id,
            retry_after_s=error.retry_after_s if isinstance(error, RetryError) else None,
        )


def _status_of(error: DeliveryError) -> Status:
    for branch, status in (
        (RejectedError, Status.REJECTED),
        (RetryError, Status.RETRY),
        (HaltedError, Status.HALTED),
        (UnknownError, Status.UNKNOWN),
    ):
        if isinstance(error, branch):
            return status
    message = f"{type(error).__name__} is on no branch of DeliveryError that names an outcome"
    raise TypeError(message)


@attrs.frozen
class Receipt:
    """All outcomes of one event.

    Attributes:
        outcomes: One outcome per mapping of the connection, by the mapping's name, in the order
            of the configuration.
    """

    outcomes: Mapping[str, Outcome]
