"""Outcomes since this process began, out of counts by minute that are forgotten after days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.minutes import MINUTE_MS, Tallied, minutes_since

__all__ = ["Totals"]

_LATE_MINUTES: Final = 60
"""How long after its minute an outcome may still be written down: a disk may be full."""

Target = tuple[str, str, str]
"""Connection, mapping and status."""


class Totals:
    """Counts that never go down while the process lives, whoever delivers to the connections.

    Args:
        tallied: What the last minutes hold already: it was before.
        now_ms: Milliseconds since 1970.
    """

    def __init__(self, tallied: Iterable[Tallied], now_ms: int) -> None:
        self._since = _recent(now_ms)
        self._closed = Counter[Target]()
        for each in tallied:
            if each.step >= self._since:
                self._closed[_target(each)] -= each.count

    @classmethod
    def begin(cls, db: Database, now_ms: int) -> Totals:
        """Begin to count.

        Args:
            db: The file.
            now_ms: Milliseconds since 1970.
        """
        return cls(minutes_since(db, _recent(now_ms) * MINUTE_MS), now_ms)

    @property
    def since_ms(self) -> int:
        """From when on the minutes are to be looked up."""
        return self._since * MINUTE_MS

    def take(self, tallied: Iterable[Tallied], now_ms: int) -> Mapping[Target, int]:
        """Return the totals.

        Args:
            tallied: The minutes since `since_ms`.
            now_ms: Milliseconds since 1970.
        """
        open_from = max(self._since, _recent(now_ms))
        still_open = Counter[Target]()
        for each in tallied:
            (self._closed if each.step < open_from else still_open)[_target(each)] += each.count
        self._since = open_from
        targets = self._closed.keys() | still_open.keys()
        return {target: self._closed[target] + still_open[target] for target in sorted(targets)}


def _recent(now_ms: int) -> int:
    return now_ms // MINUTE_MS - _LATE_MINUTES


def _target(tallied: Tallied) -> Target:
    return tallied.connection, tallied.mapping, tallied.status
