"""The functions of the trigger language.

Each takes any values and never raises. Where Segment's documentation ("Destination Filter Query
Language") leaves a case open, the rule is written at the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

import attrs
import orjson

from wharfinger.trigger.glob import matcher
from wharfinger.trigger.values import LIST, NUMBER, is_member, kind_of, read_number

__all__ = [
    "FUNCTIONS",
    "Function",
    "contains",
    "kebabcase",
    "length",
    "lowercase",
    "match",
    "snakecase",
    "titlecase",
    "to_bool",
    "to_number",
    "to_string",
    "typeof",
    "uppercase",
]

# JavaScript writes whole numbers below this without an exponent, and so do people.
_PLAIN_BELOW: Final = 1e21


def contains(value: Any, part: Any) -> bool:
    """Say whether a text holds another text, or a list an item; false for everything else."""
    if isinstance(value, str):
        return isinstance(part, str) and part in value
    return is_member(part, value)


def length(value: Any) -> int | None:
    """Return the UTF-8 bytes of a text or the items of a list; 0 for null, else null."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
    return len(value) if isinstance(value, LIST) else None


def lowercase(value: Any) -> str | None:
    """Return a text in lower case; null for everything else."""
    return value.lower() if isinstance(value, str) else None


def uppercase(value: Any) -> str | None:
    """Return a text in upper case; null for everything else."""
    return value.upper() if isinstance(value, str) else None


def snakecase(value: Any) -> str | None:
    """Return a text with ``_`` for each space, letters untouched; null for everything else."""
    return value.replace(" ", "_") if isinstance(value, str) else None


def kebabcase(value: Any) -> str | None:
    """Return a text with ``-`` for each space, letters untouched; null for everything else."""
    return value.replace(" ", "-") if isinstance(value, str) else None


def titlecase(value: Any) -> str | None:
    """Return a text with the first letter of each word in upper case; null for everything else.

    Words are what spaces part; their other letters stay as they are.
    """
    if not isinstance(value, str):
        return None
    return " ".join(word[:1].title() + word[1:] for word in value.split(" "))


def typeof(value: Any) -> str:
    """Return ``string``, ``number``, ``list``, ``bool``, ``null`` or ``object``.

    ``object`` is not in the documentation, which gives objects no name.
    """
    return kind_of(value)


def match(value: Any, pattern: Any) -> bool:
    """Say whether a glob pattern fits a whole text; false where one of them is no text.

    A pattern out of the event that cannot be read fits nothing.
    """
    if not isinstance(value, str) or not isinstance(pattern, str):
        return False
    matches = matcher(pattern)
    return matches is not None and matches(value) is not None


def to_bool(value: Any) -> bool:
    """Return a bool; false for null, 0, an empty text or list, and objects.

    The texts ``"0"`` and ``"false"``, in any case of letters, are false as well.
    """
    if isinstance(value, str):
        return value.lower() not in ("", "0", "false")
    return isinstance(value, (*NUMBER, *LIST)) and bool(value)


def to_string(value: Any) -> str | None:
    """Return a text: numbers and bools as JSON writes them, lists as JSON; null for the rest.

    Equal numbers give equal texts: 5.0 is ``"5"``. A list that JSON cannot hold is null.
    """
    match kind_of(value):
        case "string":
            return str(value)
        case "bool":
            return "true" if value else "false"
        case "number":
            return _number_text(value)
        case "list":
            try:
                return orjson.dumps(value).decode()
            except TypeError:  # nested too deep, an integer of more than 64 bits
                return None
    return None


def _number_text(value: float) -> str | None:
    if isinstance(value, float):
        if not isfinite(value):
            return None
        if not value.is_integer() or abs(value) >= _PLAIN_BELOW:
            return repr(value)
    try:
        return str(int(value))
    except ValueError:  # more digits than Python writes
        return None


def to_number(value: Any) -> float | None:
    """Return a number: itself, or what a text writes as triggers write numbers; else null.

    White space around the number is left away; bools are not numbers.
    """
    if isinstance(value, str):
        return read_number(value.strip())
    return value if kind_of(value) == "number" else None


@attrs.frozen
class Function:
    """One function as triggers see it.

    Attributes:
        apply: What it does.
        parameters: How many values it takes.
        gives: What it gives, for error messages; one that gives ``"a bool"`` is a condition.
    """

    apply: Callable[..., Any]
    parameters: int
    gives: str

    @property
    def is_condition(self) -> bool:
        """Whether a call of it can stand alone, without a comparison."""
        return self.gives == "a bool"


FUNCTIONS: Final[Mapping[str, Function]] = {
    "contains": Function(contains, 2, "a bool"),
    "length": Function(length, 1, "a number"),
    "lowercase": Function(lowercase, 1, "text"),
    "uppercase": Function(uppercase, 1, "text"),
    "snakecase": Function(snakecase, 1, "text"),
    "kebabcase": Function(kebabcase, 1, "text"),
    "titlecase": Function(titlecase, 1, "text"),
    "typeof": Function(typeof, 1, "text"),
    "match": Function(match, 2, "a bool"),
    "bool": Function(to_bool, 1, "a bool"),
    "string": Function(to_string, 1, "text"),
    "number": Function(to_number, 1, "a number"),
}
