"""A lane at work: which of its events are under way, and how far it has come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import attrs

from wharfinger_host.store.leases import Held
from wharfinger_host.store.ledger import Settlement

__all__ = ["Lane", "Load", "Offer", "Ticket"]

_MOST_UNDER_WAY: Final = 20_000
_MOST_BYTES: Final = 64 * 1024 * 1024


@attrs.frozen
class Offer:
    """That an event was put aside before and is offered again, for one mapping.

    Attributes:
        target: Number of the mapping.
        tries: How often it was offered before.
        since_ms: When it was put aside first.
    """

    target: int
    tries: int
    since_ms: int


@attrs.define(eq=False)
class Ticket:
    """An event on its way; comes back with its outcomes.

    Attributes:
        lane: The lane it belongs to.
        seq: Its number.
        contact: Whom it is about.
        message_id: What its producer calls it.
        raw: The event as JSON.
        offer: Set where it was put aside before; None where it comes out of the log.
        intended: Numbers of the mappings for which an intent is on disk.
        done: Whether it is settled.
    """

    lane: Lane
    seq: int
    contact: str
    message_id: str | None
    raw: bytes
    offer: Offer | None = None
    intended: list[int] = attrs.field(factory=list)
    done: bool = False


@attrs.define(eq=False)
class Load:
    """How large the events are that one connection has under way, in all its lanes.

    Attributes:
        bytes: Of them together.
    """

    bytes: int = 0

    @property
    def is_heavy(self) -> bool:
        """Whether no more are to be handed in for now, however few they are."""
        return self.bytes >= _MOST_BYTES

    def take(self, ticket: Ticket) -> None:
        """Count an event that is handed in."""
        self.bytes += len(ticket.raw)

    def give_back(self, ticket: Ticket) -> None:
        """Count an event no longer, because it came back."""
        self.bytes -= len(ticket.raw)


@attrs.define(eq=False)
class Lane:
    """One partition as one connection sees it, held by this process.

    Attributes:
        held: The lease.
        settlement: What is still to be written about it.
        read_to: How far the log is read.
        known: What was settled or deferred before this process took the lane: mappings by event,
            each with its status.
        gaps: Mappings and contacts of which an event was not settled then, although later ones may
            have been.
        may_wait: Whether anything of it may have been put aside.
        offered: What is offered again at the moment: mapping and event.
        ending: Whether it takes nothing more.
        lost: Whether another process has taken it over.
    """

    held: Held
    settlement: Settlement = attrs.field(factory=Settlement)
    read_to: int = attrs.field(init=False)
    known: dict[int, dict[int, str]] = attrs.field(factory=dict)
    gaps: set[tuple[int, str]] = attrs.field(factory=set)
    may_wait: bool = True
    offered: set[tuple[int, int]] = attrs.field(factory=set)
    ending: bool = False
    lost: bool = False
    _under_way: deque[Ticket] = attrs.field(factory=deque)
    _put_aside: dict[tuple[int, str], int] = attrs.field(factory=dict)
    _answered: dict[tuple[int, int], int] = attrs.field(factory=dict)

    @read_to.default
    def _begin(self) -> int:
        return self.held.position

    @property
    def idle(self) -> bool:
        """Whether nothing of it is under way."""
        return not self._under_way and not self.offered

    @property
    def is_crowded(self) -> bool:
        """Whether so much is under way that an event at the front must be settled first.

        After a crash, what is settled behind it is read from the ledger into memory.
        """
        return len(self._under_way) >= _MOST_UNDER_WAY

    def begin(self, ticket: Ticket) -> None:
        """Let an event of the log be under way; they begin in the order of the log."""
        self._under_way.append(ticket)

    def advance(self) -> None:
        """Let the position follow: everything before it is settled."""
        position: int | None = None
        while self._under_way and self._under_way[0].done:
            position = self._under_way.popleft().seq
        if not self._under_way:
            position = self.read_to
        if position is not None:
            self.settlement.position = max(position, self.settlement.position or 0)

    def put_aside(self, target: int, contact: str, write: int) -> None:
        """Remember that a contact waits, until that is on disk where everyone looks.

        Args:
            target: For which mapping.
            contact: Who.
            write: Number of the write that takes it to disk.
        """
        self.may_wait = True
        self._put_aside[target, contact] = write

    def waits(self, target: int, contact: str, written: int) -> bool:
        """Tell whether a contact waits that was not yet on disk at the time of a certain write."""
        return self._put_aside.get((target, contact), -1) > written

    def answer(self, offers: Iterable[tuple[int, int]], write: int) -> None:
        """Let events be offered no longer: what became of them is on disk.

        Args:
            offers: Mapping and event.
            write: Number of the write that took it there.
        """
        for offer in offers:
            if offer in self.offered:
                self.offered.remove(offer)
                self._answered[offer] = write

    def is_offered(self, target: int, seq: int, written: int) -> bool:
        """Tell whether an event is offered, or was, by what was on disk at a certain write.

        Whoever looked at the file before that may still find it there as one that waits.
        """
        return (target, seq) in self.offered or self._answered.get((target, seq), -1) > written

    def forget(self, written: int) -> None:
        """Forget what was written by a write that everyone has looked at by now."""
        self._put_aside = {k: w for k, w in self._put_aside.items() if w > written}
        self._answered = {k: w for k, w in self._answered.items() if w > written}
