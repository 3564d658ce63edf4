"""How values are read, written and compared in templates: as in JavaScript, without its leaks.

An absent value is `UNSET` (JavaScript's undefined), null is None. Objects are written as JSON, as
they are by ``@template``. A text has no keys and no items; its length counts whole characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import inf, isfinite, nan
from typing import Any, Final, TypeGuard

import attrs

from wharfinger.jsontext import JsonTextError, number_text, write_json
from wharfinger.mapping.liquid.work import LiquidError, Work
from wharfinger.model.unset import UNSET

__all__ = [
    "BLANK",
    "EMPTY",
    "NIL",
    "SPACE",
    "Special",
    "as_list",
    "bounded",
    "contains",
    "equal",
    "is_list",
    "is_nothing",
    "is_number",
    "is_true",
    "json_text",
    "less",
    "number",
    "number_or_zero",
    "read",
    "script_text",
    "size_of",
    "text",
]

MAX_DEPTH = 200

SPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What counts as white space."""

_LARGEST = 2**64
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_BASED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_INFINITE: Final = {"Infinity": inf, "+Infinity": inf, "-Infinity": -inf}
_INDEX = re.compile(r"-?[0-9]{1,9}", re.ASCII)


@attrs.frozen(eq=False)
class Special:
    """``empty``, ``blank`` or ``nil``, which stand in comparisons only."""

    name: str


EMPTY: Final = Special("empty")
BLANK: Final = Special("blank")
NIL: Final = Special("nil")


def is_nothing(value: Any) -> bool:
    """Tell whether a value is null or absent."""
    return value is None or value is UNSET


def is_true(value: Any) -> bool:
    """Tell what ``if`` takes for true: all but false, null and what is absent."""
    return value is not False and value is not NIL and not is_nothing(value)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Tell whether a value is a list."""
    return isinstance(value, (list, tuple))


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_list(value: Any) -> Sequence[Any]:
    """Return a list as it is, nothing as an empty one, and anything else as a list of one."""
    if is_list(value):
        return value
    return () if is_nothing(value) else (value,)


def text(value: Any, work: Work) -> str:
    """Write a value as output does: nothing for null, list items one after the other."""
    return _joined(value, "", work, MAX_DEPTH)


def script_text(value: Any, work: Work) -> str:
    """Write a value as JavaScript does where it needs a text: list items with commas."""
    if value is None:
        return "null"
    return "undefined" if value is UNSET else _joined(value, ",", work, MAX_DEPTH)


def _joined(value: Any, separator: str, work: Work, depth: int) -> str:
    if isinstance(value, str):
        work.use(len(value))
        return value
    if is_nothing(value):
        return ""
    if is_number(value):
        return _number_text(value)
    if not is_list(value):
        return json_text(value, work)
    if depth == 0:
        raise LiquidError(f"a list is nested deeper than {MAX_DEPTH} levels")
    work.use(len(value) * (1 + len(separator)))
    return separator.join([_joined(item, separator, work, depth - 1) for item in value])


def _number_text(value: float) -> str:
    if not isinstance(value, int) and not isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124  # true of NaN alone
    try:
        return number_text(value)
    except JsonTextError as error:
        raise LiquidError(f"a value cannot be written: {error}") from error


def json_text(value: Any, work: Work) -> str:
    """Write a value as JSON."""
    _weigh(value, work, MAX_DEPTH)
    try:
        return write_json(value, max_depth=MAX_DEPTH)
    except JsonTextError as error:
        raise LiquidError(f"a value cannot be written as JSON: {error}") from error


def _weigh(value: Any, work: Work, depth: int) -> None:
    """Count what JSON takes, before it is made: a list may hold another one many times over."""
    if isinstance(value, str):
        work.use(len(value) + 2)
    elif depth == 0 or not isinstance(value, (list, tuple, Mapping)):
        work.use(1)
    else:
        work.use(len(value) + 2)
        items: Iterable[Any] = (
            chain.from_iterable(value.items()) if isinstance(value, Mapping) else value
        )
        for item in items:
            _weigh(item, work, depth - 1)


def number(value: Any, work: Work) -> float:
    """Read a value as a number; NaN where it is none.

    Whole numbers below 2**64 keep their digits; larger ones are floats, so that arithmetic on them
    costs what it costs on any other.
    """
    if value is UNSET:
        return nan
    if value is None:
        return 0
    if is_list(value):
        value = script_text(value, work)
    if isinstance(value, str):
        return _read_number(value.strip(SPACE))
    if isinstance(value, bool):
        return int(value)
    return bounded(value) if is_number(value) else nan


def bounded(value: float) -> float:
    """Return a whole number of too many digits as a float."""
    if not isinstance(value, int) or -_LARGEST < value < _LARGEST:
        return value
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def _read_number(source: str) -> float:
    if not source:
        return 0
    if _INTEGER.fullmatch(source):
        return int(source)
    if _DECIMAL.fullmatch(source):
        return float(source)
    if len(source) < len("0x") + 256 and _BASED.fullmatch(source):
        return bounded(int(source, 0))
    return _INFINITE.get(source, nan)


def number_or_zero(value: Any, work: Work) -> float:
    """Read a value as a number; 0 where it is none."""
    found = number(value, work)
    return 0 if found != found else found  # noqa: PLR0124  # true of NaN alone


def equal(left: Any, right: Any, work: Work) -> bool:
    """Compare without converting: 1 is not "1", and true is not 1."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Special):
            return _is_special(one, other)
    return _same(left, right, work, MAX_DEPTH)


def _same(left: Any, right: Any, work: Work, depth: int) -> bool:
    if is_list(left) and is_list(right):
        if depth == 0:
            raise LiquidError(f"a list is nested deeper than {MAX_DEPTH} levels")
        work.use(len(left))
        return len(left) == len(right) and all(
            _same(one, other, work, depth - 1) for one, other in zip(left, right, strict=True)
        )
    if is_number(left) and is_number(right):
        return left == right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return left is right


def _is_special(special: Special, value: Any) -> bool:
    if special is NIL:
        return is_nothing(value) or value is NIL
    if special is BLANK and (value is False or is_nothing(value)):
        return True
    if isinstance(value, str):
        return not (value.strip(SPACE) if special is BLANK else value)
    return (is_list(value) or isinstance(value, Mapping)) and not value


def less(left: Any, right: Any, work: Work, *, or_equal: bool = False) -> bool:
    """Compare two texts by their characters, and everything else as numbers."""
    if isinstance(left, Special) or isinstance(right, Special):
        return False
    one, other = _primitive(left, work), _primitive(right, work)
    if not (isinstance(one, str) and isinstance(other, str)):
        one, other = number(one, work), number(other, work)
    else:
        one, other = _order(one), _order(other)
    return bool(one <= other if or_equal else one < other)


def _primitive(value: Any, work: Work) -> Any:
    if is_list(value) or isinstance(value, Mapping):
        return script_text(value, work)
    return value


def _order(value: str) -> bytes:
    return value.encode("utf-16-be", "surrogatepass")


def contains(whole: Any, part: Any, work: Work) -> bool:
    """Look for an item in a list, or for a text in a text."""
    if is_list(whole):
        work.use(len(whole))
        return any(equal(item, part, work) for item in whole)
    whole, part = (
        (None if side is NIL else "") if isinstance(side, Special) else side
        for side in (whole, part)
    )
    return isinstance(whole, str) and script_text(part, work) in whole


def read(value: Any, key: Any) -> Any:
    """Return what lies under a key, or `UNSET`; below nothing lies nothing.

    ``size``, ``first`` and ``last`` are words that a key of that name takes precedence over.
    """
    if is_nothing(value):
        return value
    if is_list(key):
        key = script_text(key, Work())
    if isinstance(value, Mapping):
        found = value.get(_key_text(key), UNSET)
        return len(value) if found is UNSET and key == "size" else found
    if is_list(value):
        return _item(value, key)
    return len(value) if key == "size" and isinstance(value, str) else UNSET


def _key_text(key: Any) -> str:
    if isinstance(key, str):
        return key
    return script_text(key, Work())


def _item(items: Sequence[Any], key: Any) -> Any:
    if key == "size":
        return len(items)
    if key in ("first", "last"):
        key = 0 if key == "first" else -1
    if isinstance(key, str):
        key = int(key) if _INDEX.fullmatch(key) else None
    if isinstance(key, float):
        key = int(key) if key.is_integer() else None
    if not is_number(key):
        return UNSET
    return items[int(key)] if -len(items) <= key < len(items) else UNSET


def size_of(value: Any) -> int:
    """Return the number of characters of a text or items of a list; 0 for anything else."""
    return len(value) if isinstance(value, str) or is_list(value) else 0
