"""What Segment's engine makes of the tokens of a trigger.

It reads them from left to right and keeps a flat row of conditions: the last ``and`` or ``or``
connects all of them, a group ends at the first closing parenthesis, whatever it belongs to, and
what is not understood is skipped.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

from wharfinger.trigger.nodes import Span
from wharfinger.trigger.segment.javascript import INHERITED, number_text, to_number
from wharfinger.trigger.segment.lex import Token, Unreadable, lex

__all__ = ["SegmentCondition", "SegmentGroup", "SegmentNode", "as_text", "read"]

FIELDS: Final = {
    "type": "event-type",
    "event": "event",
    "name": "name",
    "userId": "userId",
    "properties": "event-property",
    "traits": "event-trait",
    "context": "event-context",
}
"""First key of a path to the kind of condition it begins; there are no others."""

_PREFIXES: Final = ("properties", "traits", "context")
_CALLS: Final = ("contains", "match")
_NOTHING: Final = "Cannot read properties of undefined (reading 'type')"


@attrs.frozen
class SegmentCondition:
    """One condition as Segment's engine keeps it.

    Attributes:
        kind: ``event-type``, ``event``, ``name``, ``userId``, ``event-property``, ``event-trait``
            or ``event-context``.
        name: Path below ``properties``, ``traits`` or ``context``; None for the other kinds.
        operator: One of the engine's words, or whatever token stood in its place: such a
            condition is never true.
        value: What is compared with; None where the operator needs nothing.
        span: Where the condition stands in the text.
    """

    kind: str
    operator: str
    value: str | float | bool | None = None
    name: str | None = None
    span: Span = attrs.field(default=(0, 0), eq=False, repr=False)


@attrs.frozen
class SegmentGroup:
    """Conditions under one connective.

    Attributes:
        operator: ``and`` or ``or``.
        children: Conditions and groups; None is an empty pair of parentheses, which stops the
            engine when it gets there.
    """

    operator: str
    children: tuple[SegmentNode, ...]


SegmentNode: TypeAlias = SegmentCondition | SegmentGroup | None


def read(text: str) -> SegmentGroup:
    """Return the tree that Segment's engine has for a trigger.

    Raises:
        Unreadable: With the engine's own message.
    """
    try:
        tokens = _join_paths(lex(text))
    except Unreadable:  # the engine drops what it had read, and the reason
        tokens = []
    tree = _Reader(tokens).group()
    if tree is None:
        raise Unreadable(_NOTHING)
    return tree if isinstance(tree, SegmentGroup) else SegmentGroup("and", (tree,))


def _join_paths(tokens: list[Token]) -> list[Token]:
    joined: list[Token] = []
    keys: list[str] = []
    start = position = 0
    while position < len(tokens):
        token = tokens[position]
        keys, start = [token.value], token.span[0]
        if token.kind == "word":
            while [after.kind for after in tokens[position + 1 : position + 3]] == [".", "word"]:
                position += 2
                keys.append(tokens[position].value)
        joined.append(Token(token.kind, ".".join(keys), (start, tokens[position].span[1])))
        position += 1
    return joined


class _Reader:
    """Takes tokens one by one; a group is read by a reader of its own."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def _take(self) -> Token | None:
        if self._position >= len(self._tokens):
            return None
        self._position += 1
        return self._tokens[self._position - 1]

    def _needed(self, complaint: str) -> Token:
        token = self._take()
        if token is None:
            raise Unreadable(complaint)
        return token

    def group(self) -> SegmentNode:
        children: list[SegmentNode] = []
        operator = "and"
        while (token := self._take()) and token.kind != "end":
            match token.kind:
                case "word":
                    children += self._word(token)
                case "operator" if token.value == "!":
                    children += self._negation()
                case "(":
                    children.append(self._parenthesis())
                case "and/or":
                    operator = token.value
        if len(children) > 1:
            return SegmentGroup(operator, tuple(children))
        return children[0] if children else None

    def _word(self, token: Token) -> list[SegmentNode]:
        if token.value in _CALLS:
            return self._call(token, negated=False)
        first = token.value.partition(".")[0]
        if first not in FIELDS and first not in INHERITED:  # what JavaScript finds in any object
            return []
        operator = self._needed("Operator token is missing")
        value = self._needed("Value token is missing")
        span = token.span[0], value.span[1]
        return [_condition(token, operator, value, span)] if first in FIELDS else []

    def _negation(self) -> list[SegmentNode]:
        token = self._tokens[self._position]  # `!` is never the last one
        if token.kind != "word" or token.value not in _CALLS:
            return []
        self._position += 1
        return self._call(token, negated=True)

    def _parenthesis(self) -> SegmentNode:
        inside: list[Token] = []
        while (token := self._needed(_NOTHING)).kind != ")":
            inside.append(token)
        return _Reader([*inside, Token("end", "eos", token.span)]).group()

    def _call(self, function: Token, *, negated: bool) -> list[SegmentNode]:
        """Read five tokens, of which the second and the fourth count."""
        self._take()
        field = self._needed(f"{function.value}() is missing a 1st argument")
        self._take()
        value = self._needed(f"{function.value}() is missing a 2nd argument")
        end = (self._take() or value).span[1]
        operator, wanted = _search(function.value, value)
        span = function.span[0] - negated, end
        return _fields_searched(field.value, f"{'not_' * negated}{operator}", wanted, span)


def _search(function: str, value: Token) -> tuple[str, str]:
    text = as_text(_constant(value))
    if function == "contains":
        return "contains", text
    return ("starts_with", text[:-1]) if value.value.endswith('*"') else ("ends_with", text[1:])


def _fields_searched(field: str, operator: str, wanted: str, span: Span) -> list[SegmentNode]:
    if field in ("event", "name", "userId"):
        return [SegmentCondition(FIELDS[field], operator, wanted, span=span)]
    return [
        SegmentCondition(FIELDS[prefix], operator, wanted, field.removeprefix(f"{prefix}."), span)
        for prefix in _PREFIXES
        if field.startswith(prefix)
    ]


def _condition(field: Token, operator: Token, value: Token, span: Span) -> SegmentCondition:
    first = field.value.partition(".")[0]
    kind = FIELDS[first]
    if first not in _PREFIXES:
        if word := _special(operator, value, first):
            return SegmentCondition(kind, word, span=span)
        return SegmentCondition(kind, operator.value, as_text(_constant(value)), span=span)
    name = field.value.removeprefix(f"{first}.")
    if word := _special(operator, value, first):
        return SegmentCondition(kind, word, name=name, span=span)
    return SegmentCondition(kind, _numeric(operator, value), _constant(value), name, span)


def _special(operator: Token, value: Token, field: str) -> str:
    """Return the operator for a test of null, true or false, where the field has one."""
    words = {
        ("!=", "null"): "exists",
        ("=", "null"): "not_exists",
        ("=", "true"): "is_true",
        ("=", "false"): "is_false",
    }
    word = words.get((operator.value, value.value), "")
    if field in ("type", "event") or (field == "name" and word.startswith("is_")):
        return ""
    return word


def _numeric(operator: Token, value: Token) -> str:
    words = {"=": "number_equals", "!=": "number_not_equals"}
    return words.get(operator.value, operator.value) if value.kind == "number" else operator.value


def _constant(token: Token) -> str | float | bool:
    match token.kind:
        case "string":  # single quotes stay, being part of the value
            return token.value.removeprefix('"').removesuffix('"')
        case "number":
            return to_number(token.value)
        case "word" if token.value in ("true", "false"):
            return token.value == "true"
    return token.value


def as_text(constant: str | float | bool | None) -> str:  # noqa: FBT001  # a value, no switch
    """Return what the engine compares texts with."""
    if isinstance(constant, bool):
        return "true" if constant else "false"
    return constant if isinstance(constant, str) else number_text(constant or 0)
