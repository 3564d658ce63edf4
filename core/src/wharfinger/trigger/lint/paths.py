"""Rules about fields and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wharfinger.trigger.functions import FUNCTIONS
from wharfinger.trigger.lint.pieces import Piece, Pieces, keys_of
from wharfinger.trigger.lint.rule import Found, Rule
from wharfinger.trigger.segment.javascript import INHERITED

__all__ = ["PATHS"]

_TEXTS: Final = ("type", "event", "name", "userId")
_OBJECTS: Final = ("properties", "traits", "context")
_CALLS: Final = ("contains", "match")


def _keys(pieces: Pieces) -> Iterator[tuple[Piece, str, list[str]]]:
    for piece in pieces.fields:
        first, *rest = keys_of(piece.text) or [piece.text]
        yield piece, first, rest


def _unknown_field(pieces: Pieces) -> Iterator[Found]:
    for piece, first, _ in _keys(pieces):
        if first not in (*_TEXTS, *_OBJECTS) and first.lower() not in ("not", "and", "or"):
            yield piece.span, {"first": first}


def _below_text(pieces: Pieces) -> Iterator[Found]:
    for piece, first, rest in _keys(pieces):
        if first in _TEXTS and rest:
            yield piece.span, {"first": first}


def _whole_object(pieces: Pieces) -> Iterator[Found]:
    for piece, first, rest in _keys(pieces):
        if first in _OBJECTS and not rest:
            yield piece.span, {}


def _brackets(pieces: Pieces) -> Iterator[Found]:
    for piece, _, rest in _keys(pieces):
        if any(key.startswith("[") for key in rest):
            yield piece.span, {}


def _key_words(pieces: Pieces) -> Iterator[Found]:
    for piece, _, rest in _keys(pieces):
        for key in rest:
            if key in ("and", "or", "null") or re.match(r"[0-9-]", key):
                yield piece.span, {"key": key, "escaped": f"\\{key}"}


def _escaped_dot(pieces: Pieces) -> Iterator[Found]:
    for piece, _, _ in _keys(pieces):
        if re.search(r"(?<!\\)(?:\\\\)*\\[.\[\]]", piece.text):
            yield piece.span, {}


def _inherited(pieces: Pieces) -> Iterator[Found]:
    for piece, _, rest in _keys(pieces):
        for key in rest:
            if re.sub(r"\\(.)", r"\1", key) in INHERITED:
                yield piece.span, {"key": key}


def _end_of_text(pieces: Pieces) -> Iterator[Found]:
    last = pieces.at(len(pieces) - 1)
    if last.kind == "path" and re.fullmatch(r"(.*\.)?(an|nu|nul)", last.text):
        yield last.span, {}


def _function(pieces: Pieces) -> Iterator[Found]:
    for call in pieces.calls:
        if call.name.text in FUNCTIONS and call.name.text not in _CALLS:
            yield call.name.span, {}


def _call_without_effect(pieces: Pieces) -> Iterator[Found]:
    for call in pieces.calls:
        if call.name.text in _CALLS and call.arguments[0]:
            first = call.arguments[0][0]
            if first.text == "type" or (first.kind == "path" and first.text.startswith("type.")):
                yield call.span, {}


def _call_of_call(pieces: Pieces) -> Iterator[Found]:
    for call in pieces.calls:
        if call.name.text in _CALLS and any(
            len(argument) != 1 or argument[0].kind == "call" for argument in call.arguments
        ):
            yield call.span, {}


PATHS: Final = (
    Rule(
        "unknown-field",
        _unknown_field,
        "`{written}` is a field of the event.",
        "Only type, event, name, userId, properties, traits and context are known: a condition on "
        "`{first}` is skipped, and alone it cannot be read.",
        "At Segment there is no way to test it; delete the condition to keep what was sent.",
    ),
    Rule(
        "below-text",
        _below_text,
        "`{written}` is a key below `{first}`.",
        "What follows `{first}` is ignored.",
        "Write `{first}`.",
    ),
    Rule(
        "whole-object",
        _whole_object,
        "`{written}` is the whole object.",
        "It reads the key `{written}.{written}`.",
        "Test a key of it.",
    ),
    Rule(
        "brackets",
        _brackets,
        "`{written}` leads into a list or to an odd key.",
        "Brackets are no part of a path: the condition is garbage or cannot be read.",
        "Write an odd key with backslashes; items of lists cannot be tested at Segment.",
    ),
    Rule(
        "key-is-a-word",
        _key_words,
        "`{key}` is an ordinary key in `{written}`.",
        "It is read as a word or a number of its own, and the condition falls apart.",
        "Write `{escaped}`.",
    ),
    Rule(
        "escaped-dot",
        _escaped_dot,
        "The backslash makes the dot or bracket a part of the key.",
        "The path is parted there all the same: a nested key is read.",
        "Such a key cannot be tested at Segment.",
    ),
    Rule(
        "inherited-name",
        _inherited,
        "`{key}` is a key like any other.",
        "Every object has a `{key}` in JavaScript, so it is never missing.",
        "Rename the key where the event is made.",
    ),
    Rule(
        "word-cut-off",
        _end_of_text,
        "`{written}` is a word.",
        "At the end of a trigger only its first letter is kept.",
        "Put the text into double quotes, or a space behind it.",
    ),
    Rule(
        "function",
        _function,
        "`{written}(…)` is a function.",
        "There is no such function: the condition is garbage or cannot be read.",
        "Only contains(…) and match(…) work at Segment.",
    ),
    Rule(
        "call-on-type",
        _call_without_effect,
        "The condition is about `type`.",
        "The condition is skipped, and alone it cannot be read.",
        "Compare `type` with `=`.",
    ),
    Rule(
        "call-argument",
        _call_of_call,
        "A function may stand in a function.",
        "Only a field and a plain value are read; the rest is taken for other conditions.",
        "Give `{written}` a field and a text in double quotes.",
    ),
)
