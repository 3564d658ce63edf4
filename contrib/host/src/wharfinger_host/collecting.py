"""Python's collector of cycles, where thousands of events are kept in memory for a while."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["collecting_less"]

_YOUNG: Final = 50_000
"""Objects that may be made beyond those that went away before it looks; Python's own is 700."""
_OLDER: Final = 20


@contextmanager
def collecting_less() -> Iterator[None]:
    """Let the collector look less often, and not at what is here already.

    Events go away by themselves as they settle; while they wait, the collector would look at each
    of them again and again and find nothing. Whoever has frozen what is here before goes on
    deciding about it.
    """
    before = gc.get_threshold()
    ours = gc.get_freeze_count() == 0
    if ours:
        gc.collect()
        gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if ours:
            gc.unfreeze()
