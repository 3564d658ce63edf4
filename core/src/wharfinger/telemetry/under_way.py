"""The batch that the present task sends, for those below who have something to say of it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, Protocol

__all__ = ["UNDER_WAY", "BatchWatch", "paused", "retrying"]


class BatchWatch(Protocol):
    """Hears how a batch goes.

    Attributes:
        attempt: Which one is under way, from 1.
        names: Its batch key and order keys as text: they may come from events, so no path that
            is recorded shows them.
    """

    attempt: int
    names: frozenset[str]

    def retrying(self, attempt: int, rows: int) -> None:
        """Hear that what is left over is sent again."""

    def paused(self, seconds: float) -> None:
        """Hear that the vendor asked for a pause."""


UNDER_WAY: Final[ContextVar[BatchWatch | None]] = ContextVar("wharfinger_batch", default=None)
"""The batch of the present task; None where none is watched."""


def retrying(attempt: int, rows: int) -> None:
    """Tell whoever watches the batch that it is sent again.

    Args:
        attempt: Which one begins, from 2.
        rows: How many payloads are left over.
    """
    if (batch := UNDER_WAY.get()) is not None:
        batch.retrying(attempt, rows)


def paused(seconds: float) -> None:
    """Tell whoever watches the batch that the vendor asked for a pause of so many seconds."""
    if (batch := UNDER_WAY.get()) is not None:
        batch.paused(seconds)
