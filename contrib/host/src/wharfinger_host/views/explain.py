"""Why one event becomes what it becomes, as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from wharfinger import (
    UNSET,
    ConditionExplanation,
    Explanation,
    FieldReading,
    MappingExplanation,
    Step,
)
from wharfinger_host.terminal import printable
from wharfinger_host.views.preview import show_request

__all__ = ["as_json", "show"]

_LONGEST_VALUE = 70
_QUIET = frozenset({"given", "absent"})


def as_json(explanations: Mapping[str, Explanation]) -> list[dict[str, Any]]:
    """Return the explanations as plain data, one entry per connection and mapping."""
    return [
        {"connection": name, **mapping}
        for name, explanation in explanations.items()
        for mapping in explanation.as_json()
    ]


def show(console: Console, explanations: Mapping[str, Explanation], *, source: bool) -> None:
    """Show each mapping as a tree of trigger, steps and fields, then its request.

    Args:
        console: Where to.
        explanations: By connection.
        source: Show the generated Python as well.
    """
    for name, explanation in explanations.items():
        for mapping in explanation.mappings:
            console.print(_tree(name, mapping))
            if mapping.request is not None:
                show_request(console, mapping.request)
            if source and mapping.steps is not None:
                console.print(mapping.source, style="dim", soft_wrap=True)


def _tree(connection: str, mapping: MappingExplanation) -> Tree:
    tree = Tree(Text(f"{connection}.{mapping.mapping} ({mapping.action})", "bold"))
    if mapping.trigger is not None:
        _add_condition(tree.add(Text("trigger")), mapping.trigger.condition)
    if mapping.steps is not None:
        steps = tree.add(Text("field mapping"))
        for name, step in mapping.steps.inputs:
            _add_step(steps, name, step)
        fields = tree.add(Text("payload"))
        for field in mapping.fields:
            _add_field(fields, field)
    if mapping.outcome is not None:
        text = f"{mapping.outcome.status}: {mapping.outcome.message}"
        tree.add(Text(printable(text), "yellow"))
    return tree


def _add_condition(tree: Tree, condition: ConditionExplanation) -> None:
    if not condition.reached:
        mark, style = "not looked at", "dim"
    else:
        mark, style = ("true", "green") if condition.holds else ("false", "red")
    text = Text(f"{mark:5}", style)
    text.append(f"  {printable(condition.text)}", "bold" if condition.decisive else "")
    seen = ", ".join(
        f"{value.text} is {'missing' if value.missing else _shown(value.value)}"
        for value in condition.values
    )
    if seen and condition.reached:
        text.append(f"  {printable(seen)}", "dim")
    branch = tree.add(text)
    for inside in condition.conditions:
        _add_condition(branch, inside)


def _add_step(tree: Tree, name: str, step: Step) -> None:
    text = Text(printable(name), "cyan")
    text.append(f" = {_shown(step.value)}", "dim" if step.value is UNSET else "")
    if step.name not in ("object", "list", "constant"):
        text.append(printable(f"  {step.name} {step.detail}".rstrip()), "magenta")
    branch = tree.add(text)
    for before_name, before in step.inputs:
        _add_step(branch, before_name, before)


def _add_field(tree: Tree, field: FieldReading) -> None:
    text = Text(printable(field.name), "cyan")
    if field.label:
        text.append(f' "{printable(field.label)}"', "dim")
    text.append(f" = {_shown(field.value)}")
    if field.reading not in _QUIET:
        text.append(f"  {field.reading}", "red" if field.problem else "yellow")
    if field.reading == "coerced":
        text.append(f" from {_shown(field.given)}", "yellow")
    if field.problem:
        text.append(f": {printable(field.problem)}", "red")
    branch = tree.add(text)
    for declared in field.properties:
        _add_field(branch, declared)


def _shown(value: Any) -> str:
    """Write a value short; what orjson cannot write is written as Python does."""
    if value is UNSET:
        return "nothing"
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        text = repr(value)
    return printable(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}...")
