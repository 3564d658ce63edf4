"""From a tree back to the text of a trigger."""

from __future__ import annotations

import re
from typing import Final

from wharfinger.trigger.nodes import (
    And,
    Call,
    Comparison,
    Condition,
    Constant,
    Literal,
    Node,
    Not,
    Or,
    Path,
)

__all__ = ["quoted", "written"]

_WORDS: Final = {True: "true", False: "false", None: "null"}


def written(node: Node) -> str:  # noqa: PLR0911  # one per kind of node
    """Return the text of a condition or value; reading it gives an equal tree."""
    match node:
        case And(conditions):
            return " and ".join(_grouped(each, And, Or) for each in conditions)
        case Or(conditions):
            return " or ".join(_grouped(each, Or) for each in conditions)
        case Not(condition):
            return f"!{_grouped(condition, And, Or, Comparison)}"
        case Comparison(operator, left, right):
            return f"{written(left)} {operator} {written(right)}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(written, arguments))})"
        case Literal(value):
            return _constant(value)
        case Path():
            return str(node)


def _grouped(node: Condition, *loose: type) -> str:
    return f"({written(node)})" if isinstance(node, loose) else written(node)


def _constant(value: Constant) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_constant, value))}]"
    if isinstance(value, str):
        return quoted(value)
    return _WORDS[value] if value is None or isinstance(value, bool) else repr(value)


def quoted(text: str) -> str:
    """Return a text as a trigger writes it."""
    return '"' + re.sub(r'["\\]', r"\\\g<0>", text) + '"'
