"""One value at a time: from what a mapping or a configuration gives to what a field holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from wharfinger.jsontext import JsonTextError, number_text
from wharfinger.model.fields import Kind
from wharfinger.model.secret import Secret

__all__ = ["COERCIONS", "WANTED", "UnfitError", "unwrapped"]

WANTED: Final[Mapping[Kind, str]] = {
    Kind.STRING: "text",
    Kind.TEXT: "text",
    Kind.INTEGER: "a whole number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.DATETIME: "a date and time, such as 2030-01-31T09:30:00Z",
    Kind.OBJECT: "an object",
}
"""What each kind wants, as the end of the sentence "... must be"."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EPOCH = re.compile(r"\d{10}|\d{13}", re.ASCII)
_LONGEST_NUMBER: Final = 400
_MILLISECONDS_FROM: Final = 1e11  # as seconds this is the year 5138, as milliseconds 1973
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class UnfitError(ValueError):
    """A value is not of the kind that is wanted, and cannot be made so without a guess."""


def unwrapped(value: Any) -> Any:
    """Take the one item out of a list of one scalar."""
    if isinstance(value, (list, tuple)) and len(value) == 1:
        [item] = value
        if isinstance(item, (str, int, float, datetime, Secret)):
            return item
    return value


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        try:
            return number_text(value)
        except JsonTextError as error:
            raise UnfitError from error
    raise UnfitError


def _number(value: Any) -> float:
    if isinstance(value, str):
        value = _read_number(value.strip())
    elif isinstance(value, bool):
        return int(value)
    if not isinstance(value, (int, float)) or (isinstance(value, float) and not isfinite(value)):
        raise UnfitError
    return value


def _read_number(text: str) -> float:
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise UnfitError
    try:
        return int(text)
    except ValueError:
        return float(text)


def _integer(value: Any) -> int:
    number = _number(value)
    # The digits of a text count: as a float it would have lost those beyond 2**53.
    exact = Decimal(value.strip()) if isinstance(value, str) else number
    if int(exact) != exact:
        raise UnfitError
    return int(exact)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    if isinstance(value, (int, float)) and value in (0, 1):
        return value == 1
    raise UnfitError


def _datetime(value: Any) -> datetime:
    if isinstance(value, str):
        return _read_datetime(value.strip())
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _since_epoch(value)
    raise UnfitError


def _read_datetime(text: str) -> datetime:
    if _EPOCH.fullmatch(text):
        return _since_epoch(int(text))
    try:
        return _datetime(datetime.fromisoformat(text))
    except ValueError as error:
        raise UnfitError from error


def _since_epoch(number: float) -> datetime:
    """Read a moment; numbers too large for seconds are milliseconds."""
    unit = 1000 if abs(number) >= _MILLISECONDS_FROM else 1
    try:
        return _EPOCH_START + timedelta(seconds=number / unit)
    except (OverflowError, ValueError) as error:
        raise UnfitError from error


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise UnfitError


COERCIONS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.STRING: _string,
    Kind.TEXT: _string,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATETIME: _datetime,
    Kind.OBJECT: _object,
}
"""Each takes any value but None, and returns one of its kind or raises `UnfitError`."""
