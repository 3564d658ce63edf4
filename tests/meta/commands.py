"""The lines that a page has people type, as a shell would take them apart."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

__all__ = ["typed", "words_of"]

_JOINS = {"|", "||", "&&", ";", "&"}
_ASSIGNS = re.compile(r"[A-Za-z_]\w*=")


def typed(text: str) -> list[str]:
    """Return the lines behind ``$``; one that ends with a backslash or a pipe goes on."""
    lines: list[str] = []
    goes_on = False
    for line in text.splitlines():
        if goes_on:
            lines[-1] = f"{lines[-1].removesuffix(chr(92)).rstrip()} {line.strip()}"
        elif line.startswith("$ "):
            lines.append(line.removeprefix("$ "))
        else:
            continue
        goes_on = lines[-1].endswith(("\\", "|"))
    return lines


def words_of(line: str) -> Iterator[list[str]]:
    """Yield the words of each program that a line starts; redirections are left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    to_file = False
    for word in lexer:
        if word in _JOINS:
            yield from _program(words)
            words = []
        elif to_file or set(word) <= {"<", ">"}:
            to_file = not to_file
        else:
            words.append(word)
    yield from _program(words)


def _program(words: list[str]) -> Iterator[list[str]]:
    while words and _ASSIGNS.match(words[0]):
        words = words[1:]
    if words:
        yield words
