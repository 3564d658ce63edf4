"""What a trigger that cannot be read tells the person who wrote it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from lark.exceptions import UnexpectedInput, UnexpectedToken

__all__ = ["Complaint", "clip", "complain", "point_at"]

_SHOWN_AROUND: Final = 60
"""Characters of a long line that are shown on either side of the place."""
_MAX_QUOTED: Final = 50


class Complaint(Exception):  # noqa: N818  # never leaves this package: parse makes it an error
    """Something is wrong at one place of the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def clip(text: str) -> str:
    """Return a piece of the text short enough for a sentence."""
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def point_at(text: str, position: int) -> str:
    """Return the line of the text that holds the position, and below it a caret."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : end if end >= 0 else len(text)]
    column = position - start
    if column > _SHOWN_AROUND:
        line = f"…{line[column - _SHOWN_AROUND :]}"
        column = _SHOWN_AROUND + 1
    if len(line) > column + _SHOWN_AROUND:
        line = f"{line[: column + _SHOWN_AROUND]}…"
    shown = "".join(character if character.isprintable() else " " for character in line)
    return f"    {shown}\n    {' ' * column}^"


def complain(text: str, stopped: UnexpectedInput) -> Complaint:
    """Put into words where and why the parser stopped."""
    position = _position(text, stopped)
    if run := _operator_run(text, position):
        position = run.start()
    found = run[0] if run else _found(text, position)
    accepts: set[str] = stopped.interactive_parser.accepts()  # type: ignore[no-untyped-call]  # lark
    hint = _hint(text[:position], found, accepts)
    return Complaint(
        f"Found {_name(found)}, but {_expected(accepts)} was expected.{hint and ' '}{hint}",
        position,
    )


def _position(text: str, stopped: UnexpectedInput) -> int:
    if isinstance(stopped, UnexpectedToken) and stopped.token.type == "$END":
        return len(text.rstrip())
    return stopped.pos_in_stream or 0  # type: ignore[redundant-expr]  # lark types it as None


# --- what was found -------------------------------------------------------------------------

_PIECE: Final = re.compile(r"""[A-Za-z0-9_\\.+-]+|"[^"]*"?|'[^']*'?|.""", re.DOTALL)


def _found(text: str, position: int) -> str:
    piece = _PIECE.match(text, position)
    return piece[0].strip() if piece else ""


def _name(found: str) -> str:
    if not found:
        return "the end"
    plain = found.isascii() and found.isprintable() and found != "`"
    if len(found) == 1 and not plain:
        name = unicodedata.name(found, "a character without a name").lower()
        shown = f"{found} " if found.isprintable() else ""
        return f"{shown}(U+{ord(found):04X}, {name})"
    return f"`{clip(found)}`"


# --- what was expected ----------------------------------------------------------------------

_EXPECTED: Final = {
    "NAME": "a field",
    "STRING": "text in quotes",
    "NUMBER": "a number",
    "TRUE": "true",
    "FALSE": "false",
    "NULL": "null",
    "LSQB": "a list",
    "BARE": "a key or an index",
    "KEY": "a key",
    "OPERATOR": "an operator (= != < <= > >= in)",
    "_AND": "`and`",
    "_OR": "`or`",
    "_COMMA": "`,`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "$END": "the end",
}


def _expected(accepts: Collection[str]) -> str:
    names = set(accepts)
    if "BANG" in names:
        return "a condition"
    if "_DOT" in names:  # a path could go on, but nobody is helped by hearing so
        names.remove("LSQB")
    if "_OR" in names:  # the parser may have closed a row of `and` before it stopped
        names.add("_AND")
    if "BARE" in names:
        names.remove("STRING")
    if "KEY" in names:
        names.remove("LSQB")
    *most, last = [words for name, words in _EXPECTED.items() if name in names]
    return f"{', '.join(most)} or {last}" if most else last


# --- what was probably meant ----------------------------------------------------------------

_RUN: Final = re.compile(r"[=<>!&|~]+")
_MAX_RUN: Final = 2
"""How many of its characters may be read before the parser stops."""
_OPERATORS: Final = {
    "==": "=",
    "===": "=",
    "!==": "!=",
    "=!": "!=",
    "<>": "!=",
    "~=": "!=",
    "=>": ">=",
    "=<": "<=",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
}
_WORDS: Final = {"is": "=", "eq": "=", "equals": "=", "like": "match(field, pattern)"}
_KEYWORDS: Final = ("and", "or", "in", "true", "false", "null")
_AFTER_NOT: Final = re.compile(r"(?<![\w.\\-])not\s*(\([^()]*)?$", re.IGNORECASE)
_NOT: Final = "There is no `not`; write `!` before the condition: !(…)"
_ALMOST_QUOTES: Final = "`\u00b4\u201a\u201e"


def _operator_run(text: str, position: int) -> re.Match[str] | None:
    """Return the misspelt operator that the position lies in."""
    for run in _RUN.finditer(text, max(0, position - _MAX_RUN)):
        if run.start() <= position < run.end():
            return run if run[0] in _OPERATORS else None
    return None


def _hint(before: str, found: str, accepts: Collection[str]) -> str:
    """Return the sentence that helps most, or ``""``."""
    if not found:
        return ""
    if found in _OPERATORS:
        return f"Write `{_OPERATORS[found]}`."
    return (
        _word_hint(before, found)
        or _quote_hint(before, found, accepts)
        or _character_hint(before, found)
    )


def _word_hint(before: str, found: str) -> str:
    word = found.lower()
    if word == "not" or _AFTER_NOT.search(before):
        return _NOT
    if word in _KEYWORDS and word != found:
        return f"Write it in lower case: `{word}`."
    return f"Write `{_WORDS[word]}`." if word in _WORDS else ""


def _quote_hint(before: str, found: str, accepts: Collection[str]) -> str:
    if found in _ALMOST_QUOTES or unicodedata.category(found[0]) in ("Pi", "Pf"):
        return "Write straight quotes: \" or '"
    if found[0] in "\"'" and "STRING" in accepts:
        return "It starts a text that is not closed."
    if before.endswith(("'", '"')):
        return "A quote inside text needs a backslash."
    return "Text needs quotes." if _is_bare_text(before, found, accepts) else ""


def _is_bare_text(before: str, found: str, accepts: Collection[str]) -> bool:
    """Say whether a word stands where only text could: in a list, or behind another word."""
    if not re.match(r"\w", found):
        return False
    in_list = "STRING" in accepts and "NAME" not in accepts and "BARE" not in accepts
    return in_list or re.search(r"[=<>(,]\s*[A-Za-z_]\w*\s+$", before) is not None


def _character_hint(before: str, found: str) -> str:
    if not found.isprintable():
        return "It cannot be seen; delete it."
    if found == ")":
        return "There is no `(` that it closes."
    if found == "$":
        return "A path starts without `$.`; a `$` in a key needs a backslash."
    if re.search(r"[\w.-]$", before) and not re.match(r"[\w()\[\].,]", found, re.ASCII):
        return f"In a key it needs a backslash: `\\{found[0]}`. Text needs quotes."
    return ""
