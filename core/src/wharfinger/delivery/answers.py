"""What a shared state may answer: what cannot be true is no answer, and harms nobody."""

from __future__ import annotations

import math
from typing import Any, Final

import attrs

from wharfinger.delivery.shared import KeptToken, Place, Standing
from wharfinger.errors import SharedStateError
from wharfinger.model.secret import Secret

__all__ = ["done", "place_in", "standing_in", "token_in", "yes_in"]

_MOST_S: Final = 1e12
"""No vendor can ask for a longer pause, by a date in the year 9999."""
_MOST_WORKERS: Final = 100_000
_ROUNDING_S: Final = 1e-3


def standing_in(answer: Any) -> Standing:
    """Return an answer that says how it stands.

    Raises:
        SharedStateError: It cannot be true.
    """
    if not isinstance(answer, Standing) or not _is_count(answer.workers, _MOST_WORKERS):
        raise _nonsense()
    return attrs.evolve(answer, paused_s=_seconds(answer.paused_s))


def place_in(answer: Any, longest_wait_s: float) -> Place:
    """Return an answer that gives a place, or says when there is one.

    Args:
        answer: What was answered.
        longest_wait_s: A place that is further away was not to be taken.

    Raises:
        SharedStateError: It cannot be true.
    """
    if not isinstance(answer, Place) or not isinstance(answer.taken, bool):
        raise _nonsense()
    wait_s, paused_s = _seconds(answer.wait_s), _seconds(answer.paused_s)
    if answer.left_today is not None and not _is_count(answer.left_today):
        raise _nonsense()
    if answer.taken and (paused_s > 0 or wait_s > longest_wait_s + _ROUNDING_S):
        raise _nonsense()
    return attrs.evolve(answer, wait_s=wait_s, paused_s=paused_s)


def token_in(answer: Any) -> KeptToken | None:
    """Return an answer that gives a token, or none.

    Raises:
        SharedStateError: It cannot be true.
    """
    if answer is None:
        return None
    if not isinstance(answer, KeptToken) or not isinstance(answer.secret, Secret):
        raise _nonsense()
    return attrs.evolve(answer, left_s=_seconds(answer.left_s))


def yes_in(answer: Any) -> bool:
    """Return an answer of yes or no.

    Raises:
        SharedStateError: It is neither.
    """
    if not isinstance(answer, bool):
        raise _nonsense()
    return answer


def done(_: Any) -> bool:
    """Take it that something was done, whatever was answered."""
    return True


def _seconds(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not -_ROUNDING_S <= value <= _MOST_S:  # not a number is in no range
        raise _nonsense()
    return max(0.0, float(value))


def _is_count(value: Any, most: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _nonsense() -> SharedStateError:
    return SharedStateError("What it answers cannot be true.")
