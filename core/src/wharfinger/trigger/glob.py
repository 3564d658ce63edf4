"""Glob patterns of ``match``: ``*``, ``?``, ``[abc]``, ``[a-z]`` and a backslash.

A pattern becomes a regular expression that cannot backtrack from one ``*`` into an earlier one:
between two of them the first place that fits is always the right one, because everything but
``*`` takes exactly one character. So the time is bounded by text length times pattern length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

__all__ = ["MAX_PATTERN", "PatternError", "matcher", "translate"]

MAX_PATTERN: Final = 1000
"""Longest pattern, in characters."""

_STAR: Final = "*"


class PatternError(ValueError):
    """A pattern cannot be read; the message says why, for people."""


@lru_cache(maxsize=512)  # a pattern may come out of an event, so their number has no bound
def matcher(pattern: str) -> Callable[[str], re.Match[str] | None] | None:
    """Return a function that matches whole texts, or None where the pattern cannot be read."""
    try:
        return re.compile(translate(pattern), re.DOTALL).fullmatch
    except PatternError:
        return None


def translate(pattern: str) -> str:
    """Return the regular expression of a pattern, for ``fullmatch`` with ``DOTALL``.

    Raises:
        PatternError: If the pattern is too long, ends in a lone backslash, or has a ``[`` that is
            not closed, holds nothing, starts with ``!`` or ``^``, or has a range that runs
            backwards.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"it has {len(pattern)} characters, and {MAX_PATTERN} is the most")
    chunks = [""]
    for atom in _atoms(pattern):
        if atom == _STAR:
            chunks.append("")
        else:
            chunks[-1] += atom
    if len(chunks) == 1:
        return chunks[0]
    first, *middle, last = chunks
    return first + "".join(f"(?>.*?{chunk})" for chunk in middle if chunk) + ".*" + last


def _atoms(pattern: str) -> list[str]:
    """Return one regular expression per character that is matched, and ``*`` for any number."""
    atoms = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "[":
            atom, position = _character_list(pattern, position)
        elif character == "\\":
            if position == len(pattern):
                raise PatternError(r"it ends in a lone backslash; for a backslash write `\\`")
            atom = re.escape(pattern[position])
            position += 1
        elif character == "?":
            atom = "."
        else:
            atom = _STAR if character == "*" else re.escape(character)
        atoms.append(atom)
    return atoms


def _character_list(pattern: str, position: int) -> tuple[str, int]:
    """Read from behind ``[`` up to and including ``]``."""
    if pattern[position : position + 1] in ("!", "^"):
        raise PatternError(
            "`[!…]` and `[^…]` do not exist here; put `!` before match(…), or a backslash before "
            f"the `{pattern[position]}` to mean the character"
        )
    members = []
    while pattern[position : position + 1] != "]":
        first, position = _member(pattern, position)
        last = first
        if pattern.startswith("-", position) and not pattern.startswith("-]", position):
            last, position = _member(pattern, position + 1)
        if last < first:
            raise PatternError(f"the range `{first}-{last}` runs backwards")
        members.append(f"{re.escape(first)}-{re.escape(last)}")
    if not members:
        raise PatternError(r"`[]` lists no character; for a bracket write `\[`")
    return f"[{''.join(members)}]", position + 1


def _member(pattern: str, position: int) -> tuple[str, int]:
    """Return one listed character and the place behind it."""
    if pattern.startswith("\\", position):
        position += 1
    if position >= len(pattern):
        raise PatternError(r"a `[` is not closed; for a bracket write `\[`")
    return pattern[position], position + 1
