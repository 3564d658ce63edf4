"""The pieces of a trigger that may be wrong: what rules look at, since a tree may not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

import attrs

from wharfinger.trigger.nodes import Span

__all__ = ["Call", "Piece", "Pieces", "keys_of"]

_PIECE: Final = re.compile(
    r"""
    (?P<space>[ \t\n]+)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<path>(?:[A-Za-z_]|\\.)(?:[A-Za-z0-9_-]|\\.)*
        (?:\s*\.\s*(?:[A-Za-z0-9_-]|\\.)+
          |\s*\.?\s*\[\s*(?:(?:[A-Za-z0-9_-]|\\.)+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\])*)
    | (?P<operator>!?=+|[<>]=?|[&|]+)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: Final = {
    "and": "connective",
    "or": "connective",
    "in": "operator",
    "true": "constant",
    "false": "constant",
    "null": "constant",
}
_LIKE_WORDS: Final = ("and", "or", "not")
_KEY: Final = re.compile(
    r"""\s*\.?\s*(?P<opened>\[)?\s*(?P<key>(?:[A-Za-z0-9_-]|\\.)+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"\s*(?(opened)\])",
    re.DOTALL,
)


@attrs.frozen
class Piece:
    """A word, text, number or sign of a trigger.

    Attributes:
        kind: ``text``, ``number``, ``path``, ``call`` (a name before a parenthesis),
            ``constant``, ``connective``, ``operator``, ``sign`` or, at the end, ``""``.
        text: As it was written.
        start: Where it begins in the trigger.
        depth: How many parentheses are open around it.
        groups: How many of them belong to no call.
    """

    kind: str
    text: str
    start: int
    depth: int = 0
    groups: int = 0

    @property
    def end(self) -> int:
        """Where the text goes on behind it."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """First character and the one after the last."""
        return self.start, self.end

    @property
    def is_value(self) -> bool:
        """Whether it is written where a value may be, and is no field."""
        return self.kind in ("text", "number", "constant")


_NOTHING: Final = Piece("", "", 0)


@attrs.frozen
class Call:
    """A function with the pieces of each argument, as far as it was written."""

    name: Piece
    arguments: tuple[tuple[Piece, ...], ...]
    span: Span
    negated: bool


class Pieces(tuple[Piece, ...]):  # noqa: SLOT001  # caches what it finds
    """All pieces of one trigger, in order."""

    @classmethod
    def of(cls, trigger: str) -> Pieces:
        """Part a trigger; every text is allowed."""
        found = [
            Piece(each.lastgroup or "", each[0], each.start())
            for each in _PIECE.finditer(trigger)
            if each.lastgroup != "space"
        ]
        of_calls: list[bool] = []
        pieces: list[Piece] = []
        for piece, after in zip(found, [*found[1:], _NOTHING], strict=True):
            if piece.text == ")" and of_calls:
                of_calls.pop()
            kind = _KINDS.get(piece.text, piece.kind)
            if kind == "path" and after.text == "(":
                kind = "call"
            depth, groups = len(of_calls), of_calls.count(False)
            pieces.append(attrs.evolve(piece, kind=kind, depth=depth, groups=groups))
            if piece.text == "(":
                of_calls.append(len(pieces) > 1 and pieces[-2].kind == "call")
        return cls(pieces)

    def at(self, index: int) -> Piece:
        """Return one piece; an empty one outside."""
        return self[index] if 0 <= index < len(self) else _NOTHING

    def comparisons(self) -> Iterator[tuple[Piece, Piece, Piece]]:
        """Yield what stands before an operator, the operator, and what stands behind it."""
        for index, piece in enumerate(self):
            if piece.kind == "operator":
                yield self.at(index - 1), piece, self.at(index + 1)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call, the outer ones first."""
        return tuple(self._call(index) for index, piece in enumerate(self) if piece.kind == "call")

    def _call(self, index: int) -> Call:
        name = self[index]
        arguments: list[list[Piece]] = [[]]
        end = name.end
        for piece in self[index + 2 :]:
            end = piece.end
            if piece.depth == name.depth:
                break
            if piece.text == "," and piece.depth == name.depth + 1:
                arguments.append([])
            else:
                arguments[-1].append(piece)
        before = self.at(index - 1)
        negated = before.text == "!" and before.end == name.start
        return Call(name, tuple(map(tuple, arguments)), (name.start - negated, end), negated)

    @cached_property
    def fields(self) -> tuple[Piece, ...]:
        """Every path that is no bare word in the place of a value or of a connective."""
        others = {right.start for _, _, right in self.bare_words}
        others |= {piece.start for piece in self.strays}
        return tuple(each for each in self if each.kind == "path" and each.start not in others)

    @cached_property
    def strays(self) -> tuple[Piece, ...]:
        """Every word or value where a connective should be: behind a whole comparison."""
        return tuple(
            after
            for before, right, after in zip(self, self[1:], self[2:], strict=False)
            if before.kind == "operator"
            and (right.is_value or right.kind == "path")
            and (after.is_value or (after.kind == "path" and after.text.lower() not in _LIKE_WORDS))
        )

    @cached_property
    def bare_words(self) -> tuple[tuple[Piece, Piece, Piece], ...]:
        """Every comparison of a field with a path."""
        return tuple(
            (left, operator, right)
            for left, operator, right in self.comparisons()
            if right.kind == "path" and operator.text != "in" and not left.is_value
        )

    @cached_property
    def groups(self) -> tuple[Piece, ...]:
        """Every opening parenthesis that belongs to no call."""
        return tuple(
            piece
            for before, piece in zip([_NOTHING, *self], self, strict=False)
            if piece.kind == "sign" and piece.text == "(" and before.kind != "call"
        )


def keys_of(path: str) -> list[str]:
    """Return the keys of a path as they were written, with backslashes, brackets and quotes."""
    return [
        f"[{found['key']}]" if found["opened"] else found["key"] for found in _KEY.finditer(path)
    ]
