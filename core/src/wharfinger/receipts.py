"""The receipts of one delivery while outcomes come in, and what has halted on the way."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.errors import CredentialsError
from wharfinger.model.outcome import Outcome, Receipt, Status

__all__ = ["Halts", "Receipts"]

_MOST_KEYS: Final = 1_000
"""An event may name any batch key; one that is forgotten is tried once more, and halts again."""


class Receipts:
    """Exactly one outcome per event and mapping."""

    def __init__(self, events: int, mappings: Mapping[str, ActiveMapping]) -> None:
        self._outcomes: list[dict[str, Outcome | None]] = [
            dict.fromkeys(mappings) for _ in range(events)
        ]
        self._missing = events * len(mappings)

    def enter(self, mapping: str, events: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Enter outcomes of events, by index.

        Raises:
            RuntimeError: An event has an outcome under this mapping already.
        """
        for event, outcome in zip(events, outcomes, strict=True):
            if self._outcomes[event][mapping] is not None:
                raise RuntimeError(f"a second outcome for event {event} under {mapping}")
            self._outcomes[event][mapping] = outcome
            self._missing -= 1

    def all(self, *, partial: bool = False) -> list[Receipt]:
        """Return one receipt per event.

        Args:
            partial: Leave out what has no outcome, instead of refusing.

        Raises:
            RuntimeError: An event has no outcome under some mapping.
        """
        if self._missing and not partial:
            raise RuntimeError(f"{self._missing} outcomes of events are missing")
        if not self._missing:
            return list(map(Receipt, self._outcomes))  # type: ignore[arg-type]  # none is missing
        return [
            Receipt({name: outcome for name, outcome in each.items() if outcome is not None})
            for each in self._outcomes
        ]


class Halts:
    """What has halted while events are delivered, so that nothing more is sent there.

    Args:
        mappings: What had halted before, by mapping.
    """

    def __init__(self, mappings: Mapping[str, Outcome] | None = None) -> None:
        self._by_mapping = mappings or {}
        self._by_key: dict[tuple[str, Hashable], Outcome] = {}
        self._everything: Outcome | None = None

    def of_mapping(self, mapping: str) -> Outcome | None:
        """Return the outcome of whatever the mapping takes; None where some may be sent."""
        return self._everything or self._by_mapping.get(mapping)

    def of(self, mapping: str, batch_key: Hashable) -> Outcome | None:
        """Return the outcome of whatever would still be sent there; None where nothing halted."""
        return self.of_mapping(mapping) or self._by_key.get((mapping, batch_key))

    def learn(self, mapping: str, batch_key: Hashable, outcomes: Sequence[Outcome]) -> None:
        """Remember what halted; refused credentials halt everything."""
        for outcome in outcomes:
            if outcome.status is Status.HALTED:
                untried = attrs.evolve(outcome, attempts=0)
                if outcome.code == CredentialsError.CODE:
                    self._everything = untried
                if len(self._by_key) >= _MOST_KEYS:
                    del self._by_key[next(iter(self._by_key))]
                self._by_key[mapping, batch_key] = untried
