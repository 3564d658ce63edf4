"""What became of a run: counts by mapping and status, and the reasons."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs

from wharfinger import Outcome, Status
from wharfinger_host.reading import Unreadable

__all__ = ["SETTLED", "Reason", "Tally"]

SETTLED = frozenset({Status.DELIVERED, Status.FILTERED})
"""The statuses after which there is nothing left to do."""


@attrs.define(kw_only=True)
class Reason:
    """Why events were not delivered.

    Attributes:
        connection: Name of the connection; ``""`` for lines that could not be read.
        mapping: Name of the mapping; ``""`` for lines that could not be read.
        status: A status of an outcome, or ``"unreadable"``.
        code: Stable and for machines.
        message: What was said the first time.
        line: Where that was.
        count: How often it happened.
    """

    connection: str = ""
    mapping: str = ""
    status: str
    code: str
    message: str
    line: int
    count: int = 0


@attrs.define
class Tally:
    """Counts of one run; memory does not grow with the events.

    Attributes:
        events: Events handed to the connections.
        unreadable: Lines that hold no event.
        last_line: Last line that is accounted for.
        counts: By connection and mapping: how many outcomes of which status.
    """

    events: int = 0
    unreadable: int = 0
    last_line: int = 0
    counts: dict[tuple[str, str], Counter[Status]] = attrs.field(factory=dict)
    _reasons: dict[tuple[str, ...], Reason] = attrs.field(factory=dict)

    def count(self, connection: str, mapping: str, line: int, outcome: Outcome) -> None:
        """Enter one outcome."""
        if (counts := self.counts.get((connection, mapping))) is None:
            counts = self.counts[connection, mapping] = Counter()
        counts[outcome.status] += 1
        if outcome.status not in SETTLED:
            message = outcome.message
            if outcome.vendor_message and outcome.vendor_message not in message:
                message = f"{message} ({outcome.vendor_message})".strip()
            self._enter(
                Reason(
                    connection=connection,
                    mapping=mapping,
                    status=outcome.status,
                    code=outcome.code,
                    message=message,
                    line=line,
                )
            )

    def count_unreadable(self, unreadable: Unreadable) -> None:
        """Enter one line that holds no event."""
        if unreadable.counts:
            self.unreadable += 1
            self._enter(
                Reason(
                    status="unreadable",
                    code=unreadable.code,
                    message=unreadable.message,
                    line=unreadable.number,
                )
            )

    @property
    def totals(self) -> Counter[Status]:
        """How many outcomes of which status, over all mappings."""
        return sum(self.counts.values(), Counter())

    @property
    def reasons(self) -> list[Reason]:
        """Why events were not delivered, the most frequent first."""
        return sorted(self._reasons.values(), key=lambda reason: (-reason.count, reason.line))

    @property
    def all_settled(self) -> bool:
        """Whether every event was delivered or filtered."""
        return not self.unreadable and self.totals.keys() <= SETTLED

    def as_json(self) -> dict[str, Any]:
        """Return the counts and reasons as plain data."""
        return {
            "events": self.events,
            "unreadable": self.unreadable,
            "last_line": self.last_line,
            "mappings": [
                {
                    "connection": connection,
                    "mapping": mapping,
                    **{status.value: counts[status] for status in Status},
                }
                for (connection, mapping), counts in self.counts.items()
            ],
            "reasons": [attrs.asdict(reason) for reason in self.reasons],
        }

    def _enter(self, reason: Reason) -> None:
        key = (reason.connection, reason.mapping, reason.status, reason.code)
        self._reasons.setdefault(key, reason).count += 1
