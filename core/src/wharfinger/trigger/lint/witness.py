"""The search for an event that a trigger takes in one reading and not in the other.

Only well-formed events count: ``type`` is text other than ``null``, ``event`` and ``name`` are text
or missing, ``userId`` is a plain value, and what a path goes through is an object, null or missing.
"""

from __future__ import annotations

import copy
import itertools
import random
import re
from collections.abc import Iterator
from typing import Any, Final

import attrs

from wharfinger.trigger.compile import Predicate
from wharfinger.trigger.evaluate import evaluate
from wharfinger.trigger.nodes import (
    And,
    Call,
    Comparison,
    Condition,
    Literal,
    Node,
    Not,
    Or,
    Path,
    Step,
)
from wharfinger.trigger.segment import SegmentTrigger
from wharfinger.trigger.segment.javascript import INHERITED

__all__ = ["Search", "is_plain"]

_MISSING: Final = object()
_ANYTHING: Final[tuple[Any, ...]] = (
    *(_MISSING, None, "", "x", " X y", 0, 1, 7, -3.5, True, False),
    *([], ["x"], [7, None], {}, {"x": 1}),
)
_TEXTS: Final[dict[tuple[Step, ...], tuple[Any, ...]]] = {
    ("type",): ("x", "7"),
    ("event",): (_MISSING, "", "x", "7"),
    ("name",): (_MISSING, "", "x", "7"),
}
_PLAIN: Final = ("type", "event", "name", "userId")
_LARGE: Final = 2**53
_MOST_TRIED: Final = 400_000
"""Conditions evaluated before the search gives up; about half a second."""
_SHARED: Final = 10
_RANDOM_EVENTS: Final = 2_000
_MOST_VALUES: Final = 60
_MOST_OF_PAIR: Final = 20
_MAX_DEPTH: Final = 100


@attrs.define
class Search:
    """One search.

    Attributes:
        takes: The documented reading.
        segment: Segment's reading.
        trees: Trees of the documented language that tell which events to try: of the one reading
            and of the other.
    """

    takes: Predicate
    segment: SegmentTrigger
    trees: tuple[Condition, ...]
    gave_up: bool = False
    _values: dict[tuple[Step, ...], list[Any]] = attrs.field(factory=dict, init=False)

    def run(self) -> dict[str, Any] | None:
        """Return an event that the two readings part on; None where none was found."""
        atoms = [atom for tree in self.trees for atom in _atoms(tree)]
        self._collect(atoms)
        left = _MOST_TRIED // (len(atoms) + 1)
        for event in self._events():
            if self.takes(event) is not self.segment.takes(event):
                return event
            left -= 1
            if left < 0:
                self.gave_up = True
                return None
        return None

    # --- values worth a try, by path --------------------------------------------------------

    def _collect(self, atoms: list[Condition]) -> None:
        paths = {path.steps for atom in atoms for path in _paths(atom)}
        for find in (_constants, _around_constants):  # the constants themselves come first
            for atom in atoms:
                for path in _paths(atom):
                    self._values.setdefault(path.steps, []).extend(find(atom))
        for atom in atoms:
            compared = dict.fromkeys(path.steps for path in _paths(atom))
            shared = [value for steps in compared for value in self._values[steps][:_SHARED]]
            if len(compared) > 1:  # what one field may be, the other may
                self._values.update({steps: shared + self._values[steps] for steps in compared})
        through = {steps[:end] for steps in paths for end in range(1, len(steps))}
        for steps, found in self._values.items():
            self._values[steps] = _allowed(steps, found, through)

    # --- events worth a try -------------------------------------------------------------------

    def _events(self) -> Iterator[dict[str, Any]]:
        bases = []
        for event in self._bases():
            bases.append(event)
            yield event
        for event in bases:
            for steps, values in self._values.items():
                for value in values:
                    yield _with(event, steps, value)
        yield from self._random_events()

    def _random_events(self) -> Iterator[dict[str, Any]]:
        """Yield events in which everything changes at once, the same ones every time."""
        chance = random.Random(0)  # noqa: S311  # no secret depends on it
        for _ in range(_RANDOM_EVENTS):
            event: dict[str, Any] = {"type": "x"}
            for steps, values in self._values.items():
                if values:
                    event = _with(event, steps, chance.choice(values))
            yield event

    def _bases(self) -> Iterator[dict[str, Any]]:
        """Yield events that make the trees true and false, and each part of them by itself."""
        yield {"type": "x"}
        for tree in self.trees:
            for wanted in (True, False):
                event = self._settle(tree, {"type": "x"}, wanted=wanted)
                yield event
                for part in _parts(tree):
                    for part_wanted in (True, False):
                        yield self._settle(part, copy.deepcopy(event), wanted=part_wanted)

    def _settle(self, node: Condition, event: dict[str, Any], *, wanted: bool) -> dict[str, Any]:
        """Change an event until a condition is what is wanted of it, if that is possible."""
        match node:
            case Not(condition):
                return self._settle(condition, event, wanted=not wanted)
            case And(conditions) | Or(conditions):
                together = isinstance(node, And) is wanted
                for condition in conditions if together else conditions[:1]:
                    event = self._settle(condition, event, wanted=wanted)
                return event
        if evaluate(node, event) is wanted:
            return event
        changes = self._changes(event, [path.steps for path in _paths(node)])
        return next((each for each in changes if evaluate(node, each) is wanted), event)

    def _changes(
        self, event: dict[str, Any], paths: list[tuple[Step, ...]]
    ) -> Iterator[dict[str, Any]]:
        """Yield the event with another value at one of the paths, then at two of them."""
        for steps in paths:
            for value in self._values[steps]:
                yield _with(event, steps, value)
        for first, second in itertools.pairwise(paths):
            for value in self._values[first][:_MOST_OF_PAIR]:
                changed = _with(event, first, value)
                for other in self._values[second][:_MOST_OF_PAIR]:
                    yield _with(changed, second, other)


def _parts(node: Condition) -> Iterator[Condition]:
    """Yield every condition below a condition."""
    match node:
        case And(conditions) | Or(conditions):
            for condition in conditions:
                yield condition
                yield from _parts(condition)
        case Not(condition):
            yield condition
            yield from _parts(condition)


def _atoms(node: Condition) -> list[Condition]:
    return [part for part in (node, *_parts(node)) if isinstance(part, (Comparison, Call))]


def _operands(node: Node) -> Iterator[Path | Literal]:
    match node:
        case Path() | Literal():
            yield node
        case Comparison(_, left, right):
            yield from _operands(left)
            yield from _operands(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from _operands(argument)


def is_plain(tree: Condition) -> bool:
    """Say whether a tree has no name and no number that JavaScript knows better."""
    for atom in _atoms(tree):
        for each in _operands(atom):
            match each:
                case Path(steps) if INHERITED.intersection(steps):
                    return False
                case Literal(int() | float() as number) if abs(number) >= _LARGE:
                    return False
    return True


def _paths(atom: Condition) -> list[Path]:
    return [each for each in _operands(atom) if isinstance(each, Path)]


def _constants(atom: Condition) -> Iterator[Any]:
    for each in _operands(atom):
        match each:
            case Literal(tuple() as items):
                yield from items
            case Literal(value):
                yield value
            case Path(steps):
                yield ".".join(map(str, steps))  # what a bare word is to the other engine


def _around_constants(atom: Condition) -> Iterator[Any]:
    return (value for constant in _constants(atom) for value in _around(constant))


def _around(constant: Any) -> list[Any]:
    """Return values on all sides of a constant."""
    match constant:
        case bool():
            return [constant, str(constant).lower(), [constant]]
        case int() | float():
            numbers = [constant, constant + 1, constant - 1]
            near = [*numbers, *(f"{number:g}" for number in numbers), [constant]]
            return [*near, "x" * int(constant)] if 0 < constant < _MAX_DEPTH else near
        case str():
            return _around_text(constant)
    return ["null"]


def _around_text(text: str) -> list[Any]:
    plain = re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
    filled = re.sub(r"\[\\?(.).*?\]", r"\1", text, flags=re.DOTALL).replace("?", "q")
    texts = [text, f"{text}x", f"x{text}", f"x{text}x", text[1:], text[:-1], text.upper()]
    texts += [text.lower(), text.title(), plain, filled.replace("*", ""), filled.replace("*", "z")]
    texts += [text.replace("_", " ").replace("-", " "), f"x{text[1:]}", f"{text[:-1]}x"]
    number = [float(text)] if re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]+)?", text) else []
    return [*texts, *number, *(one + 1 for one in number), [text]]


def _allowed(
    steps: tuple[Step, ...], found: list[Any], through: set[tuple[Step, ...]]
) -> list[Any]:
    """Return the values that a well-formed event may have there, each once."""
    if len(steps) > 1 and steps[0] in _PLAIN:  # nothing can stand below a text
        return []
    if steps in through and steps[0] not in _PLAIN:
        return [_MISSING, None]
    kinds: tuple[type, ...] = (object,)
    always: tuple[Any, ...] = _ANYTHING
    if steps in _TEXTS:
        kinds, always = (str,), _TEXTS[steps]
    elif steps == ("userId",):
        kinds, always = (str, int, float), (_MISSING, None, "", "x", "7", 5, True)
    unique = {repr(value): value for value in [*always, *found[:_MOST_VALUES]]}
    if steps == ("type",):
        unique.pop(repr("null"), None)
    return [value for value in unique.values() if value is _MISSING or isinstance(value, kinds)]


def _with(event: dict[str, Any], steps: tuple[Step, ...], value: Any) -> dict[str, Any]:
    """Return a copy of an event that holds a value at a path, and objects on the way to it."""
    if len(steps) > _MAX_DEPTH:
        return event
    changed: Any = copy.copy(event)
    result = {"": changed}
    parent: Any = result
    key: Any = ""
    for step in steps:
        child = parent[key]
        if isinstance(step, int):
            child = list(child) if isinstance(child, list) else []
            if step >= _MAX_DEPTH:
                return event
            child += [None] * (step + 1 - len(child))
        else:
            child = dict(child) if isinstance(child, dict) else {}
            child.setdefault(step, None)
        parent[key] = child
        parent, key = child, step
    if value is _MISSING and isinstance(parent, dict):
        parent.pop(key)
    else:
        parent[key] = None if value is _MISSING else value
    return dict(result[""])
