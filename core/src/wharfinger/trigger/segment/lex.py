"""The words of a trigger as Segment's engine parts them."""

from __future__ import annotations

from typing import Final

import attrs

from wharfinger.trigger.nodes import Span
from wharfinger.trigger.segment.javascript import unit_positions, units

__all__ = ["Kind", "Token", "Unreadable", "lex"]

Kind = str
"""``word``, ``and/or``, ``null``, ``operator``, ``number``, ``string``, ``end`` or a sign."""

_END: Final = ""
_SPACE: Final = " \t\n"
_DIGITS: Final = "0123456789"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_IN_WORD: Final = frozenset(_LETTERS + _DIGITS + "_-\\")
_ENDS_VALUE: Final = frozenset([_END, *_SPACE, ",", "]", ")"])
_ENDS_WORD: Final = _ENDS_VALUE | frozenset(".(=!")
_SIGNS: Final = frozenset(".[],()")
_RESERVED: Final = {"a": ("and", "and/or"), "o": ("or", "and/or"), "n": ("null", "null")}
_MAX_LENGTH: Final = 100_000


class Unreadable(Exception):  # noqa: N818  # never leaves this package
    """The text stops Segment's engine; the message is the engine's own."""


@attrs.frozen
class Token:
    """One word of a trigger.

    Attributes:
        kind: What it is to the engine.
        value: What the engine keeps of it: no backslashes, but the quotes of a string.
        span: Where it stands in the text.
    """

    kind: Kind
    value: str
    span: Span


def lex(text: str) -> list[Token]:
    """Return the tokens of a trigger, the last one of kind ``end``.

    Raises:
        Unreadable: If the engine stops here, which it does without a place or a reason.
    """
    return _Lexer(text).tokens()


class _Lexer:
    """Reads characters as the engine counts them: one of more than 16 bits is two."""

    def __init__(self, text: str) -> None:
        self._text = units(text)
        self._places = unit_positions(text)
        self._position = 0

    def tokens(self) -> list[Token]:
        tokens: list[Token] = []
        while (start := self._skip_space()) < len(self._text):
            kind, value = self._next(self._text[start])
            tokens.append(Token(kind, value, self._span(start)))
        tokens.append(Token("end", "eos", self._span(start)))
        return tokens

    def _span(self, start: int) -> Span:
        if self._places is None:
            return start, self._position
        return self._places[start], self._places[self._position]

    def _skip_space(self) -> int:
        while self._peek() and self._peek() in _SPACE:
            self._position += 1
        return self._position

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _take(self) -> str:
        character = self._peek()
        self._position += len(character)
        return character

    def _next(self, first: str) -> tuple[Kind, str]:
        if first in _RESERVED and self._accept(_RESERVED[first][0]):
            word, kind = _RESERVED[first]
            return kind, word
        self._position += 1
        if first in _LETTERS or first in "\\_":
            return "word", self._word(first)
        if first in "=<>!":
            return "operator", self._operator(first)
        if first in _DIGITS or first in "+-":
            return "number", self._number(first)
        if first in "\"'":
            return "string", self._string(first)
        if first in _SIGNS:
            return first, first
        raise Unreadable

    def _accept(self, word: str) -> bool:
        """Take a reserved word; at the end of the text, lose what stands there of it."""
        end = self._position + len(word)
        found = self._text[self._position : end]
        if found == word and self._text[end : end + 1] in _ENDS_VALUE:
            self._position = end
            return True
        if end > len(self._text) and not _ENDS_VALUE.intersection(found):
            self._text = self._text[: self._position + 1]  # the engine does not step back here
        return False

    def _operator(self, first: str) -> str:
        following = self._peek()
        if first == "!" and following and (following in _LETTERS or following == "("):
            return "!"
        if first == "=":
            return "="
        if following == "=" and self._text[self._position + 1 : self._position + 2] in _ENDS_VALUE:
            self._position += 1
            return f"{first}="
        if first == "!":
            raise Unreadable
        return first

    def _word(self, character: str) -> str:
        word = []
        while True:
            if character == "\\":
                character = self._take()
            word.append(character)
            if len(word) >= _MAX_LENGTH or (character == _END):
                raise Unreadable
            if not (self._peek() and self._peek() in _IN_WORD):
                break
            character = self._take()
        if self._peek() not in _ENDS_WORD:
            raise Unreadable
        return "".join(word)

    def _number(self, first: str) -> str:
        start = self._position
        decimal = False
        while self._peek() and (self._peek() in _DIGITS or self._peek() == "."):
            if self._take() == ".":
                if decimal or self._peek() in _ENDS_VALUE:
                    raise Unreadable
                decimal = True
        if self._position - start >= _MAX_LENGTH:
            raise Unreadable
        return first + self._text[start : self._position]

    def _string(self, quote: str) -> str:
        start = self._position
        end = self._text.find(quote, start)
        if end < 0 or end - start >= _MAX_LENGTH:
            raise Unreadable
        closed = self._text[end + 1 : end + 2] in _ENDS_VALUE
        self._position = end + closed  # else the same quote opens the next string
        return self._text[start - 1 : end + 1]
