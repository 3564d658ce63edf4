"""What a payload class makes of the values it is given, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from wharfinger.errors import Problem
from wharfinger.model.fields import Field
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload.conditions import unmet
from wharfinger.payload.fields import fields_of
from wharfinger.payload.read import default_of, read_field, refuse_unknown

__all__ = ["FieldReading", "Reading", "explain"]


class Reading(StrEnum):
    """What became of a value."""

    GIVEN = "given"
    """It was taken as it is."""
    COERCED = "coerced"
    """It was turned into what the field holds."""
    DEFAULT = "default"
    """There was none, so the field's default was taken."""
    DROPPED = "dropped"
    """It counts as no value: null, or text that is empty."""
    ABSENT = "absent"
    """There was none, and none is needed."""
    REFUSED = "refused"
    """It cannot be taken; `FieldReading.problem` says why."""


@attrs.frozen(kw_only=True)
class FieldReading:
    """What became of one field, or of one declared property of an object.

    Attributes:
        name: The field's name.
        label: What people call it; ``""`` for a key that is no field.
        reading: What became of its value.
        given: What the field mapping gave; `wharfinger.UNSET` for nothing.
        value: What the payload holds; `wharfinger.UNSET` for nothing.
        problem: Why it was refused, or ``""``.
        properties: The same for declared properties.
    """

    name: str
    label: str
    reading: Reading
    given: Any = UNSET
    value: Any = UNSET
    problem: str = ""
    properties: tuple[FieldReading, ...] = ()

    @property
    def has_value(self) -> bool:
        """Whether the payload holds a value for it."""
        return self.value is not UNSET

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data; what is not there is left out."""
        found: dict[str, Any] = {"name": self.name, "label": self.label, "reading": self.reading}
        for part in ("given", "value"):
            if (value := getattr(self, part)) is not UNSET:
                found[part] = value
        if self.problem:
            found["problem"] = self.problem
        if self.properties:
            found["properties"] = [each.as_json() for each in self.properties]
        return found


def explain(cls: type[Any], raw: Mapping[str, Any]) -> tuple[FieldReading, ...]:
    """Say of each field what `wharfinger.structure` makes of it.

    Args:
        cls: A settings or payload class.
        raw: Values by field name; it is not changed.

    Returns:
        One reading per field, in the order of the class, then one per key that is no field.
    """
    return _read_all(fields_of(cls), raw, unknown_allowed=False)


def _read_all(
    fields: tuple[Field, ...], raw: Mapping[str, Any], *, unknown_allowed: bool
) -> tuple[FieldReading, ...]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields:
        values[field.name] = read_field(field, raw.get(field.name, UNSET), (field.name,), problems)
    problems += [Problem((name,), message) for name, message in unmet(fields, values)]
    unknown: list[Problem] = []
    if not unknown_allowed:
        refuse_unknown(raw, [field.name for field in fields], (), unknown)
    readings = [_reading(field, raw, values[field.name], problems) for field in fields]
    return (*readings, *map(_unknown, unknown))


def _reading(
    field: Field, raw: Mapping[str, Any], value: Any, problems: list[Problem]
) -> FieldReading:
    given = raw.get(field.name, UNSET)
    own = [problem.message for problem in problems if problem.path[0] == field.name]
    if own:
        reading, value = Reading.REFUSED, UNSET
    elif value is UNSET and (default := default_of(field)) is not UNSET:
        reading, value = Reading.DEFAULT, default
    elif value is UNSET:
        reading = Reading.ABSENT if given is UNSET else Reading.DROPPED
    else:
        same = type(value) is type(given) and value == given
        reading = Reading.GIVEN if same else Reading.COERCED
    declared = tuple(field.properties.values())
    return FieldReading(
        name=field.name,
        label=field.label,
        reading=reading,
        given=_shown(field, given),
        value=_shown(field, value),
        problem=" ".join(own),
        properties=_read_all(declared, given, unknown_allowed=field.additional_properties)
        if declared and isinstance(given, Mapping)
        else (),
    )


def _unknown(problem: Problem) -> FieldReading:
    name = str(problem.path[0]) if problem.path else ""
    return FieldReading(name=name, label="", reading=Reading.REFUSED, problem=problem.message)


def _shown(field: Field, value: Any) -> Any:
    """Hide what is secret; a `Secret` shows itself as ``***``."""
    if value is UNSET or not field.secret:
        return str(value) if isinstance(value, Secret) else value
    return "***"
