"""The events of a flow, from the moment they are put until the host knows what became of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from wharfinger.model.outcome import Outcome, Receipt

__all__ = ["Settled", "Unsettled"]


@attrs.define
class Settled:
    """An event all of whose outcomes are known.

    Attributes:
        token: What the host gave along with the event.
        event: The event; None where the flow keeps none.
        receipt: One outcome per mapping it was put under.
    """

    token: Any
    event: Any
    receipt: Receipt


@attrs.define
class _Entry:
    """One event, its outcomes as far as they are known, and how many are not."""

    token: Any
    event: Any
    outcomes: dict[str, Any]
    missing: int
    on_taken: list[Callable[[], None]] | None = None


class Unsettled:
    """Exactly one outcome per event and mapping, and each event back as one `Settled`.

    Attributes:
        news: Set when there is something to take, or nothing will ever be.
        quiet: Set while every outcome of every event is known.
    """

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.quiet = asyncio.Event()
        self.quiet.set()
        self._numbers = 0
        self._entries: dict[int, _Entry] = {}
        self._settled: deque[_Entry] = deque()

    def __len__(self) -> int:
        return len(self._entries) + len(self._settled)

    @property
    def missing(self) -> int:
        """How many events have not all their outcomes yet."""
        return len(self._entries)

    def accept(self, token: Any, event: Any, mappings: Iterable[str]) -> int:
        """Take an event and return its number; there will be one outcome for each mapping."""
        number = self._numbers
        self._numbers = number + 1
        outcomes = dict.fromkeys(mappings)
        entry = _Entry(token, event, outcomes, len(outcomes))
        if outcomes:
            self._entries[number] = entry
            self.quiet.clear()
        else:
            self._settle(entry)
        return number

    def token_of(self, number: int) -> Any:
        """Return what the host gave along with an event whose outcomes are not all known."""
        return self._entries[number].token

    def on_taken(self, number: int, call: Callable[[], None]) -> None:
        """Call when the host has taken an event whose outcomes are not all known yet."""
        entry = self._entries[number]
        entry.on_taken = [*(entry.on_taken or ()), call]

    def enter(self, mapping: str, numbers: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Enter outcomes of events under one mapping.

        Raises:
            RuntimeError: An event has an outcome under this mapping already.
        """
        for number, outcome in zip(numbers, outcomes, strict=True):
            self.enter_one(mapping, number, outcome)

    def enter_one(self, mapping: str, number: int, outcome: Outcome) -> None:
        """Enter the outcome of one event; see `enter`."""
        entries = self._entries
        entry = entries.get(number)
        if entry is None or entry.outcomes[mapping] is not None:
            raise RuntimeError(f"a second outcome for event {number} under {mapping}")
        entry.outcomes[mapping] = outcome
        entry.missing -= 1
        if not entry.missing:
            del entries[number]
            self._settle(entry)
            if not entries:
                self.quiet.set()

    def _settle(self, entry: _Entry) -> None:
        self._settled.append(entry)
        self.news.set()

    def take(self) -> Settled | None:
        """Hand over one event that is settled; None where there is none at present."""
        if not self._settled:
            return None
        entry = self._settled.popleft()
        for call in entry.on_taken or ():
            call()
        return Settled(entry.token, entry.event, Receipt(entry.outcomes))

    def give_up(self) -> None:
        """Forget the events whose outcomes are not all known; what is settled may be taken."""
        self._entries.clear()
        self.quiet.set()
        self.news.set()
