"""The tree of a trigger.

Nodes compare by meaning: where a node stands in the text (`span`) is no part of equality.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import attrs

__all__ = [
    "And",
    "Call",
    "Comparison",
    "Condition",
    "Constant",
    "Literal",
    "Node",
    "Not",
    "Operand",
    "Or",
    "Path",
    "Scalar",
    "Span",
    "Step",
]

Scalar: TypeAlias = str | int | float | bool | None
Constant: TypeAlias = Scalar | tuple[Scalar, ...]
Step: TypeAlias = str | int
Span: TypeAlias = tuple[int, int]
"""First character and the one after the last, as indices into the text."""

_ODD: Final = re.compile(r"[^A-Za-z0-9_-]")
_PLAIN_START: Final = re.compile(
    r"(?!(?:and|or|in|true|false|null)(?![\w\\-]))[A-Za-z_\\]", re.ASCII
)


@attrs.frozen
class _Placed:
    span: Span = attrs.field(default=(0, 0), eq=False, repr=False, kw_only=True)


@attrs.frozen
class Path(_Placed):
    """A field of the event.

    Attributes:
        steps: A string is the key of an object, an integer the index of a list item; the first
            one is a key of the event itself.
    """

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        r"""Return the path as a trigger can write it: ``properties.a\ b[0]``."""
        text = "".join(map(_written, self.steps)).removeprefix(".")
        return text if _PLAIN_START.match(text) else f"\\{text}"


def _written(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return "." + _ODD.sub(r"\\\g<0>", step) if step else '[""]'


def _told_apart(value: Constant) -> object:
    """Return what compares as the value does in a trigger: to Python, 1 is True."""
    if isinstance(value, tuple):
        return tuple(map(_told_apart, value))
    return isinstance(value, bool), value


@attrs.frozen
class Literal(_Placed):
    """A value written in the trigger; a list is a tuple."""

    value: Constant = attrs.field(eq=_told_apart)


@attrs.frozen
class Call(_Placed):
    """A function of `wharfinger.trigger.functions` with its arguments."""

    function: str
    arguments: tuple[Operand, ...]


@attrs.frozen
class Comparison(_Placed):
    """Two values and one of ``= != < <= > >= in`` between them."""

    operator: str
    left: Operand
    right: Operand


@attrs.frozen
class Not(_Placed):
    """True where its condition is false."""

    condition: Condition


@attrs.frozen
class And(_Placed):
    """True where all of two or more conditions are; later ones are not looked at after a false."""

    conditions: tuple[Condition, ...]


@attrs.frozen
class Or(_Placed):
    """True where one of two or more conditions is; later ones are not looked at after a true."""

    conditions: tuple[Condition, ...]


Operand: TypeAlias = Path | Literal | Call
Condition: TypeAlias = And | Or | Not | Comparison | Call
"""A `Call` is a condition where its function gives a bool: contains, match, bool."""
Node: TypeAlias = Condition | Operand
