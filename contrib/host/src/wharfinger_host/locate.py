"""On which line of a TOML or JSON text each key stands.

Neither ``tomllib`` nor ``tomlkit`` keeps positions. The scanner below reads texts that a real
parser has already accepted, so it needs to know where things begin and end, and nothing else.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress

import attrs
import orjson

__all__ = ["Lines", "Path", "locate_json", "locate_toml"]

Path = tuple[str | int, ...]
"""Keys and list indices from the root of a document."""

_GAP = re.compile(r"(?:\s|#[^\n]*)*")
_KEY = re.compile(r"""[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR = re.compile(
    r'''
    """ (?:[^\\]|\\.)*? """ "{0,2} |   # up to two quotes may stand before the closing three
    \'\'\' .*? \'\'\' '{0,2} |
    " (?:[^"\\]|\\.)* " |
    ' [^']* ' |
    [^\[\]{},\#\n]+                    # numbers, booleans, dates
    ''',
    re.DOTALL | re.VERBOSE,
)


@attrs.frozen
class Lines:
    """The lines of a document's keys.

    Attributes:
        numbers: Line of each key and list entry, from 1.
    """

    numbers: dict[Path, int] = attrs.field(factory=dict)

    def of(self, path: Path) -> int:
        """Return the line of a path, or of the nearest table or list around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.numbers:
                return self.numbers[path[:length]]
        return 1


def locate_toml(text: str) -> Lines:
    r"""Return the lines of a TOML document that ``tomllib`` accepts.

    A table's line is that of its header; a table that only longer headers or dotted keys imply
    has the line of the first of them.

    Example:
        >>> locate_toml('[a]\nb = { c = 1 }\n').of(("a", "b", "c"))
        2
    """
    scanner = _Scanner(text, separator="=", decode=_toml_key)
    with _as_far_as_it_goes():
        scanner.document()
    return Lines(scanner.numbers)


def locate_json(text: str) -> Lines:
    """Return the lines of a JSON document that a JSON parser accepts."""
    scanner = _Scanner(text, separator=":", decode=orjson.loads)
    with _as_far_as_it_goes():
        scanner.gap()
        scanner.value(())
    return Lines(scanner.numbers)


def _as_far_as_it_goes() -> suppress:
    """Let what is nested too deeply to follow be found at the line of what is around it."""
    return suppress(RecursionError, ValueError)


def _toml_key(written: str) -> str:
    if written[0] not in "\"'":
        return written
    key: str = tomllib.loads(f"key = {written}")["key"]
    return key


class _Scanner:
    def __init__(self, text: str, *, separator: str, decode: Callable[[str], str]) -> None:
        self._text = text
        self._separator = separator
        self._decode = decode
        self._position = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._last_index: dict[Path, int] = {}
        self.numbers: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self.gap()
        while self._position < len(self._text):
            if self._at("["):
                table = self._header()
            else:
                self._entry(table)
            self.gap()

    def gap(self) -> None:
        self._take(_GAP)

    def value(self, path: Path) -> None:
        if self._at("{"):
            self._group("}", lambda _: self._entry(path))
        elif self._at("["):
            self._group("]", lambda index: self._item((*path, index)))
        else:
            self._take(_SCALAR)

    def _header(self) -> Path:
        line = self._line()
        is_array = self._text.startswith("[[", self._position)
        self._position += 2 if is_array else 1
        keys = self._key()
        self._position += 2 if is_array else 1
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            self.numbers.setdefault(path, line)
            if path in self._last_index:
                path = (*path, self._last_index[path])
        path = (*path, keys[-1])
        if is_array:
            self.numbers.setdefault(path, line)
            self._last_index[path] = self._last_index.get(path, -1) + 1
            path = (*path, self._last_index[path])
        self.numbers[path] = line
        return path

    def _entry(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._key():
            path = (*path, key)
            self.numbers.setdefault(path, line)
        self._expect(self._separator)
        self.gap()
        self.value(path)

    def _item(self, path: Path) -> None:
        self.numbers[path] = self._line()
        self.value(path)

    def _group(self, end: str, read: Callable[[int], None]) -> None:
        self._position += 1
        self.gap()
        index = 0
        while not self._at(end):
            read(index)
            index += 1
            self.gap()
            if self._at(","):
                self._position += 1
                self.gap()
        self._position += 1

    def _key(self) -> list[str]:
        self.gap()
        keys = [self._decode(self._take(_KEY))]
        while _DOT.match(self._text, self._position):
            self._take(_DOT)
            keys.append(self._decode(self._take(_KEY)))
        self.gap()
        return keys

    def _at(self, character: str) -> bool:
        return self._text.startswith(character, self._position)

    def _expect(self, character: str) -> None:
        if not self._at(character):
            raise ValueError(f"{character!r} expected on line {self._line()}: no valid document")
        self._position += len(character)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._position)
        if match is None:
            raise ValueError(f"unexpected text on line {self._line()}: no valid document")
        self._position = match.end()
        return match[0]

    def _line(self) -> int:
        return bisect_right(self._line_starts, self._position)
