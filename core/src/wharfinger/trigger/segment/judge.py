"""Whether Segment's engine takes an event."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from wharfinger.trigger.segment.javascript import member, to_double, to_number, units
from wharfinger.trigger.segment.tree import SegmentCondition, SegmentGroup, SegmentNode, as_text

__all__ = ["EngineStopped", "judge", "steps_of"]

_TOP: Final = {"event-type": "type", "event": "event", "name": "name", "userId": "userId"}
_BELOW: Final = {
    "event-property": "properties",
    "event-trait": "traits",
    "event-context": "context",
}


class EngineStopped(Exception):  # noqa: N818  # never leaves this package
    """The engine raises for this event; the message is its own."""


def judge(node: SegmentNode, event: Any) -> bool:
    """Return what the engine says.

    Raises:
        EngineStopped: If it raises: for null instead of an event, at empty parentheses, and at a
            path of dots and brackets only.
    """
    match node:
        case SegmentGroup("and", children):
            return all(judge(child, event) for child in children)
        case SegmentGroup(_, children):
            return any(judge(child, event) for child in children)
        case SegmentCondition():
            return _holds(node, _actual(node, event))
    raise EngineStopped("Cannot read properties of undefined (reading 'type')")


def steps_of(condition: SegmentCondition) -> tuple[str, ...] | None:
    """Return the keys a condition reads, from the event; None where it reads nothing."""
    if condition.name is None:
        return (_TOP[condition.kind],)
    if not condition.name:
        return None
    return _BELOW[condition.kind], *re.findall(r"[^\[.\]]+", condition.name)


def _actual(condition: SegmentCondition, event: Any) -> Any:
    steps = steps_of(condition)
    first = _TOP.get(condition.kind) or _BELOW[condition.kind]
    if event is None:
        raise EngineStopped(f"Cannot read properties of null (reading '{first}')")
    if steps is None:
        return None
    if condition.name and len(steps) == 1:
        raise EngineStopped("Cannot read properties of null (reading 'reduce')")
    value = member(event, first)
    for step in steps[1:]:
        if not value and not isinstance(value, (dict, list, tuple)):
            return value  # what JavaScript holds for false ends the way and is the result
        value = member(value, step)
    return value


_ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "number_equals": operator.eq,
    "number_not_equals": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SEARCH: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": operator.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def _holds(condition: SegmentCondition, actual: Any) -> bool:
    word, wanted = condition.operator, condition.value
    search = word.removeprefix("not_")
    match word:
        case "=" | "!=":
            equal = isinstance(actual, str) and units(actual) == as_text(wanted)
            return equal is (word == "=")
        case "exists" | "not_exists":
            return (actual is not None) is (word == "exists")
        case "is_true" | "is_false":
            return actual is (word == "is_true")
        case _ if word in _ORDER and wanted is not None:
            is_number = isinstance(actual, (int, float)) and not isinstance(actual, bool)
            return is_number and _ORDER[word](to_double(actual), to_number(wanted))
        case _ if search in _SEARCH:
            is_text = isinstance(actual, str)
            return is_text and _SEARCH[search](units(actual), as_text(wanted)) is (search == word)
    return False
