"""From a trigger to one Python function.

The function is generated source, compiled once. It reads each field, and each object on the way
to it, at most once and only when it gets there; all that came from the trigger's author is in it
as Python literals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from wharfinger.trigger.functions import FUNCTIONS
from wharfinger.trigger.glob import matcher
from wharfinger.trigger.nodes import (
    And,
    Call,
    Comparison,
    Condition,
    Constant,
    Literal,
    Not,
    Operand,
    Or,
    Path,
    Step,
)
from wharfinger.trigger.parse import parse
from wharfinger.trigger.values import (
    LIST,
    NUMBER,
    as_object,
    both_numbers,
    is_member,
    read,
    same,
)

__all__ = ["Predicate", "compile_tree", "compile_trigger", "generate"]

Predicate: TypeAlias = Callable[[Mapping[str, Any]], bool]

_HELPERS: Final[Mapping[str, Any]] = {
    "__builtins__": {},
    "bool": bool,
    "dict": dict,
    "isinstance": isinstance,
    "len": len,
    "str": str,
    "LIST": LIST,
    "NUMBER": NUMBER,
    "TEXT_OR_LIST": (str, *LIST),
    "UNREAD": object(),
    "as_object": as_object,
    "both_numbers": both_numbers,
    "is_member": is_member,
    "read": read,
    "same": same,
    **{function.apply.__name__: function.apply for function in FUNCTIONS.values()},
}

# Deeper objects are read in a loop: Python bounds the nesting of an expression.
_INLINE_STEPS: Final = 4


def compile_trigger(text: str) -> Predicate:
    """Read a trigger and return the function that says whether it takes an event.

    Args:
        text: The trigger as it was written.

    Returns:
        A function of one event. It never raises, whatever the event holds, and changes nothing.

    Raises:
        TriggerError: If the text is no trigger.

    Example:
        >>> takes = compile_trigger('type = "track" and properties.total > 100')
        >>> takes({"type": "track", "properties": {"total": 120}})
        True
    """
    return compile_tree(parse(text))


def compile_tree(node: Condition) -> Predicate:
    """Return the function of a tree from `wharfinger.trigger.parse`."""
    source, constants = generate(node)
    namespace: dict[str, Any] = {**_HELPERS, **constants}
    exec(compile(source, "<trigger>", "exec"), namespace)  # noqa: S102  # literals only, by repr
    predicate: Predicate = namespace["trigger"]
    return predicate


def generate(node: Condition) -> tuple[str, dict[str, Any]]:
    """Return the source of a trigger's function, and the patterns it takes by name."""
    writer = _Writer()
    code, _, _ = writer.condition(node, frozenset())
    lines = [
        "def trigger(event):",
        "    if not isinstance(event, dict):",
        "        event = as_object(event)",
    ]
    if writer.maybe_read:
        lines.append(f"    {' = '.join(sorted(writer.maybe_read))} = UNREAD")
    return "\n".join([*lines, f"    return {code}", ""]), writer.patterns


_Known: TypeAlias = frozenset[str]
"""Variables that have certainly been read when a piece of code begins."""


@attrs.frozen
class _Value:
    """Code that gives a value, and the name that holds it afterwards, if any does."""

    code: str
    name: str = ""


class _Writer:
    """Writes the parts of one function in the order in which they will run."""

    def __init__(self) -> None:
        self.maybe_read: set[str] = set()
        self.patterns: dict[str, Any] = {}
        self._variables: dict[tuple[Step, ...], str] = {}
        self._read_somewhere: set[str] = set()
        self._temporaries = 0

    def condition(self, node: Condition, known: _Known) -> tuple[str, _Known, _Known]:
        """Return code of a bool, and what is known after it if it was true, and if false."""
        match node:
            case And(conditions):
                code, all_passed, one_stopped = self._row(
                    " and ", conditions, known, stops_on=False
                )
                return code, all_passed, one_stopped
            case Or(conditions):
                code, all_passed, one_stopped = self._row(" or ", conditions, known, stops_on=True)
                return code, one_stopped, all_passed
            case Not(condition):
                code, if_true, if_false = self.condition(condition, known)
                return f"not {code}", if_false, if_true
            case Comparison():
                code, known = self._comparison(node, known)
            case Call():
                value, known = self._call(node, known)
                code = value.code
        return code, known, known

    def _row(
        self, word: str, conditions: tuple[Condition, ...], known: _Known, *, stops_on: bool
    ) -> tuple[str, _Known, _Known]:
        """Return code, what is known if all were looked at, and if one of them ended it."""
        codes = []
        stopped: _Known | None = None
        for each in conditions:
            code, if_true, if_false = self.condition(each, known)
            known, ended = (if_false, if_true) if stops_on else (if_true, if_false)
            stopped = ended if stopped is None else stopped & ended
            codes.append(code)
        return f"({word.join(codes)})", known, stopped or frozenset()

    def _comparison(self, node: Comparison, known: _Known) -> tuple[str, _Known]:
        left, known = self._operand(node.left, known)
        if isinstance(node.right, Literal) and not isinstance(node.left, Literal):
            return self._with_constant(node.operator, left, node.right.value), known
        right, known = self._operand(node.right, known)
        match node.operator:
            case "=":
                return f"same({left.code}, {right.code})", known
            case "!=":
                return f"not same({left.code}, {right.code})", known
            case "in":
                return f"is_member({left.code}, {right.code})", known
        left, right = self._named(left), self._named(right)
        order = f"{left.name} {node.operator} {right.name}"
        return f"(both_numbers({left.code}, {right.code}) and {order})", known

    def _with_constant(self, operator: str, left: _Value, constant: Constant) -> str:
        match operator:
            case "=":
                return self._equals(left, constant)
            case "!=":
                return f"not {self._equals(left, constant)}"
            case "in":
                return self._in_constant(left, constant)
        if isinstance(constant, bool) or not isinstance(constant, NUMBER):
            return f"both_numbers({left.code}, {constant!r})"  # false, whatever the left one is
        left = self._named(left)
        order = f"{left.name} {operator} {constant!r}"
        return (
            f"(isinstance({left.code}, NUMBER) and not isinstance({left.name}, bool) and {order})"
        )

    def _equals(self, left: _Value, constant: Constant) -> str:
        if constant is None or isinstance(constant, bool):
            return f"{left.code} is {constant!r}"
        if isinstance(constant, tuple):
            return f"same({left.code}, {constant!r})"
        if constant in (0, 1):  # which Python takes False and True for
            left = self._named(left)
            return f"({left.code} == {constant!r} and not isinstance({left.name}, bool))"
        return f"{left.code} == {constant!r}"

    def _in_constant(self, left: _Value, constant: Constant) -> str:
        if not isinstance(constant, tuple) or not all(isinstance(item, str) for item in constant):
            return f"is_member({left.code}, {constant!r})"
        left = self._named(left)
        items = f"{{{', '.join(map(repr, constant))}}}" if constant else "()"
        return f"(isinstance({left.code}, str) and {left.name} in {items})"

    def _operand(self, node: Operand, known: _Known) -> tuple[_Value, _Known]:
        match node:
            case Path(steps):
                return self._read(steps, known)
            case Literal(value):
                return _Value(repr(value), repr(value)), known
            case Call():
                return self._call(node, known)

    def _call(self, node: Call, known: _Known) -> tuple[_Value, _Known]:
        values = []
        for argument in node.arguments:
            value, known = self._operand(argument, known)
            values.append(value)
        match node:
            case Call("match", (Path() | Call(), Literal(str() as pattern))) if matcher(pattern):
                return self._match(self._named(values[0]), pattern), known
            case Call("contains", (Path() | Call(), Literal(str() as part))):
                value = self._named(values[0])
                holds = f"isinstance({value.code}, TEXT_OR_LIST) and {part!r} in {value.name}"
                return _Value(f"({holds})"), known
        arguments = ", ".join(value.code for value in values)
        return _Value(f"{FUNCTIONS[node.function].apply.__name__}({arguments})"), known

    def _match(self, value: _Value, pattern: str) -> _Value:
        name = f"pattern{len(self.patterns)}"
        self.patterns[name] = matcher(pattern)
        fits = f"{name}({value.name}) is not None"
        return _Value(f"(isinstance({value.code}, str) and {fits})")

    def _read(self, steps: tuple[Step, ...], known: _Known) -> tuple[_Value, _Known]:
        """Read a field, or name the variable that holds it."""
        name = self._variables.setdefault(steps, f"v{len(self._variables)}")
        if name in known:
            return _Value(name, name), known
        code, known = self._first_read(steps, known)
        code = f"({name} := {code})"
        if name in self._read_somewhere:  # only on some ways here, so look whether it was
            self.maybe_read.add(name)
            code = f"({name} if {name} is not UNREAD else {code})"
        self._read_somewhere.add(name)
        return _Value(code, name), known | {name}

    def _first_read(self, steps: tuple[Step, ...], known: _Known) -> tuple[str, _Known]:
        *above, step = steps
        if not above:
            return f"event.get({step!r})", known
        if len(above) >= _INLINE_STEPS:
            parent, known = self._read(steps[:_INLINE_STEPS], known)
            return f"read({parent.code}, {steps[_INLINE_STEPS:]!r})", known
        parent, known = self._read(tuple(above), known)
        if isinstance(step, str):
            return (
                f"{parent.name}.get({step!r}) if isinstance({parent.code}, dict) else None",
                known,
            )
        fits = f"isinstance({parent.code}, LIST) and len({parent.name}) > {step}"
        return f"{parent.name}[{step}] if {fits} else None", known

    def _named(self, value: _Value) -> _Value:
        """Give a value a name, for code that needs it more than once."""
        if value.name:
            return value
        self._temporaries += 1
        name = f"t{self._temporaries}"
        return _Value(f"({name} := {value.code})", name)
