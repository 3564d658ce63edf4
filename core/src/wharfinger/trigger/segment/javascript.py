"""What JavaScript makes of the values of an event, as far as Segment's engine can see it.

Strings are rows of 16-bit units there, numbers are doubles, and reading a key looks into the
built-in objects, too: a text has a ``length`` and a ``link``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from math import inf, isfinite, nan
from typing import Any, Final

import attrs

__all__ = [
    "INHERITED",
    "Builtin",
    "from_units",
    "member",
    "number_text",
    "to_double",
    "to_number",
    "unit_positions",
    "units",
]

# --- text -----------------------------------------------------------------------------------

_WIDE: Final = re.compile("[\U00010000-\U0010ffff]")
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def units(text: str) -> str:
    """Return a text with every character of more than 16 bits as its two halves."""
    if text.isascii():
        return text
    return _WIDE.sub(lambda found: _halves(ord(found[0]) - 0x10000), text)


def _halves(offset: int) -> str:
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))


def from_units(text: str) -> str:
    """Put the halves together again; one that stands alone stays."""
    if text.isascii():
        return text
    return _PAIR.sub(
        lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )


def unit_positions(text: str) -> list[int] | None:
    """Return where each unit of a text, and its end, stands in it; None if that is the same."""
    if text.isascii() or not _WIDE.search(text):
        return None
    places = []
    for place, character in enumerate(text):
        places += [place] * (2 if ord(character) > 0xFFFF else 1)  # noqa: PLR2004  # 16 bits
    return [*places, len(text)]


# --- numbers --------------------------------------------------------------------------------

_SPACE: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BASED: Final = re.compile(r"0(?:[xX]([0-9a-fA-F]+)|[oO]([0-7]+)|[bB]([01]+))")
_INFINITY: Final = re.compile(r"([+-]?)Infinity")
_PLAIN_FROM: Final = 1e-6
_PLAIN_BELOW: Final = 1e21


def to_double(value: float) -> float:
    """Return a number as JavaScript holds it: integers beyond 2^53 lose their last digits."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def to_number(value: str | float) -> float:
    """Return what JavaScript's ``Number`` makes of a value; NaN where that is no number."""
    if not isinstance(value, str):
        return to_double(value)
    text = value.strip(_SPACE)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if based := _BASED.fullmatch(text):
        digits = based[based.lastindex or 0]
        return to_double(int(digits, {1: 16, 2: 8, 3: 2}[based.lastindex or 0]))
    if infinite := _INFINITY.fullmatch(text):
        return -inf if infinite[1] == "-" else inf
    return nan


def number_text(value: float) -> str:
    """Return what JavaScript's ``String`` makes of a number."""
    if not isfinite(value):
        return "NaN" if value != value else f"{'-' * (value < 0)}Infinity"  # noqa: PLR0124  # NaN
    if value == 0:
        return "0"
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return re.sub(r"e([+-])0*", r"e\1", repr(value))


# --- keys of things ------------------------------------------------------------------------------


@attrs.frozen
class Builtin:
    """An object or function that comes with the language; its own keys, then the inherited."""

    kind: str
    own: Mapping[str, Any] = attrs.field(factory=dict, eq=False, repr=False)


def _functions(kind: str, names_by_arity: str) -> dict[str, Any]:
    """Return the functions of a kind; one line of names per number of parameters, from 0."""
    lines = enumerate(names_by_arity.strip().splitlines())
    named = [(name, arity) for arity, line in lines for name in line.split()]
    functions = {name: _function(name, arity) for name, arity in named}
    return {**functions, "constructor": _function(kind, 1)}


def _function(name: str, arity: int) -> Builtin:
    return Builtin("Function", {"name": name, "length": arity})


_OBJECT: Final = _functions(
    "Object",
    """
    toString valueOf toLocaleString
    hasOwnProperty __lookupGetter__ __lookupSetter__ isPrototypeOf propertyIsEnumerable
    __defineGetter__ __defineSetter__
    """,
)
_ARRAY: Final = _functions(
    "Array",
    """
    pop reverse shift keys entries values flat toLocaleString toString toReversed
    at concat fill find findIndex findLast findLastIndex lastIndexOf push unshift sort includes \
    indexOf join forEach filter flatMap map every some reduce reduceRight toSorted
    copyWithin slice splice toSpliced with
    """,
)
_STRING: Final = {
    **_functions(
        "String",
        """
    big blink bold fixed isWellFormed italics normalize small strike sub sup toString \
    toWellFormed trim trimStart trimEnd toLocaleLowerCase toLocaleUpperCase toLowerCase \
    toUpperCase valueOf
    anchor at charAt charCodeAt codePointAt concat endsWith fontcolor fontsize includes indexOf \
    lastIndexOf link localeCompare match matchAll padEnd padStart repeat search startsWith
    replace replaceAll slice split substr substring
    """,
    ),
    "trimLeft": _function("trimStart", 0),
    "trimRight": _function("trimEnd", 0),
}
_NUMBER: Final = _functions(
    "Number", "valueOf toLocaleString\ntoExponential toFixed toPrecision toString"
)
_BOOLEAN: Final = _functions("Boolean", "toString valueOf")
_FUNCTION: Final = _functions("Function", "toString\nbind call\napply")
_OWN_OF_PROTOTYPE: Final[Mapping[str, Mapping[str, Any]]] = {
    "Array": {"length": 0},
    "String": {"length": 0},
    "Function": {"length": 0, "name": ""},
}
_KINDS: Final = {
    "Object": _OBJECT,
    "Array": _ARRAY,
    "String": _STRING,
    "Number": _NUMBER,
    "Boolean": _BOOLEAN,
    "Function": _FUNCTION,
}

INHERITED: Final = frozenset([*_OBJECT, "__proto__"])
"""Names that every object has without holding them."""


def member(value: Any, key: str) -> Any:
    """Return what stands under a key of a value; None for null and for undefined.

    Of JavaScript's own objects the keys of the prototypes are known here, and the name and the
    length of their functions; what lies deeper counts as undefined.
    """
    own, kind = _own(value, key)
    if own is not None or not kind:
        return own
    if isinstance(value, dict) and key in value:
        return None
    if key == "__proto__":
        return Builtin(f"prototype of {kind}")
    return _KINDS[kind].get(key, _OBJECT.get(key))


def _own(value: Any, key: str) -> tuple[Any, str]:  # noqa: PLR0911  # one per kind of value
    """Return what a value holds itself, and its kind."""
    match value:
        case dict():
            return value.get(key), "Object"
        case str():
            return _item(units(value), key), "String"
        case list() | tuple():
            return _item(value, key), "Array"
        case bool():
            return None, "Boolean"
        case int() | float():
            return None, "Number"
        case Builtin("Function", own):
            return own.get(key), "Function"
        case Builtin(kind):
            return _of_prototype(kind.removeprefix("prototype of "), key)
    return None, ""


def _of_prototype(kind: str, key: str) -> tuple[Any, str]:
    own = {**_OWN_OF_PROTOTYPE.get(kind, {}), **_KINDS[kind]}
    if key == "__proto__":
        return (None, "") if kind == "Object" else (Builtin("prototype of Object"), "Object")
    return own.get(key), "Object"


def _item(items: Any, key: str) -> Any:
    if key == "length":
        return len(items)
    index = int(key) if re.fullmatch(r"0|[1-9][0-9]{0,8}", key) else len(items)
    return items[index] if index < len(items) else None
