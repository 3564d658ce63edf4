"""From the text of a trigger to its tree."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

import attrs
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from wharfinger.errors import TriggerError
from wharfinger.suggest import did_you_mean
from wharfinger.trigger.complaint import Complaint, clip, complain, point_at
from wharfinger.trigger.functions import FUNCTIONS
from wharfinger.trigger.glob import PatternError, translate
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
    Scalar,
    Span,
    Step,
)
from wharfinger.trigger.values import read_number

__all__ = ["MAX_DEPTH", "MAX_TEXT", "parse"]

MAX_TEXT: Final = 10_000
"""Longest trigger, in characters."""
MAX_DEPTH: Final = 50
"""Most brackets of any kind inside one another; Python, too, bounds the nesting of its source."""

_MAX_INDEX_DIGITS: Final = 9
_BRACKETS: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[()\[\]]""", re.DOTALL)


def parse(text: str) -> Condition:
    """Read a trigger.

    Args:
        text: The trigger as it was written; the language is explained in `wharfinger.trigger`.

    Returns:
        Its tree; equal trees mean the same.

    Raises:
        TriggerError: If the text is no trigger. The message tells what was found, what was
            expected and what was probably meant, and points at the place.

    Example:
        >>> parse('type = "track"')
        Comparison(operator='=', left=Path(steps=('type',)), right=Literal(value='track'))
    """
    try:
        _check_size(text)
        tree: Condition = _parser().parse(text)  # type: ignore[assignment]  # lark says Tree
    except UnexpectedInput as stopped:
        complaint = complain(text, stopped)
    except Complaint as raised:
        complaint = raised
    else:
        return tree
    message = f"{complaint.message}\n{point_at(text, complaint.position)}"
    raise TriggerError(message, text, complaint.position)


def _check_size(text: str) -> None:
    if not text.strip():
        raise Complaint(
            'The trigger is empty. Say which events it takes, for example: type = "track"', 0
        )
    if len(text) > MAX_TEXT:
        raise Complaint(
            f"The trigger has {len(text)} characters, and {MAX_TEXT} is the most. Shorten it: "
            "`event in [...]` replaces a chain of `or`.",
            MAX_TEXT,
        )
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += (found[0] in ("(", "[")) - (found[0] in (")", "]"))
        if depth > MAX_DEPTH:
            raise Complaint(
                f"More than {MAX_DEPTH} brackets are open here. Leave away those that are not "
                "needed: `!` goes before `and`, `and` before `or`.",
                found.start(),
            )


@cache
def _parser() -> Lark:
    grammar = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Builder(), maybe_placeholders=False)


_Part: TypeAlias = Token | Node


def _span(parts: list[_Part]) -> Span:
    return _edge(parts[0])[0], _edge(parts[-1])[1]


def _edge(part: _Part) -> Span:
    if isinstance(part, Token):
        return part.start_pos or 0, part.end_pos or 0
    return part.span


class _Builder(Transformer[Token, Node]):
    """Makes nodes while the parser reads, so that no tree is ever walked in depth."""

    def disjunction(self, parts: list[Condition]) -> Or:
        return Or(tuple(parts), span=_span([*parts]))

    def conjunction(self, parts: list[Condition]) -> And:
        return And(tuple(parts), span=_span([*parts]))

    def negation(self, parts: tuple[Token, Condition]) -> Condition:
        _, condition = parts
        if isinstance(condition, Not):  # so a row of `!` does not nest
            return condition.condition
        return Not(condition, span=_span([*parts]))

    def group(self, parts: tuple[Token, Condition, Token]) -> Condition:
        return attrs.evolve(parts[1], span=_span([*parts]))

    def comparison(self, parts: tuple[Operand, Token, Operand]) -> Comparison:
        left, operator, right = parts
        if operator == "in" and isinstance(right, Literal) and not isinstance(right.value, tuple):
            raise Complaint(
                '`in` needs a list, like ["a", "b"] or a field that holds one. To look inside '
                "text write contains(field, text).",
                right.span[0],
            )
        return Comparison(str(operator), left, right, span=_span([*parts]))

    def lone(self, parts: list[Operand]) -> Condition:
        (operand,) = parts
        match operand:
            case Call(function) if FUNCTIONS[function].is_condition:
                return operand
            case Call(function):
                problem = f"{function}(…) gives {FUNCTIONS[function].gives}, which is no condition."
                hint = f"Compare it, for example: {function}(…) != null"
            case Path():
                return Comparison("=", operand, Literal(True, span=operand.span), span=operand.span)
            case Literal():
                problem = "A value alone is no condition."
                hint = "To take every event, write: type != null"
        raise Complaint(f"{problem} {hint}", operand.span[0])

    def path(self, parts: list[Token]) -> Path:
        steps: list[Step] = []
        for part in parts:
            match part.type:
                case "NAME" | "KEY":
                    steps.append(_unescape(part))
                case "STRING":
                    steps.append(_string(part))
                case "BARE":
                    steps.append(_bare(part))
        return Path(tuple(steps), span=_span([*parts]))

    def call(self, parts: list[_Part]) -> Call:
        name, _, *arguments, _ = parts
        return _call(name, arguments, _span(parts))  # type: ignore[arg-type]  # by the grammar

    def items(self, parts: list[_Part]) -> Literal:
        values = tuple(part.value for part in parts if isinstance(part, Literal))
        return Literal(values, span=_span(parts))  # type: ignore[arg-type]  # lists do not nest

    def string(self, parts: list[Token]) -> Literal:
        return Literal(_string(parts[0]), span=_span([*parts]))

    def number(self, parts: list[Token]) -> Literal:
        if (value := read_number(parts[0])) is None:
            raise Complaint("This number is too large.", parts[0].start_pos or 0)
        return Literal(value, span=_span([*parts]))

    def word(self, parts: list[Token]) -> Literal:
        words: dict[str, Scalar] = {"true": True, "false": False, "null": None}
        return Literal(words[parts[0]], span=_span([*parts]))


def _unescape(key: str) -> str:
    return re.sub(r"\\(.)", r"\1", key, flags=re.DOTALL)


def _string(token: Token) -> str:
    """Take the quotes away; a backslash escapes a quote and itself, and is ordinary elsewhere."""
    return re.sub(r"""\\(["'\\])""", r"\1", token[1:-1])


def _bare(token: Token) -> Step:
    """Read what stands in brackets without quotes: digits are an index, the rest is a key."""
    if not re.fullmatch(r"-?[0-9]+", token):
        return _unescape(token)
    if token.startswith("-") or len(token) > _MAX_INDEX_DIGITS:
        raise Complaint(
            f"An index counts from 0 and has at most {_MAX_INDEX_DIGITS} digits. For a key of "
            f'that name write ["{clip(token)}"].',
            token.start_pos or 0,
        )
    return int(token)


def _call(name: Token, arguments: list[Operand], span: Span) -> Call:
    if name not in FUNCTIONS:
        raise Complaint(_unknown(name), span[0])
    wanted = FUNCTIONS[name].parameters
    if len(arguments) != wanted:
        raise Complaint(
            f"{name} takes {wanted} value{'s' * (wanted != 1)} in its parentheses, and here "
            f"{'is' if len(arguments) == 1 else 'are'} {len(arguments) or 'none'}.",
            span[0],
        )
    match name, arguments:
        case "match", [_, Literal(str() as pattern) as literal]:
            try:
                translate(pattern)
            except PatternError as error:
                raise Complaint(f"This pattern cannot be read: {error}.", literal.span[0]) from None
    return Call(str(name), tuple(arguments), span=span)


def _unknown(name: str) -> str:
    if name.lower() == "not":
        return "There is no `not`; write `!` before a condition: !(…)"
    if name.lower() in FUNCTIONS:
        return f"Functions are written in lower case: {name.lower()}(…)"
    return f"There is no function `{clip(name)}`. {did_you_mean(name, FUNCTIONS)}"
