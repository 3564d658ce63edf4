"""The end of an error message that names what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean "x"?``, or the list of known names where nothing is close.

    Args:
        name: What was written.
        known: What could have been written.
    """
    options = sorted(known)
    if not options:
        return "There are none."
    if close := difflib.get_close_matches(name, options, n=1, cutoff=0.6):
        return f'Did you mean "{close[0]}"?'
    return f"Known: {', '.join(options)}."
