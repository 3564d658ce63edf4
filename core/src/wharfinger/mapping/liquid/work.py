"""How much one rendering of a template may do."""

from __future__ import annotations

import attrs

__all__ = ["MAX_WORK", "LiquidError", "Work"]

MAX_WORK = 1_000_000
"""Most characters and list items that one rendering reads in filters, makes and writes."""


class LiquidError(ValueError):
    """A template cannot be used; the message is a clause without a full stop."""


@attrs.define
class Work:
    """Counts what a rendering does.

    Attributes:
        left: Characters and items that may still be worked on.
    """

    left: int = MAX_WORK

    def use(self, amount: int) -> None:
        """Count some work, before it is done.

        Raises:
            LiquidError: If it is too much.
        """
        self.left -= amount
        if self.left < 0:
            raise LiquidError(f"the template works on more than {MAX_WORK} characters and items")
