"""How many payloads may come back unsent, so that what cannot be sent costs others little."""

from __future__ import annotations

import math
from typing import Final

import attrs

__all__ = ["Allowance"]

_MOST_S: Final = 10
_FOR_EACH_DELIVERED: Final = 20


@attrs.define
class Allowance:
    """How many payloads of a flow may still come back unsent, from a slow lane or a halt.

    Such an event is read and mapped for nothing, and its host writes it down and puts it again:
    work that takes processor time from every other connection of the process. It is worth it
    where other lanes of the flow deliver meanwhile. So what they deliver adds to the allowance;
    time alone adds little, enough to find out whether they have anything to send.

    Attributes:
        per_s: What a second adds, and what is there to begin with; infinite for no bounds.
        left: How many payloads; 0 or below where none may come back.
    """

    per_s: float = math.inf
    left: float = attrs.field(init=False)

    @left.default
    def _begin(self) -> float:
        return self.per_s

    @property
    def most(self) -> float:
        """What is never exceeded."""
        return self.per_s * _MOST_S

    def spend(self, payloads: int) -> None:
        """Take it that payloads came back unsent."""
        self.left -= payloads

    def earn(self, payloads: int) -> None:
        """Take it that payloads were delivered by a lane that is not slow."""
        self._add(payloads * _FOR_EACH_DELIVERED)

    def pass_a_second(self) -> None:
        """Take it that a second went by."""
        self._add(self.per_s)

    def _add(self, payloads: float) -> None:
        self.left = min(self.most, self.left + payloads)
