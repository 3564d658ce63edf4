"""Reads one field: absent or not, coerced, checked; every problem noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

import attrs

from wharfinger.errors import Problem
from wharfinger.model.fields import Field, Kind
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload.coerce import COERCIONS, WANTED, UnfitError, unwrapped
from wharfinger.payload.conditions import is_blank, missing, unmet
from wharfinger.payload.fields import STRINGS
from wharfinger.payload.rules import broken_rule, count_rule, printable, shown
from wharfinger.suggest import did_you_mean

__all__ = ["default_of", "read_field", "refuse_unknown"]

_MOST_UNKNOWN: Final = 20

Path = tuple[str | int, ...]


class _Wrong(Enum):
    WRONG = "wrong"


WRONG: Final = _Wrong.WRONG
"""Stands for a value that has a problem: it is there, so no condition takes it for absent."""


def read_field(field: Field, value: Any, path: Path, problems: list[Problem]) -> Any:
    """Read what was given for a field.

    Args:
        field: The field, complete.
        value: What was given; `UNSET` for nothing.
        path: Where it stands; problems name it.
        problems: Takes what is wrong.

    Returns:
        The value, or `UNSET` where it is absent. Nothing of use where there was a problem.
    """
    if not field.multiple:
        value = unwrapped(value)
    if _is_absent(field, value):
        if field.required is not True:
            return UNSET
        problems.append(Problem(path, missing(field, value)))
        return WRONG
    if value is None:
        return None
    if field.multiple:
        return _read_list(field, value, path, problems)
    return _read_one(field, value, path, problems, field.label)


def _is_absent(field: Field, value: Any) -> bool:
    if value is UNSET or value is None:
        return value is UNSET or not field.allow_null
    text = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(text, str):
        return False
    if field.kind in STRINGS and not field.multiple:
        return field.required is not False and is_blank(text)
    return text == ""


def _read_list(field: Field, value: Any, path: Path, problems: list[Problem]) -> Any:
    """Read a list up to its first wrong item; the whole list is one field."""
    given = value if isinstance(value, (list, tuple)) else [value]
    items = []
    before = len(problems)
    for index, item in enumerate(map(unwrapped, given)):
        if item is None or item is UNSET or (item == "" and field.kind not in STRINGS):
            continue
        label = f"{field.label}, item {index + 1},"
        items.append(_read_one(field, item, (*path, index), problems, label))
        if len(problems) > before:
            return WRONG
    if broken := count_rule(field, len(items), "entry"):
        problems.append(Problem(path, f"{field.label} {broken}."))
        return WRONG
    return items


def _read_one(field: Field, value: Any, path: Path, problems: list[Problem], label: str) -> Any:
    hidden = field.secret or isinstance(value, Secret)
    plain = value.reveal() if isinstance(value, Secret) else value
    try:
        result = COERCIONS[field.kind](plain)
    except UnfitError:
        found = shown(value, secret=hidden)
        problems.append(Problem(path, f"{label} must be {WANTED[field.kind]}, but it is {found}."))
        return WRONG
    if field.kind is Kind.OBJECT:
        _read_properties(field, result, path, problems)
    if broken := broken_rule(field, result, hidden=hidden):
        problems.append(Problem(path, f"{label} {broken}."))
        return WRONG
    if field.check and (complaint := field.check(result)):
        problems.append(Problem(path, complaint))
        return WRONG
    return Secret(result) if field.secret else result


def _read_properties(
    field: Field, result: dict[str, Any], path: Path, problems: list[Problem]
) -> None:
    """Put the declared properties of an object in order, in place."""
    values = {}
    for name, declared in field.properties.items():
        value = read_field(declared, result.get(name, UNSET), (*path, name), problems)
        values[name] = value
        kept = default_of(declared) if value is UNSET else value
        if kept is not UNSET:
            result[name] = kept
        else:
            result.pop(name, None)
    if not field.additional_properties:
        refuse_unknown(result, field.properties, path, problems)
    declared_fields = tuple(field.properties.values())
    problems += [Problem((*path, name), text) for name, text in unmet(declared_fields, values)]


def default_of(field: Field) -> Any:
    """Return the default of a field, made anew where it is made; `UNSET` if it has none."""
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # typed as a function
        return field.default.factory()
    return UNSET if field.default is None else field.default


def refuse_unknown(
    raw: Mapping[Any, Any], known: Iterable[str], path: Path, problems: list[Problem]
) -> None:
    """Note every key that is not known; after many, only how many more there are."""
    names = list(known)
    unknown = [key for key in raw if key not in names and raw[key] is not UNSET]
    for key in map(str, unknown[:_MOST_UNKNOWN]):
        text = f"{shown(key)} is no field here. {did_you_mean(key, names)}"
        problems.append(Problem((*path, printable(key)), text))
    if len(unknown) > _MOST_UNKNOWN:
        problems.append(Problem(path, f"{len(unknown) - _MOST_UNKNOWN} more are no fields here."))
