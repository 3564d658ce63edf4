"""Fields that are required depending on others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wharfinger.model.fields import Condition, Field
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload.rules import shown

__all__ = ["alternative", "holds", "is_blank", "missing", "unmet"]

_NEXT_STEP = "Give it a value, or map it to one that is always there."


def is_blank(text: str) -> bool:
    """Tell whether a text has no visible character."""
    return not text or text.isspace()


def alternative(field: Field, fields: Sequence[Field]) -> Field | None:
    """Return the field that may stand in for this one; each is required where the other is not."""
    condition = field.required
    if isinstance(condition, Condition) and condition.operator == "absent":
        for other in fields:
            if other.name == condition.field and other.required == Condition(field.name, "absent"):
                return other
    return None


def missing(field: Field, found: Any, reason: str = "") -> str:
    """Say that a required field is absent."""
    if found is UNSET:
        seen = "nothing was found for it"
    elif isinstance(found, (str, Secret)):
        seen = "it is empty"
    else:
        seen = f"it is {shown(found)}"
    return f"{field.label} is missing: {seen}{reason}. {_NEXT_STEP}"


def unmet(fields: Sequence[Field], values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give name and message of each field that is required by its condition, and absent.

    Args:
        fields: The fields of one class or object.
        values: Their coerced values by name; `UNSET` stands for absent.
    """
    said: set[str] = set()
    for field in fields:
        condition = field.required
        if (
            not isinstance(condition, Condition)
            or values[field.name] is not UNSET
            or not holds(condition, values[condition.field])
        ):
            continue
        other = alternative(field, fields)
        if other is None:
            reason = f", and it is needed where {_circumstance(condition, fields)}"
            yield field.name, missing(field, UNSET, reason)
        elif other.name not in said:
            said.add(field.name)
            yield field.name, _neither(field, other)


def _neither(field: Field, other: Field) -> str:
    return (
        f"{field.label} or {other.label} is needed: nothing was found for either. "
        "Give one of them a value, or map it to one that is always there."
    )


def holds(condition: Condition, value: Any) -> bool:
    """Tell whether a condition holds, given the coerced value of the field that it names."""
    if isinstance(value, Secret):
        value = value.reveal()
    present = value is not UNSET and value is not None
    if isinstance(value, str) and is_blank(value):
        present = False
    match condition.operator:
        case "absent":
            return not present
        case "present":
            return present
        case "is":
            return value == condition.value if present else condition.value is None
        case "is-not":
            return present and value != condition.value


def _circumstance(condition: Condition, fields: Sequence[Field]) -> str:
    label = next(field.label for field in fields if field.name == condition.field)
    if condition.operator == "absent" or (condition.operator, condition.value) == ("is", None):
        return f"{label} has no value"
    if condition.operator == "present" or condition.value is None:
        return f"{label} has a value"
    return f"{label} {'is' if condition.operator == 'is' else 'is not'} {shown(condition.value)}"
