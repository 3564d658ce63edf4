"""What Segment's engine does with a trigger, written in the documented language."""

from __future__ import annotations

import re
from math import isfinite
from typing import Final

from wharfinger.trigger.nodes import Path
from wharfinger.trigger.segment.javascript import from_units, number_text, to_number
from wharfinger.trigger.segment.judge import steps_of
from wharfinger.trigger.segment.tree import SegmentCondition, SegmentGroup, SegmentNode, as_text
from wharfinger.trigger.written import quoted

__all__ = ["ALWAYS", "NEVER", "rewrite"]

NEVER: Final = "bool(false)"
"""A condition that takes nothing."""
ALWAYS: Final = "bool(true)"
"""A condition that takes everything."""

_GLOB: Final = re.compile(r"[*?\[\]\\]")
_IS_TEXT: Final = 'typeof({path}) = "string"'
_FORMS: Final = {
    "=": "{path} = {text}",
    "!=": "{path} != {text}",
    "exists": "{path} != null",
    "not_exists": "{path} = null",
    "is_true": "{path} = true",
    "is_false": "{path} = false",
    "contains": f"{_IS_TEXT} and contains({{path}}, {{text}})",
    "starts_with": "match({path}, {start})",
    "ends_with": "match({path}, {end})",
    "not_contains": f"{_IS_TEXT} and !contains({{path}}, {{text}})",
    "not_starts_with": f"{_IS_TEXT} and !match({{path}}, {{start}})",
    "not_ends_with": f"{_IS_TEXT} and !match({{path}}, {{end}})",
}
_SIGNS: Final = {
    "number_equals": "=",
    "number_not_equals": "!=",
    **{sign: sign for sign in ("<", "<=", ">", ">=")},
}


def rewrite(node: SegmentNode) -> str:
    """Return the trigger that means in the documented language what the tree means to Segment.

    Not written are JavaScript's own oddities (the ``length`` of a text, integers beyond 2^53),
    and an engine that stops is written as a condition that is false.
    """
    match node:
        case SegmentGroup(operator, children):
            return f" {operator} ".join(map(_child, children))
        case SegmentCondition():
            return _condition(node)
    return NEVER


def _child(node: SegmentNode) -> str:
    text = rewrite(node)
    return f"({text})" if isinstance(node, SegmentGroup) else text


def _condition(condition: SegmentCondition) -> str:
    steps = steps_of(condition)
    if steps and condition.name and len(steps) == 1:  # where the engine stops
        return NEVER
    if steps is None:
        return ALWAYS if condition.operator in ("!=", "not_exists") else NEVER
    path = str(Path(tuple(map(from_units, steps))))
    if form := _FORMS.get(condition.operator):
        text = from_units(as_text(condition.value))
        glob = _GLOB.sub(r"\\\g<0>", text)
        return form.format(
            path=path, text=quoted(text), start=quoted(f"{glob}*"), end=quoted(f"*{glob}")
        )
    return _comparison(path, condition)


def _comparison(path: str, condition: SegmentCondition) -> str:
    sign = _SIGNS.get(condition.operator)
    if sign is None or condition.value is None:
        return NEVER
    number = to_number(condition.value)
    any_number = f'typeof({path}) = "number"'
    if not isfinite(number):
        below = sign in ("<", "<=") and number > 0
        above = sign in (">", ">=") and number < 0
        return any_number if sign == "!=" or below or above else NEVER
    written = f"{path} {sign} {number_text(number)}"
    return f"{any_number} and {written}" if sign == "!=" else written
