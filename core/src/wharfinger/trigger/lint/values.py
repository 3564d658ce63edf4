"""Rules about values and what they are compared with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wharfinger.trigger.lint.pieces import Call, Piece, Pieces, keys_of
from wharfinger.trigger.lint.rule import Found, Rule

__all__ = ["VALUES"]

_ORDER: Final = ("<", "<=", ">", ">=")
_EQUAL: Final = ("=", "!=")
_OBJECTS: Final = ("properties", "traits", "context")
_ENDS: Final = (" ", "\t", "\n", ",", "]", ")", "")


def _first(piece: Piece) -> str:
    return keys_of(piece.text)[0] if piece.kind == "path" else ""


def _whole(left: Piece, right: Piece) -> tuple[int, int]:
    return left.start, right.end


def _single_quotes(pieces: Pieces) -> Iterator[Found]:
    for piece in pieces:
        if piece.kind == "text" and piece.text[0] == "'":
            inside = re.sub(r"\\'", "'", piece.text[1:-1])
            yield piece.span, {"double": f'"{inside}"'}


def _escape_in_text(pieces: Pieces) -> Iterator[Found]:
    for piece in pieces:
        if piece.kind == "text" and re.search(r"""\\["'\\]""", piece.text):
            yield piece.span, {}


def _unquoted(pieces: Pieces) -> Iterator[Found]:
    for _, _, right in pieces.bare_words:
        yield right.span, {}


def _unquoted_argument(pieces: Pieces) -> Iterator[Found]:
    for argument in _arguments(pieces, 1):
        if argument.kind == "path":
            yield argument.span, {}


def _membership(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        if operator.text == "in":
            yield (left.start, right.end or operator.end), {}


def _other_operator(pieces: Pieces) -> Iterator[Found]:
    for _, operator, _ in pieces.comparisons():
        if operator.text not in (*_ORDER, *_EQUAL, "in") and operator.text[0] in "=!":
            yield operator.span, {"plain": "!=" if operator.text[0] == "!" else "="}


def _tight_operator(pieces: Pieces) -> Iterator[Found]:
    for _, operator, right in pieces.comparisons():
        if operator.text in ("!=", "<=", ">=") and operator.end == right.start and right.kind:
            cut = operator.text[0]
            cannot = "It cannot be read: it takes no event"
            effect = cannot if cut == "!" else f"It reads `{cut}` and compares with the text `=`"
            yield (
                (operator.start, right.end),
                {
                    "effect": effect,
                    "spaced": f"{operator.text} {right.text}",
                },
            )


def _tight_order(pieces: Pieces) -> Iterator[Found]:
    for left, operator, _ in pieces.comparisons():
        if operator.text in _ORDER and left.kind == "path" and left.end == operator.start:
            yield (left.start, operator.end), {"spaced": f"{left.text} {operator.text}"}


def _list_value(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        if operator.text in _EQUAL and right.text == "[":
            yield (left.start, right.end), {}


def _tight_quote(pieces: Pieces) -> Iterator[Found]:
    for index, piece in enumerate(pieces):
        after = pieces.at(index + 1)
        if (
            piece.kind == "text"
            and piece.end == after.start
            and after.text[:1] not in _ENDS
            and not after.text.isspace()
        ):
            yield (piece.start, after.end), {"spaced": f"{piece.text} {after.text}"}


def _odd_space(pieces: Pieces) -> Iterator[Found]:
    for piece in pieces:
        if piece.kind == "sign" and piece.text.isspace():
            yield piece.span, {"name": f"U+{ord(piece.text):04X}"}


def _null_as_text(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        if left.text in ("type", "event") and operator.text in _EQUAL and right.text == "null":
            effect = "always" if operator.text == "!=" else "never"
            yield _whole(left, right), {"field": left.text, "effect": effect}


def _text_fields(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        plain_bool = left.text == "userId" and operator.text == "="
        if (
            left.text in ("type", "event", "name", "userId")
            and operator.text in _EQUAL
            and (right.kind == "number" or (right.text in ("true", "false") and not plain_bool))
        ):
            yield _whole(left, right), {"field": left.text, "value": right.text}


def _not_a_bool(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        if _first(left) in _OBJECTS and operator.text == "!=" and right.text in ("true", "false"):
            opposite = "false" if right.text == "true" else "true"
            yield _whole(left, right), {"field": left.text, "opposite": opposite}


def _not_a_number(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        if _first(left) in _OBJECTS and operator.text == "!=" and right.kind == "number":
            yield _whole(left, right), {"field": left.text}


def _order_of_no_number(pieces: Pieces) -> Iterator[Found]:
    for left, operator, right in pieces.comparisons():
        if operator.text in _ORDER and right.kind in ("text", "constant"):
            plain = right.text[1:-1] if right.kind == "text" else "…"
            yield _whole(left, right), {"plain": f"{left.text} {operator.text} {plain}"}


def _exponent(pieces: Pieces) -> Iterator[Found]:
    for piece in pieces:
        if piece.kind == "number" and "e" in piece.text.lower():
            yield piece.span, {"kept": re.split("[eE]", piece.text)[0]}


def _large_number(pieces: Pieces) -> Iterator[Found]:
    for piece in pieces:
        if piece.kind == "number" and len(piece.text) > 15:  # noqa: PLR2004  # digits of a double
            yield piece.span, {}


# --- contains and match -----------------------------------------------------------------------


def _calls(pieces: Pieces, *names: str) -> Iterator[tuple[Call, Piece, Piece]]:
    for call in pieces.calls:
        match call.arguments:
            case ((field,), (value,)) if call.name.text in names:
                yield call, field, value


def _arguments(pieces: Pieces, index: int) -> Iterator[Piece]:
    for _, *arguments in _calls(pieces, "contains", "match"):
        yield arguments[index]


def _negated_missing(pieces: Pieces) -> Iterator[Found]:
    for call, field, _ in _calls(pieces, "contains", "match"):
        if call.negated:
            yield call.span, {"field": field.text}


def _item_of_list(pieces: Pieces) -> Iterator[Found]:
    for call, field, _ in _calls(pieces, "contains"):
        if _first(field) in _OBJECTS:
            yield call.span, {"field": field.text}


def _no_text_argument(pieces: Pieces) -> Iterator[Found]:
    for value in _arguments(pieces, 1):
        if value.kind in ("number", "constant"):
            yield value.span, {}


def _pattern(pieces: Pieces) -> Iterator[Found]:
    for _, _, value in _calls(pieces, "match"):
        if value.kind == "text" and not _is_one_sided(value.text):
            yield value.span, {"effect": _effect(value.text)}


def _is_one_sided(quoted: str) -> bool:
    return re.fullmatch(r'"(\*|[^*?\[\]\\]+\*|\*[^*?\[\]\\]+)"', quoted) is not None


def _effect(quoted: str) -> str:
    if quoted.endswith('*"'):
        return f'begins with "{quoted[1:-2]}"'
    end = quoted[2:-1] if quoted[0] == '"' else quoted[1:]
    return f'ends with "{end}"'


VALUES: Final = (
    Rule(
        "single-quotes",
        _single_quotes,
        "Text may stand in single quotes.",
        "The quotes are part of the text: it compares with `{written}`.",
        "Write {double}.",
    ),
    Rule(
        "escape-in-text",
        _escape_in_text,
        "A backslash in a text escapes a quote and itself.",
        "The backslash is part of the text, and the first quote ends it.",
        "Choose a text without quotes and backslashes, for example with match(…) and `*`.",
    ),
    Rule(
        "unquoted-text",
        _unquoted,
        "`{written}` without quotes is a field of the event.",
        'It is the text "{written}".',
        'If the text is meant write "{written}".',
    ),
    Rule(
        "unquoted-argument",
        _unquoted_argument,
        "`{written}` without quotes is a field of the event.",
        'It is the text "{written}".',
        'If the text is meant write "{written}".',
    ),
    Rule(
        "membership",
        _membership,
        "`in` looks for a value in a list.",
        "`in` is unknown there: the condition is never true.",
        "Write one `=` for each value, with `or` between them.",
    ),
    Rule(
        "other-operator",
        _other_operator,
        "There is no `{written}`; the trigger is refused.",
        "It compares with the text `=`, or cannot be read.",
        "Write `{plain}`.",
    ),
    Rule(
        "operator-without-space",
        _tight_operator,
        "Spaces around an operator are optional.",
        "{effect}.",
        "Write `{spaced}`.",
    ),
    Rule(
        "order-without-space",
        _tight_order,
        "Spaces around an operator are optional.",
        "It cannot be read: it takes no event.",
        "Write `{spaced}`.",
    ),
    Rule(
        "list-value",
        _list_value,
        "It compares with a whole list.",
        "It compares with the text `[`; the items are skipped.",
        "A list cannot be compared at Segment.",
    ),
    Rule(
        "quote-without-space",
        _tight_quote,
        "Spaces behind a text are optional.",
        "The closing quote opens another text: what follows is lost, or cannot be read.",
        "Write `{spaced}`.",
    ),
    Rule(
        "odd-space",
        _odd_space,
        "Any white space may stand between words.",
        "Only space, tab and line feed are white space; at {name} reading goes wrong.",
        "Write a space.",
    ),
    Rule(
        "null-as-text",
        _null_as_text,
        "`{written}` asks whether `{field}` is missing.",
        '`null` is the text "null" here, so it is {effect} true.',
        'For any text write `match({field}, "*")`; whether it is missing cannot be asked there.',
    ),
    Rule(
        "number-or-bool-as-text",
        _text_fields,
        "`{value}` is a number or bool, which no text equals.",
        'It is the text "{value}".',
        'Write `"{value}"` if the text is meant.',
    ),
    Rule(
        "not-a-bool",
        _not_a_bool,
        "It is true for everything but that bool.",
        "The bool is compared as text, so it is always true, for that bool as well.",
        "Write `{field} = {opposite}`.",
    ),
    Rule(
        "not-a-number",
        _not_a_number,
        "It is true as well where `{field}` is missing or no number.",
        "It is true only where `{field}` is another number.",
        'To keep what Segment does add `and typeof({field}) = "number"`.',
    ),
    Rule(
        "order-of-no-number",
        _order_of_no_number,
        "`< <= > >=` compare numbers; with anything else they are false.",
        "The value is turned into a number.",
        "Write `{plain}`.",
    ),
    Rule(
        "exponent",
        _exponent,
        "`{written}` is a number with an exponent.",
        "It is {kept}; the rest is skipped.",
        "Write all digits.",
    ),
    Rule(
        "large-number",
        _large_number,
        "Numbers are exact.",
        "Numbers beyond 2^53 are rounded, so neighbours are equal.",
        "Send such numbers as text.",
    ),
    Rule(
        "negation-of-missing",
        _negated_missing,
        "It is true as well where `{field}` is missing or no text.",
        "It is true only where `{field}` is text.",
        'To keep what Segment does add `and typeof({field}) = "string"`.',
    ),
    Rule(
        "item-of-list",
        _item_of_list,
        "It is true as well where `{field}` is a list that holds the value.",
        "It is true only where `{field}` is text; a list never is.",
        'To keep what Segment does add `and typeof({field}) = "string"`.',
    ),
    Rule(
        "argument-as-text",
        _no_text_argument,
        "`{written}` is no text, and no text holds it.",
        'It is the text "{written}".',
        'Write `"{written}"` if the text is meant.',
    ),
    Rule(
        "pattern",
        _pattern,
        "The pattern fits the whole text; `*` is any number of characters.",
        "Only one `*` at one end works: this is true for every text that {effect}.",
        "Write a pattern with one `*` at its begin or end, or compare with `=`.",
    ),
)
