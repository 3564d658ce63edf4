"""How many requests an account bears at once: halved when it is too many, grown slowly."""

from __future__ import annotations

__all__ = ["Parallelism"]


class Parallelism:
    """Additive increase, multiplicative decrease, as TCP finds its window.

    A round ends with each halving. A request belongs to the round in which it started, and says
    something about that round only: the many that are under way when the vendor has had enough
    halve the limit once, not each.

    Args:
        most: What to start with; it never grows beyond, until told otherwise.

    Attributes:
        round: How often the limit was halved.
        limit: Most requests under way at once, for now; never below 1.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._exact = self._most
        self.round = 0
        self.limit = most

    def bound(self, most: int) -> None:
        """Grow to another number at most; where nothing was too many so far, be there at once."""
        exact = float(most) if self._exact >= self._most else min(self._exact, float(most))
        self._most = float(most)
        self._set(exact)

    def halve(self, round_: int) -> None:
        """Take it that a request of this round was one too many."""
        if round_ == self.round:
            self.round += 1
            self._set(max(1.0, self._exact / 2))

    def grow(self, round_: int) -> None:
        """Take it that a request of this round was borne: as many as are under way add one."""
        if round_ == self.round and self._exact < self._most:
            self._set(min(self._most, self._exact + 1 / self._exact))

    def _set(self, exact: float) -> None:
        self._exact = exact
        self.limit = int(exact)
