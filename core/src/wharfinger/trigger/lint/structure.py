"""Rules about what connects, groups and negates conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.trigger.lint.pieces import Piece, Pieces
from wharfinger.trigger.lint.rule import Found, Rule

__all__ = ["STRUCTURE"]


def _mixed(pieces: Pieces) -> Iterator[Found]:
    for depth, inside in _levels(pieces):
        found = [piece for piece in inside if piece.kind == "connective"]
        if len({piece.text for piece in found}) > 1:
            last = found[-1]
            where = "in the parentheses" if depth else "of the trigger"
            effect = (
                f"one true condition {where} is enough"
                if last.text == "or"
                else f"all conditions {where} must be true"
            )
            yield last.span, {"effect": effect}


def _levels(pieces: Pieces) -> Iterator[tuple[int, list[Piece]]]:
    """Yield what stands directly inside each pair of parentheses, and outside all."""
    opened: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.text == "(" and piece.kind == "sign":
            opened.append([])
        elif piece.text == ")" and piece.kind == "sign" and len(opened) > 1:
            yield len(opened) - 1, opened.pop()
        else:
            opened[-1].append(piece)
    yield from enumerate(opened)


def _nested_group(pieces: Pieces) -> Iterator[Found]:
    for group in pieces.groups:
        if group.groups:
            yield group.span, {}


def _call_in_group(pieces: Pieces) -> Iterator[Found]:
    for call in pieces.calls:
        if call.name.groups:
            yield call.span, {}


def _negated_group(pieces: Pieces) -> Iterator[Found]:
    for bang, after in _after_bang(pieces):
        if after.text == "(" and bang.end == after.start:
            yield (bang.start, after.end), {}


def _negated_comparison(pieces: Pieces) -> Iterator[Found]:
    for bang, after in _after_bang(pieces):
        if bang.end == after.start and (
            after.kind == "path" or (after.kind == "call" and after.text not in _CALLS)
        ):
            yield (bang.start, after.end), {"field": after.text}


def _space_after_bang(pieces: Pieces) -> Iterator[Found]:
    for bang, after in _after_bang(pieces):
        if bang.end < after.start or after.text == "!":
            yield (bang.start, after.start), {}


_CALLS: Final = ("contains", "match")


def _after_bang(pieces: Pieces) -> Iterator[tuple[Piece, Piece]]:
    for index, piece in enumerate(pieces):
        if piece.text == "!" and piece.kind == "sign":
            yield piece, pieces.at(index + 1)


def _not_word(pieces: Pieces) -> Iterator[Found]:
    for index, piece in enumerate(pieces):
        if piece.text.lower() == "not" and pieces.at(index + 1).kind in ("path", "call", "sign"):
            yield piece.span, {}


def _upper_case(pieces: Pieces) -> Iterator[Found]:
    for piece in pieces:
        if piece.kind == "path" and piece.text.lower() in ("and", "or"):
            yield piece.span, {"word": piece.text.lower()}


def _stray(pieces: Pieces) -> Iterator[Found]:
    for piece in pieces.strays:
        yield piece.span, {}


def _dangling(pieces: Pieces) -> Iterator[Found]:
    for index, piece in enumerate(pieces):
        before, after = pieces.at(index - 1), pieces.at(index + 1)
        if piece.kind == "connective" and (
            after.text in ("", ")") or before.text in ("", "(") or after.kind == "connective"
        ):
            yield piece.span, {}


def _extra_parenthesis(pieces: Pieces) -> Iterator[Found]:
    opened = 0
    for piece in pieces:
        if piece.kind == "sign" and piece.text in "()":
            opened += 1 if piece.text == "(" else -1
            if opened < 0:
                yield piece.span, {}
                opened = 0


def _lone_field(pieces: Pieces) -> Iterator[Found]:
    for index, piece in enumerate(pieces):
        before, after = pieces.at(index - 1), pieces.at(index + 1)
        if (
            piece in pieces.fields
            and (not before.kind or before.kind == "connective" or before.text in ("(", "!"))
            and pieces.at(index - 2).kind != "call"
            and (not after.kind or after.kind == "connective" or after.text == ")")
        ):
            yield piece.span, {}


def _value_first(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        if left.is_value:
            yield (left.start, right.end or operator.end), {}


STRUCTURE: Final = (
    Rule(
        "mixed-connectives",
        _mixed,
        "`and` binds tighter than `or`.",
        "Only the last connective counts, `{written}`: {effect}.",
        "Put one of the two into a mapping of its own, or into parentheses that hold no call.",
    ),
    Rule(
        "nested-group",
        _nested_group,
        "Parentheses may stand inside parentheses.",
        "It cannot be read: it takes no event.",
        "Leave away parentheses that are not needed.",
    ),
    Rule(
        "call-in-group",
        _call_in_group,
        "A call may stand inside parentheses.",
        "The `)` of `{written}` ends the parentheses around it; what follows is outside.",
        "Take the call out of the parentheses, or use two mappings.",
    ),
    Rule(
        "negated-group",
        _negated_group,
        "`!` makes the opposite of what is in the parentheses.",
        "The `!` is skipped: it takes what you wanted to leave out.",
        "Negate each condition: `!=`, `!contains(…)`, `!match(…)`.",
    ),
    Rule(
        "negated-comparison",
        _negated_comparison,
        "`!` makes the opposite of the comparison behind it.",
        "The `!` is skipped.",
        "Write the opposite operator.",
    ),
    Rule(
        "space-after-negation",
        _space_after_bang,
        "`!` may stand apart from what it negates.",
        "It cannot be read: it takes no event.",
        "Put `!` directly before contains(…) or match(…).",
    ),
    Rule(
        "not-word",
        _not_word,
        "There is no `not`; the trigger is refused.",
        "`{written}` is skipped: it takes what you wanted to leave out.",
        "Write `!` directly before contains(…) or match(…), and `!=` for `=`.",
    ),
    Rule(
        "upper-case-word",
        _upper_case,
        "There is no `{written}`; the trigger is refused.",
        "`{written}` is skipped.",
        "Write `{word}`.",
    ),
    Rule(
        "stray-word",
        _stray,
        "`and` or `or` must stand there; the trigger is refused.",
        "`{written}` is skipped, or taken for the begin of a condition.",
        "Put `and` or `or` between the conditions.",
    ),
    Rule(
        "dangling-connective",
        _dangling,
        "A condition must stand on both sides of `{written}`; the trigger is refused.",
        "`{written}` counts as if there were one.",
        "Complete it, or delete it.",
    ),
    Rule(
        "extra-parenthesis",
        _extra_parenthesis,
        "It closes nothing; the trigger is refused.",
        "It is skipped.",
        "Delete it, or open a `(` before.",
    ),
    Rule(
        "lone-field",
        _lone_field,
        "`{written}` alone means `{written} = true`.",
        "The next word is taken for its operator, or it cannot be read.",
        "Write `{written} = true`.",
    ),
    Rule(
        "value-first",
        _value_first,
        "A value may stand on the left.",
        "The value and the operator are skipped, and the field takes what follows it for its own.",
        "Put the field on the left.",
    ),
)
