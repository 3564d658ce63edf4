"""What a coerced value must obey, and how a message shows a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from wharfinger.model.fields import Field, Kind
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload.fields import STRINGS

__all__ = ["broken_rule", "count_rule", "printable", "shown"]

_LONGEST_SHOWN: Final = 40


def shown(value: Any, *, secret: bool = False) -> str:
    """Describe a value for a message: short ones as they are, secrets by their type only."""
    if value is None or value is UNSET:
        return "null" if value is None else "missing"
    if isinstance(value, (bool, int, float, str)) and not secret:
        return _quoted(value)
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)} items" if value else "an empty list"
    return next((name for kinds, name in _NAMES if isinstance(value, kinds)), "a value of no kind")


_NAMES: Final[tuple[tuple[Any, str], ...]] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    ((str, Secret), "text"),
    (Mapping, "an object"),
    (datetime, "a date and time"),
    (object, "something that is not JSON"),
)


def _quoted(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = str(value)
    except ValueError:  # an integer with thousands of digits
        return "a number with thousands of digits"
    if len(text) > _LONGEST_SHOWN:
        text = f"{text[:_LONGEST_SHOWN]}..."
    return printable(json.dumps(text, ensure_ascii=False)) if isinstance(value, str) else text


def printable(text: str) -> str:
    """Escape halves of surrogate pairs, which no terminal and no log can encode."""
    return text.encode("utf-8", "backslashreplace").decode()


def broken_rule(field: Field, value: Any, *, hidden: bool = False) -> str | None:
    """Say what is wrong with one coerced value: ``must be 0 or more, but it is -5``; or None.

    Args:
        field: The field; lists are counted with `count_rule`, not here.
        value: A value of the field's kind, not in a `Secret` even where the field is secret.
        hidden: Whether the value must not be shown.
    """
    found = "what was given is not" if hidden else f"it is {shown(value)}"
    broken = next(_broken(field, value), None)
    if broken:
        return f"{broken}, but {found}"
    if field.multiple or field.kind not in (*STRINGS, Kind.OBJECT):
        return None
    return count_rule(field, len(value), "entry" if field.kind is Kind.OBJECT else "character")


def _broken(field: Field, value: Any) -> Iterator[str]:
    if field.choices and value not in field.choices:
        yield f"must be one of {', '.join(map(_quoted, field.choices))}"
    if field.pattern is not None and not re.fullmatch(field.pattern, value):
        yield field.pattern_hint or f"must match {field.pattern}"
    if field.format and not _FORMATS[field.format][0](value):
        yield f"must be {_FORMATS[field.format][1]}"
    if field.kind in (Kind.INTEGER, Kind.NUMBER) and not field.multiple:
        if field.minimum is not None and value < field.minimum:
            yield f"must be {field.minimum} or more"
        if field.maximum is not None and value > field.maximum:
            yield f"must be {field.maximum} or less"


def count_rule(field: Field, count: int, unit: str) -> str | None:
    """Say what is wrong with a length: ``must have 2 characters or more, but it has 1``."""
    if field.minimum is not None and count < field.minimum:
        return f"must have {_counted(field.minimum, unit)} or more, but it has {count}"
    if field.maximum is not None and count > field.maximum:
        return f"must have {_counted(field.maximum, unit)} at most, but it has {count}"
    return None


def _counted(number: float, unit: str) -> str:
    if number == 1:
        return f"1 {unit}"
    return (
        f"{number:g} {unit.removesuffix('y')}ies" if unit.endswith("y") else f"{number:g} {unit}s"
    )


def _is_email(text: str) -> bool:
    """Accept one ``@``, and a domain with a dot in it; only a sent mail tells more."""
    local, at, domain = text.rpartition("@")
    labels = domain.split(".")
    return bool(at and local and "@" not in local and len(labels) > 1 and all(labels)) and not any(
        map(str.isspace, text)
    )


def _is_uri(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", text) is not None


def _is_datetime(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return re.match(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", text) is not None


_FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "email": (_is_email, "an email address"),
    "uri": (_is_uri, "a URI with its scheme, such as https://example.com"),
    "date-time": (_is_datetime, "a date and time, such as 2030-01-31T09:30:00Z"),
}
