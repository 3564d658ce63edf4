"""What the nodes of a template do with a scope, once they are functions."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from wharfinger.mapping.liquid.template import Scope
from wharfinger.mapping.liquid.values import is_number, is_true, number, read, script_text, text

__all__ = [
    "Value",
    "Write",
    "absent",
    "assign",
    "both",
    "capture",
    "count",
    "cycle",
    "either",
    "follow",
    "nothing",
    "output",
    "put",
    "range_of",
]

Value = Callable[[Scope], Any]
"""Gives the value of an expression."""

Write = Callable[[Scope], None]
"""Writes a part of the template."""


def absent(_: Scope) -> None:
    """Give nothing."""
    return


def nothing(_: Scope) -> None:
    """Write nothing."""
    return


def put(written: str, scope: Scope) -> None:
    """Write a text of the template."""
    scope.work.use(len(written))
    scope.out.append(written)


def output(value: Value, scope: Scope) -> None:
    """Write a value."""
    scope.out.append(text(value(scope), scope.work))


def assign(name: str, value: Value, scope: Scope) -> None:
    """Give a name to a value."""
    scope.names[name] = value(scope)


def capture(name: str, write: Write, scope: Scope) -> None:
    """Give a name to what is written in between."""
    outside, scope.out = scope.out, []
    write(scope)
    scope.names[name] = "".join(scope.out)
    scope.out = outside


def count(name: str, step: int, scope: Scope) -> None:
    """Write a counter and move it on."""
    before = scope.counter(name)
    scope.counters[name] = before + step
    scope.out.append(text(before if step > 0 else before + step, scope.work))


def cycle(group: Value | None, values: list[Value], key: object, scope: Scope) -> None:
    """Write one of some values in turn; neither 0 nor false."""
    named = None if group is None else script_text(group(scope), scope.work)
    turn = scope.turns.get((named, key), 0)
    scope.turns[named, key] = turn + 1
    value = values[turn % len(values)](scope)
    if value is not False and not (is_number(value) and value == 0):
        scope.out.append(text(value, scope.work))


def follow(keys: list[Any], scope: Scope) -> Any:
    """Give what lies under keys, of which the first is a name."""
    name, *rest = keys
    value = scope.look_up(name if isinstance(name, str) else script_text(name, scope.work))
    for key in rest:
        value = read(value, key)
    return value


def range_of(scope: Scope, start: Any, stop: Any) -> list[float]:
    """Give the whole numbers between two numbers."""
    first, last = number(start, scope.work), number(stop, scope.work)
    if not first < last + 1:
        return []
    count = ceil(min(last + 1 - first, 2.0**62))
    scope.work.use(count)
    return [first + index for index in range(count)]


def both(scope: Scope, left: Value, right: Value) -> bool:
    """Tell whether two values are true."""
    return is_true(left(scope)) and is_true(right(scope))


def either(scope: Scope, left: Value, right: Value) -> bool:
    """Tell whether one of two values is true."""
    return is_true(left(scope)) or is_true(right(scope))
