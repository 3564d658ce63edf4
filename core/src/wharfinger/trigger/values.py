"""What triggers make of the values of an event, which are plain JSON.

Nothing here raises: what does not fit a rule is null or false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, Final

__all__ = [
    "LIST",
    "NUMBER",
    "ORDER",
    "as_object",
    "both_numbers",
    "is_member",
    "kind_of",
    "read",
    "read_number",
    "same",
]

NUMBER: Final = (int, float)
LIST: Final = (list, tuple)

ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

# Python itself refuses integers of more than 4,300 digits; no number of this length is meant.
_MAX_DIGITS: Final = 400
_NUMBER_TEXT: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def as_object(event: object) -> dict[str, Any]:
    """Return the event as a dict; what is no object has no fields."""
    if isinstance(event, dict):
        return event
    return dict(event) if isinstance(event, Mapping) else {}


def read(value: Any, steps: Iterable[str | int]) -> Any:
    """Follow the steps of a path from a value; None where it leads nowhere."""
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict):
                return None
            value = value.get(step)
        else:
            if not isinstance(value, LIST) or step >= len(value):
                return None
            value = value[step]
    return value


def kind_of(value: Any) -> str:
    """Return ``"null"``, ``"bool"``, ``"number"``, ``"string"``, ``"list"`` or ``"object"``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, NUMBER):
        return "number"
    if isinstance(value, str):
        return "string"
    return "list" if isinstance(value, LIST) else "object"


def same(left: Any, right: Any) -> bool:
    """Say whether two values are of one kind and equal, in depth: 5 is 5.0, true is not 1."""
    pending = [(left, right)]
    while pending:  # a loop, since an event may be nested deeper than Python recurses
        one, other = pending.pop()
        kind = kind_of(one)
        if kind != kind_of(other):
            return False
        if kind == "list":
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pending.extend((one[key], other[key]) for key in one)
        elif one != other:
            return False
    return True


def is_member(item: Any, items: Any) -> bool:
    """Say whether a list holds a value that is the `same`; what is no list holds nothing."""
    if not isinstance(items, LIST):
        return False
    if item is None or isinstance(item, str):  # equal to nothing but their own kind
        return item in items
    return any(same(item, one) for one in items)


def both_numbers(left: Any, right: Any) -> bool:
    """Say whether two values can be ordered; bool is not a number."""
    return kind_of(left) == "number" == kind_of(right)


def read_number(text: str) -> int | float | None:
    """Return the number that a text writes, or None where it writes none or none that is finite.

    Whole numbers stay exact, whatever their size.
    """
    if len(text) > _MAX_DIGITS or not (written := _NUMBER_TEXT.fullmatch(text)):
        return None
    if written[1] is None and written[2] is None:
        return int(text)
    number = float(text)
    return number if isfinite(number) else None
