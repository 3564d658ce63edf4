"""Why a trigger takes an event or not: each condition with its truth and the values it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import orjson

from wharfinger.trigger.evaluate import evaluate, value_of
from wharfinger.trigger.nodes import (
    And,
    Call,
    Comparison,
    Condition,
    Literal,
    Node,
    Not,
    Operand,
    Or,
    Path,
    Span,
    Step,
)
from wharfinger.trigger.parse import parse
from wharfinger.trigger.values import LIST, as_object, kind_of
from wharfinger.trigger.written import written

__all__ = ["ConditionExplanation", "SeenValue", "TriggerExplanation", "explain"]


@attrs.frozen
class SeenValue:
    """A value that a condition looked at.

    Attributes:
        text: The field or call that gave it, as it was written.
        value: The value; None, which is null, where the field is missing.
        missing: Whether the event has no such field.
    """

    text: str
    value: Any
    missing: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data; a value that JSON cannot hold is described in words."""
        return {"text": self.text, "value": _plain(self.value), "missing": self.missing}


@attrs.frozen
class ConditionExplanation:
    """One condition of a trigger, and what became of it.

    Attributes:
        text: The condition as it was written.
        span: First character in the trigger and the one after the last.
        kind: ``and``, ``or`` and ``not`` have conditions; ``condition`` has values.
        holds: Whether it is true for the event.
        reached: Whether it was looked at; an earlier condition may have settled the matter.
        decisive: Whether the answer of the whole trigger rests on it.
        values: What it saw, in the order of the text.
        conditions: The conditions it connects or negates.
    """

    text: str
    span: Span
    kind: str
    holds: bool
    reached: bool
    decisive: bool
    values: tuple[SeenValue, ...] = ()
    conditions: tuple[ConditionExplanation, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "text": self.text,
            "span": list(self.span),
            "kind": self.kind,
            "holds": self.holds,
            "reached": self.reached,
            "decisive": self.decisive,
            "values": [value.as_json() for value in self.values],
            "conditions": [condition.as_json() for condition in self.conditions],
        }


@attrs.frozen
class TriggerExplanation:
    """Why a trigger takes an event or not.

    Attributes:
        text: The trigger.
        takes: Whether it takes the event.
        condition: The trigger as one condition, with those inside it.
    """

    text: str
    takes: bool
    condition: ConditionExplanation

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data that JSON can hold."""
        return {"text": self.text, "takes": self.takes, "condition": self.condition.as_json()}


def explain(trigger: str | Condition, event: Mapping[str, Any]) -> TriggerExplanation:
    """Explain why a trigger takes an event or not.

    Args:
        trigger: Its text, or its tree from `wharfinger.trigger.parse`.
        event: The event; a missing field is null.

    Returns:
        Each condition with its truth and the values it saw. `takes` is what the compiled trigger
        says.

    Raises:
        TriggerError: If the text is no trigger.

    Example:
        >>> explained = explain('type = "track" and event = "A"', {"type": "page"})
        >>> explained.takes, [one.reached for one in explained.condition.conditions]
        (False, [True, False])
    """
    text = trigger if isinstance(trigger, str) else written(trigger)
    condition = _Explainer(text, as_object(event)).explain(parse(text), reached=True, decisive=True)
    return TriggerExplanation(text, condition.holds, condition)


@attrs.frozen
class _Explainer:
    text: str
    event: dict[str, Any]

    def explain(self, node: Condition, *, reached: bool, decisive: bool) -> ConditionExplanation:
        kind = "condition"
        values: tuple[SeenValue, ...] = ()
        conditions: tuple[ConditionExplanation, ...] = ()
        match node:
            case And(inside):
                kind = "and"
                conditions = self._row(inside, False, reached, decisive)
                holds = all(each.holds for each in conditions)
            case Or(inside):
                kind = "or"
                conditions = self._row(inside, True, reached, decisive)
                holds = any(each.holds for each in conditions)
            case Not(condition):
                kind = "not"
                conditions = (self.explain(condition, reached=reached, decisive=decisive),)
                holds = not any(each.holds for each in conditions)
            case _:
                holds = evaluate(node, self.event)
                values = tuple(self._seen(node))
        return ConditionExplanation(
            text=self._written(node),
            span=node.span,
            kind=kind,
            holds=holds,
            reached=reached,
            decisive=decisive,
            values=values,
            conditions=conditions,
        )

    def _row(
        self,
        inside: tuple[Condition, ...],
        stops_on: bool,  # noqa: FBT001  # short calls, in this class only
        reached: bool,  # noqa: FBT001  # as above
        decisive: bool,  # noqa: FBT001  # as above
    ) -> tuple[ConditionExplanation, ...]:
        """Explain conditions until one ends the row; if none does, all of them decide."""
        ends = [evaluate(each, self.event) is stops_on for each in inside]
        last = ends.index(True) if any(ends) else len(ends)
        return tuple(
            self.explain(
                each,
                reached=reached and place <= last,
                decisive=decisive and (place == last or last == len(ends)),
            )
            for place, each in enumerate(inside)
        )

    def _written(self, node: Node) -> str:
        return self.text[slice(*node.span)]

    def _seen(self, node: Node) -> Iterator[SeenValue]:
        seen = set()
        for operand in _operands(node):
            if operand not in seen:
                seen.add(operand)
                missing = isinstance(operand, Path) and _is_missing(self.event, operand.steps)
                value = value_of(operand, self.event)
                yield SeenValue(self._written(operand), value, missing)


def _operands(node: Node) -> Iterator[Operand]:
    """Yield every field, and every call inside the condition, outer ones first."""
    match node:
        case Comparison(_, left, right):
            inside: tuple[Operand, ...] = (left, right)
        case Call(_, arguments):
            inside = arguments
        case _:
            return
    for each in inside:
        if not isinstance(each, Literal):
            yield each
            yield from _operands(each)


def _is_missing(value: Any, steps: tuple[Step, ...]) -> bool:
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return True
        elif not isinstance(value, LIST) or step >= len(value):
            return True
        value = value[step]
    return False


def _plain(value: Any) -> Any:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):  # nested too deep, an integer of more than 64 bits
        return f"({kind_of(value)} that JSON cannot hold)"
    return value
