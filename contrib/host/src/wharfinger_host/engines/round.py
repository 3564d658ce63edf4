"""One try at the events of a batch: through a flow, and into the ledger."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import attrs
import orjson

from wharfinger import Connection, Effect, Outcome, Status
from wharfinger_host.engines.contract import Fetched, Lease
from wharfinger_host.engines.ledger import Entered, enter
from wharfinger_host.store.ledger import Settlement, settle
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.duty import Audience
from wharfinger_host.working.journal import DiskJournal
from wharfinger_host.working.lane import Lane, Offer, Ticket
from wharfinger_host.working.verdicts import Verdicts

__all__ = ["Round", "Trying"]

logger = logging.getLogger(__name__)

_MAYBE_SENT: Final = Outcome(
    status=Status.UNKNOWN,
    code="interrupted",
    message="A worker with another ledger had this event when it lost its lane. It may have been "
    "delivered, so it is not sent again by itself; look at the vendor, then replay it or drop it.",
)
_HELD_BACK: Final = "held-back"
_NO_EVENT: Final = "An event is a JSON object, and this cannot be read as one."


@attrs.frozen
class Trying:
    """An event that is to be sent.

    Attributes:
        ticket: The event.
        mappings: Through which mappings.
    """

    ticket: Ticket
    mappings: tuple[str, ...]


@attrs.define(eq=False, kw_only=True)
class Round:
    """One try.

    Attributes:
        connection: Open.
        disk: Writes to the ledger.
        verdicts: The verdicts of the connection.
        audience: Hears what became of events.
        lease: The lane as the engine has it.
        lane: The lane as the ledger has it.
        one_machine: Whether no other ledger can know of an event: what was never entered into this
            one was then never sent.
        again: What is to be sent once more, in its order.
        wait_s: Seconds to wait before that.
        has_halted: Whether something waits for a person.
    """

    connection: Connection
    disk: Disk
    verdicts: Verdicts
    audience: Audience
    lease: Lease
    lane: Lane
    one_machine: bool = False
    again: list[Trying] = attrs.field(factory=list)
    wait_s: float = 0.0
    has_halted: bool = False

    async def begin(self, batch: Sequence[Fetched]) -> list[Trying]:
        """Enter a batch into the ledger, and return what of it is to be sent.

        Args:
            batch: As it was fetched. What of it is no event becomes a dead letter of the engine:
                no mapping can say anything of it.
        """
        batch, contents = await self._readable(batch)
        targets = tuple(self.verdicts.targets.values())
        events = [each.event for each in batch]
        now_ms = self.disk.store.now_ms()
        entered = await self.disk.note(enter, self.lane.held, events, targets, now_ms)
        gaps: dict[tuple[int, str], int] = {}
        met: set[int] = set()
        repeated = any(each.known for each in entered)
        trying = []
        for fetched, each, content in zip(batch, entered, contents, strict=True):
            if each.seq in met:
                continue  # published twice: it is in this batch already
            met.add(each.seq)
            event = fetched.event
            ticket = Ticket(self.lane, each.seq, event.contact, event.id or None, event.raw)
            names = tuple(
                name
                for name in self.verdicts.mappings
                if (not event.only or name in event.only)
                and self._is_to_send(name, fetched, each, content, gaps if repeated else None)
                and not self._may_have_been_sent(name, ticket, fetched, each, content)
            )
            if names:
                trying.append(Trying(ticket, names))
        return trying

    async def _readable(self, batch: Sequence[Fetched]) -> tuple[list[Fetched], list[Any]]:
        """Return events with their contents, once whatever is none is a dead letter."""
        readable, contents, others = list[Fetched](), list[Any](), list[Fetched]()
        for fetched in batch:
            try:
                content = orjson.loads(fetched.event.raw)
            except orjson.JSONDecodeError:
                content = None
            if isinstance(content, dict):
                readable.append(fetched)
                contents.append(content)
            else:
                others.append(fetched)
        if others:
            await self.lease.dead(others, _NO_EVENT)
            logger.warning(
                "%s: %d of what lane %d holds is no event: %s It is a dead letter of the engine.",
                *(self.lease.connection, len(others), self.lease.lane, _NO_EVENT),
            )
        return readable, contents

    async def send(self, trying: Sequence[Trying]) -> bool:
        """Send events and write down what became of them; false where the lane is lost.

        Args:
            trying: In their order.
        """
        if trying:
            await self._through(trying)
        settlement, self.lane.settlement = self.lane.settlement, Settlement()
        (kept,) = await self.disk.note(settle, [(self.lane.held, settlement)])
        return kept and self.lease.is_good

    async def _through(self, trying: Sequence[Trying]) -> None:
        journal = DiskJournal(self.disk, self.verdicts.targets)
        flow: Any = self.connection.flow(journal=journal, ready=self._may_send)
        async with flow:
            # All at once: what is put later could overtake what is given back meanwhile.
            for each in trying:
                flow.put_now(orjson.loads(each.ticket.raw), each.ticket, mappings=each.mappings)
            flow.end()
            async for settled in flow:
                for mapping, outcome in settled.receipt.outcomes.items():
                    self._enter(settled.token, mapping, outcome)
        self.again.sort(key=lambda each: each.ticket.seq)

    async def _may_send(self, _: Sequence[Ticket]) -> bool:
        await self.disk.ready()
        return self.lease.is_good

    def _enter(self, ticket: Ticket, mapping: str, outcome: Outcome) -> None:
        settlement, now_ms = self.lane.settlement, self.disk.store.now_ms()
        if self.verdicts.enter(settlement, ticket, mapping, outcome, now_ms):
            # It is tried again in place, so what would be put aside says how long to wait.
            target, _, _, _, due_ms, since_ms, tries, *_ = settlement.deferred.pop()
            again = attrs.evolve(ticket, offer=Offer(target, tries, since_ms), intended=[])
            self.again.append(Trying(again, (mapping,)))
            if outcome.status == Status.HALTED:
                self.has_halted = True
            elif outcome.code != _HELD_BACK:
                self.wait_s = max(self.wait_s, (due_ms - now_ms) / 1000)
        self.audience.settled(self.lane.held.connection, mapping, ticket, outcome)

    def _is_to_send(
        self,
        name: str,
        fetched: Fetched,
        entered: Entered,
        content: Any,
        gaps: dict[tuple[int, str], int] | None,
    ) -> bool:
        """Tell whether an event is not settled for a mapping, or is to follow one that is not.

        What was delivered after something that was not is sent again behind it, so that the newest
        is what stays. What is older, and was only published once more, is not.
        """
        if gaps is None:
            return True
        mapping = self.verdicts.mappings[name]
        place = (self.verdicts.targets[name], fetched.event.contact)
        status = entered.known.get(place[0])
        if status is not None:
            follows = gaps.get(place, entered.seq) < entered.seq
            follows = follows and self.connection.effects[name] is Effect.IDEMPOTENT
            return follows and status == Status.DELIVERED
        if mapping.action.order_key is not None and _takes(mapping, content):
            gaps.setdefault(place, entered.seq)
        return True

    def _may_have_been_sent(
        self, name: str, ticket: Ticket, fetched: Fetched, entered: Entered, content: Any
    ) -> bool:
        """Make ``unknown`` of what must not be sent twice and another ledger may know of."""
        if self.one_machine or not (fetched.again and entered.is_new):
            return False
        if self.connection.effects[name] is not Effect.ONCE:
            return False
        if not _takes(self.verdicts.mappings[name], content):
            return False
        self._enter(ticket, name, _MAYBE_SENT)
        return True


def _takes(mapping: Any, event: Any) -> bool:
    try:
        return bool(mapping.matches(event))
    except Exception:  # noqa: BLE001  # it is rejected when it is sent
        return True
