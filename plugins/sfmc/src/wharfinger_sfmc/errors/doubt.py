"""What may have taken effect although no reply says so, and what may be said of it afterwards.

A request that may be repeated is sent again where its reply was lost or proves nothing. If the
repetition is refused, that says nothing of the request before: what it asked for may be there. So
such a thing is never `rejected`, unless the refusal shows that it cannot be there.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

import wharfinger

__all__ = ["OUTCOME_UNKNOWN", "InDoubtError", "doubt_mark", "doubted", "leaves_doubt"]

OUTCOME_UNKNOWN: Final = "outcome-unknown"

_LOST: Final = frozenset({"timed-out", "connection-lost", "reply-too-large"})
"""Core's codes for a request without a readable reply."""


class InDoubtError(wharfinger.RetryError):
    """It can be tried again, and may have taken effect all the same."""


def leaves_doubt(error: wharfinger.DeliveryError) -> bool:
    """Tell whether a request that may be repeated may have taken effect, though it failed so."""
    return isinstance(error, InDoubtError) or error.code in _LOST


def doubt_mark() -> Any:
    """Declare the mark of a payload that a request may have brought to SFMC without a word.

    Core hands the same payload to each attempt of one call, so the mark lasts as long as these.
    """
    return attrs.field(default=False, init=False, eq=False, repr=False)


def doubted(outcome: wharfinger.Outcome, words: str) -> wharfinger.Outcome:
    """Return the outcome of something that was refused, and that may be there all the same.

    Args:
        outcome: What the refusal says.
        words: What an earlier request may have done, and the next step.
    """
    return attrs.evolve(
        outcome,
        status=wharfinger.Status.UNKNOWN,
        code=OUTCOME_UNKNOWN,
        message=f"{outcome.message} {words}",
    )
