"""The grammar of templates: text with ``{{path}}`` or ``{{{path}}}`` in it, which mean the same."""

from __future__ import annotations

from collections.abc import Iterator

from wharfinger.mapping.nodes import Path
from wharfinger.mapping.paths import parse_keys

__all__ = ["MAX_COMPUTED_LENGTH", "parse_template"]

MAX_COMPUTED_LENGTH = 10_000
"""Most characters of a template that an event brings along."""


def parse_template(text: str) -> tuple[str | Path, ...]:
    """Read a template.

    Args:
        text: For example ``"{{traits.firstName}} {{traits.lastName}}"``. What a path gives is
            never read as a template again.

    Returns:
        Text and paths in turn; no text is empty.
    """
    pieces: list[str | Path] = []
    for outer in _split(text, 3):
        if isinstance(outer, Path):
            pieces.append(outer)
        else:
            pieces.extend(_split(outer, 2))
    return tuple(pieces)


def _split(text: str, braces: int) -> Iterator[str | Path]:
    """Split at placeholders with so many braces, reading each character only a few times."""
    opening, closing = "{" * braces, "}" * braces
    done = region = 0
    while (end := text.find("}", region)) != -1:
        begin = text.find(opening, region, end)
        if begin == -1 or begin + braces == end or not text.startswith(closing, end):
            region = end + 1
            continue
        if begin > done:
            yield text[done:begin]
        yield Path(parse_keys(text[begin + braces : end].strip()))
        done = region = end + braces
    if done < len(text):
        yield text[done:]
