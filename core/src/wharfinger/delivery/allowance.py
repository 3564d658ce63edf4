"""How many payloads slow lanes may give back, so that a slow place costs others little."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["GIVEN_BACK_A_SECOND", "MOST_GIVEN_BACK", "Allowance"]

MOST_GIVEN_BACK: Final = 2_500
GIVEN_BACK_A_SECOND: Final = 200
_FOR_EACH_SENT: Final = 20


@attrs.define
class Allowance:
    """What the slow lanes of a flow may still give back.

    An event that is given back was read and mapped for nothing, and its host writes it down and
    puts it again: work that takes processor time from every other connection of the process. It
    is worth it where other lanes of the flow have something to send meanwhile. So what they send
    adds to the allowance; time alone adds little, enough to find out whether they have.

    Attributes:
        most: What it never exceeds, and begins with.
        left: How many payloads; 0 or below where none may be given back.
    """

    most: float
    left: float = attrs.field(init=False)

    @left.default
    def _begin(self) -> float:
        return self.most

    def spend(self, payloads: int) -> None:
        """Take it that payloads were given back."""
        self.left -= payloads

    def earn(self, payloads: int) -> None:
        """Take it that a lane that is not slow has sent payloads."""
        self._add(payloads * _FOR_EACH_SENT)

    def pass_a_second(self) -> None:
        """Take it that a second went by."""
        self._add(GIVEN_BACK_A_SECOND)

    def _add(self, payloads: int) -> None:
        self.left = min(self.most, self.left + payloads)
