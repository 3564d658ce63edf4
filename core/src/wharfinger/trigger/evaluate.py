"""The reference reading of a trigger: slow, short, and what the compiled one must equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wharfinger.trigger.functions import FUNCTIONS
from wharfinger.trigger.nodes import (
    And,
    Call,
    Comparison,
    Condition,
    Literal,
    Not,
    Operand,
    Or,
    Path,
)
from wharfinger.trigger.values import ORDER, as_object, both_numbers, is_member, read, same

__all__ = ["evaluate", "value_of"]


def evaluate(node: Condition, event: Mapping[str, Any]) -> bool:
    """Say whether a trigger takes an event.

    Args:
        node: The tree of the trigger, from `wharfinger.trigger.parse`.
        event: The event; a missing field is null.
    """
    match node:
        case And(conditions):
            return all(evaluate(condition, event) for condition in conditions)
        case Or(conditions):
            return any(evaluate(condition, event) for condition in conditions)
        case Not(condition):
            return not evaluate(condition, event)
        case Comparison(operator, left, right):
            return _compare(operator, value_of(left, event), value_of(right, event))
        case Call():
            return bool(value_of(node, event))


def value_of(node: Operand, event: Mapping[str, Any]) -> Any:
    """Return the value of a path, literal or call for an event; None stands for null."""
    match node:
        case Path(steps):
            return read(as_object(event), steps)
        case Literal(value):
            return value
        case Call(function, arguments):
            return FUNCTIONS[function].apply(*(value_of(each, event) for each in arguments))


def _compare(operator: str, left: Any, right: Any) -> bool:
    match operator:
        case "=":
            return same(left, right)
        case "!=":
            return not same(left, right)
        case "in":
            return is_member(left, right)
    return both_numbers(left, right) and ORDER[operator](left, right)
