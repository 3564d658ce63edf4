"""Numbers and tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

_GREAT = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def number(value: float) -> str:
    """Return a number with three digits that mean something."""
    if not value:
        return "0"
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    for size, name in _GREAT:
        if rounded >= size:
            return f"{rounded / size:.3g} {name}"
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"


def size(value: float) -> str:
    """Return bytes in a unit that fits."""
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if value < 1_000:
            return f"{number(value)} {unit}"
        value /= 1_000
    return f"{number(value)} PB"


def duration(seconds: float) -> str:
    """Return seconds in a unit that fits."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{number(seconds / length)} {unit}"
    return f"{number(seconds)} s" if seconds >= 1 else f"{number(seconds * 1000)} ms"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 0) -> list[str]:
    """Return a table as lines of Markdown.

    Args:
        head: What stands over the columns.
        rows: What stands in them; a text first, and figures to the right of it.
        texts: How many of the last columns are texts as well.
    """
    rule = ["---", *["---:"] * (len(head) - 1 - texts), *["---"] * texts]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
