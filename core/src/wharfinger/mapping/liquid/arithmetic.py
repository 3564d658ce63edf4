"""Filters that work with numbers."""

from __future__ import annotations

import math
from typing import Any

from wharfinger.mapping.liquid.values import bounded, number, number_or_zero
from wharfinger.mapping.liquid.work import Work
from wharfinger.model.unset import UNSET

__all__ = [
    "abs_",
    "at_least",
    "at_most",
    "ceil",
    "divided_by",
    "floor",
    "minus",
    "modulo",
    "plus",
    "round_",
    "times",
    "to_integer",
]

_MOST_DECIMALS = 308


def abs_(work: Work, value: Any) -> float:
    """Give a number without its sign."""
    return abs(number_or_zero(value, work))


def at_least(work: Work, value: Any, other: Any) -> float:
    """Give the larger of two numbers."""
    return max(number_or_zero(value, work), number_or_zero(other, work))


def at_most(work: Work, value: Any, other: Any) -> float:
    """Give the smaller of two numbers."""
    return min(number_or_zero(value, work), number_or_zero(other, work))


def plus(work: Work, value: Any, other: Any) -> float:
    """Add a number."""
    return bounded(number_or_zero(value, work) + number_or_zero(other, work))


def minus(work: Work, value: Any, other: Any) -> float:
    """Take a number away."""
    return bounded(number_or_zero(value, work) - number_or_zero(other, work))


def times(work: Work, value: Any, other: Any) -> float:
    """Multiply with a number."""
    return bounded(number_or_zero(value, work) * number_or_zero(other, work))


def divided_by(work: Work, value: Any, other: Any, whole: Any = UNSET) -> float:
    """Divide by a number; with a third value that is true, down to a whole number."""
    result = _quotient(number_or_zero(value, work), number_or_zero(other, work))
    return _down(result) if number_or_zero(whole, work) else result


def _quotient(one: float, two: float) -> float:
    if two != 0:
        return one / two
    return math.nan if one == 0 else math.copysign(math.inf, one)


def modulo(work: Work, value: Any, other: Any) -> float:
    """Give what a division leaves, with the sign of the number that is divided."""
    one, two = number_or_zero(value, work), number_or_zero(other, work)
    if two == 0 or math.isinf(one):
        return math.nan
    if isinstance(one, int) and isinstance(two, int):
        return abs(one) % abs(two) * (-1 if one < 0 else 1)
    return math.fmod(one, two)


def ceil(work: Work, value: Any) -> float:
    """Round up to a whole number."""
    return -_down(-number_or_zero(value, work))


def floor(work: Work, value: Any) -> float:
    """Round down to a whole number."""
    return _down(number_or_zero(value, work))


def round_(work: Work, value: Any, decimals: Any = 0) -> float:
    """Round to so many decimals, halves away from zero."""
    one = number_or_zero(value, work)
    places = 0 if decimals is UNSET else number_or_zero(decimals, work)
    if isinstance(one, int) and places == 0:
        return one
    unit = 10.0**places if abs(places) <= _MOST_DECIMALS else math.inf if places > 0 else 0.0
    scaled = abs(one * unit)
    rounded = _down(scaled)
    if scaled - rounded >= 0.5:  # noqa: PLR2004  # a half
        rounded += 1
    sign = 0 if one == 0 else math.copysign(1, one)
    return sign * rounded / unit if unit else math.nan


def to_integer(work: Work, value: Any) -> float:
    """Read a number; in spite of its name it may have decimals."""
    return number(value, work)


def _down(value: float) -> float:
    if isinstance(value, int) or not math.isfinite(value):
        return value
    return float(math.floor(value))
