"""One try at the events of a batch: through a flow, and into the ledger.

What comes back to be tried again is tried in place, and its lane waits. But where one mapping is
halted and others of the connection are not, what is for it is put aside into the ledger, as the
inbox does it, and with it what comes later about the same contact; the lane goes on. That needs a
ledger that all workers share: in another, nobody would know what waits, and overtake it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import attrs
import orjson

from wharfinger import Connection, Effect, Outcome, Status
from wharfinger_host.engines.contract import Fetched, Lease
from wharfinger_host.engines.ledger import Entered, enter, stay
from wharfinger_host.store.deferred import Due, any_waits, due, waiting
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.leases import Held
from wharfinger_host.store.ledger import DeferredRow, Settlement, settle
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
_MOST_OFFERED: Final = 100
_NO_EVENT: Final = "An event is a JSON object, and this cannot be read as one."


@attrs.frozen
class Trying:
    """An event that is to be sent.

    Attributes:
        ticket: The event.
        mappings: Through which mappings.
        content: What it holds.
    """

    ticket: Ticket
    mappings: tuple[str, ...]
    content: Any


@attrs.frozen
class _Back:
    """What came back unsettled."""

    trying: Trying
    outcome: Outcome
    row: DeferredRow

    @property
    def place(self) -> tuple[int, str]:
        """Its mapping and contact."""
        return self.row[0], self.trying.ticket.contact


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
        offers: Whether what is tried was put aside, and stays so where it comes back.
        again: What is to be sent once more, in its order.
        wait_s: Seconds to wait before that.
        has_halted: Whether something waits for a person.
        has_to_wait: Whether that is true of what is to be sent once more.
    """

    connection: Connection
    disk: Disk
    verdicts: Verdicts
    audience: Audience
    lease: Lease
    lane: Lane
    one_machine: bool = False
    offers: bool = False
    again: list[Trying] = attrs.field(factory=list)
    wait_s: float = 0.0
    has_halted: bool = False
    has_to_wait: bool = False
    _back: list[_Back] = attrs.field(factory=list)
    _since: dict[int, int] = attrs.field(factory=dict)

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
        waits = await self._waiting({event.contact for event in events})
        gaps: dict[tuple[int, str], int] = {}
        met: set[int] = set()
        repeated = any(each.known for each in entered)
        trying = []
        for fetched, each, content in zip(batch, entered, contents, strict=True):
            if each.seq in met:
                continue  # published twice: it is in this batch already
            met.add(each.seq)
            self._since[each.seq] = each.since_ms
            event = fetched.event
            ticket = Ticket(self.lane, each.seq, event.contact, event.id or None, event.raw)
            names = tuple(
                name
                for name in self.verdicts.mappings
                if (not event.only or name in event.only)
                and self._is_to_send(name, fetched, each, content, gaps if repeated else None)
                and not self._may_have_been_sent(name, ticket, fetched, each, content)
                and not self._is_to_wait(name, ticket, content, waits)
            )
            if names:
                trying.append(Trying(ticket, names, content))
        return trying

    async def due(self) -> list[Trying]:
        """Return what of the lane was put aside and is to be tried again now."""
        if not self.lane.may_wait:
            return []
        now_ms = self.disk.store.now_ms()
        rows, self.lane.may_wait = await self.disk.read(
            _due_of, self.lane.held, self._targets(), now_ms
        )
        found = []
        for target, row in rows:
            offer = Offer(target, row.tries, row.since_ms)
            ticket = Ticket(self.lane, row.seq, row.contact, row.message_id, row.raw, offer)
            found.append(Trying(ticket, (self._name_of(target),), orjson.loads(row.raw)))
        return sorted(found, key=lambda each: each.ticket.seq)

    async def _waiting(self, contacts: set[str]) -> set[tuple[int, str]]:
        """Return which contacts wait for which mappings that keep their order."""
        if not self.lane.may_wait:
            return set()
        ordered = [target for target, is_ordered in self._targets().items() if is_ordered]
        return await self.disk.read(waiting, ordered, contacts)

    def _targets(self) -> dict[int, bool]:
        """Return the numbers of the mappings, and whether each keeps the order of a contact."""
        return {
            self.verdicts.targets[name]: mapping.action.order_key is not None
            for name, mapping in self.verdicts.mappings.items()
        }

    def _name_of(self, target: int) -> str:
        return next(name for name, each in self.verdicts.targets.items() if each == target)

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
            if not self.offers:
                await self._stay(trying)
            await self._through(trying)
        settlement, self.lane.settlement = self.lane.settlement, Settlement()
        # What is put aside is acknowledged to the engine, and then only here.
        write = self.disk.write if settlement.deferred else self.disk.note
        (kept,) = await write(settle, [(self.lane.held, settlement)])
        return kept and self.lease.is_good

    async def _stay(self, trying: Sequence[Trying]) -> None:
        """Let no event be forgotten here that is tried for longer than events are kept."""
        again = [each.ticket for each in trying if each.ticket.offer is not None]
        if again:
            await self.disk.note(stay, self.lane.held, again)

    async def _through(self, trying: Sequence[Trying]) -> None:
        journal = DiskJournal(self.disk, self.verdicts.targets)
        flow: Any = self.connection.flow(journal=journal, ready=self._may_send)
        async with flow:
            # All at once: what is put later could overtake what is given back meanwhile.
            for each in trying:
                flow.put_now(each.content, each.ticket, mappings=each.mappings)
            flow.end()
            contents = {each.ticket.seq: each.content for each in trying}
            async for settled in flow:
                content = contents[settled.token.seq]
                for mapping, outcome in settled.receipt.outcomes.items():
                    self._enter(Trying(settled.token, (mapping,), content), outcome)
            self._sort_out(is_halted=flow.halt is not None)

    async def _may_send(self, _: Sequence[Ticket]) -> bool:
        await self.disk.ready()
        return self.lease.is_good

    def _enter(self, trying: Trying, outcome: Outcome) -> None:
        settlement, now_ms = self.lane.settlement, self.disk.store.now_ms()
        ticket, (mapping,) = trying.ticket, trying.mappings
        if self.verdicts.enter(settlement, ticket, mapping, outcome, now_ms):
            self._back.append(_Back(trying, outcome, settlement.deferred.pop()))
        self.audience.settled(self.lane.held.connection, mapping, ticket, outcome)

    def _sort_out(self, *, is_halted: bool) -> None:
        """Put aside what halted and what must not overtake it; the rest is tried again in place.

        Args:
            is_halted: Whether no mapping of the connection can send anything: then all lanes wait,
                and the engine keeps what is in them.
        """
        aside = set[tuple[int, str]]()
        ordered, may = self._targets(), self.one_machine and not is_halted
        for back in sorted(self._back, key=lambda each: each.trying.ticket.seq):
            has_halted = back.outcome.status == Status.HALTED
            self.has_halted = self.has_halted or has_halted
            behind = ordered[back.place[0]] and back.place in aside
            if self.offers or (may and (has_halted or behind)):
                aside.add(back.place)
                self._put_aside(back.row)
            else:
                self._try_again(back)

    def _put_aside(self, row: DeferredRow) -> None:
        self.lane.settlement.deferred.append(row)
        self.lane.may_wait = True

    def _try_again(self, back: _Back) -> None:
        """Try it again in place; what would be put aside says how long to wait."""
        target, _, seq, _, due_ms, since_ms, tries, *_ = back.row
        offer = Offer(target, tries, min(since_ms, self._since.get(seq, since_ms)))
        ticket = attrs.evolve(back.trying.ticket, offer=offer, intended=[])
        self.again.append(attrs.evolve(back.trying, ticket=ticket))
        if back.outcome.status == Status.HALTED:
            self.has_to_wait = True
        elif back.outcome.code != _HELD_BACK:
            self.wait_s = max(self.wait_s, (due_ms - self.disk.store.now_ms()) / 1000)

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
        self._enter(Trying(ticket, (name,), content), _MAYBE_SENT)
        return True

    def _is_to_wait(
        self, name: str, ticket: Ticket, content: Any, waits: set[tuple[int, str]]
    ) -> bool:
        """Put an event aside behind an earlier one about its contact, where there is one."""
        target = self.verdicts.targets[name]
        if (target, ticket.contact) not in waits:
            return False
        if _takes(self.verdicts.mappings[name], content):
            settlement = self.lane.settlement
            self.verdicts.hold_back(settlement, ticket, target, self.disk.store.now_ms())
        return True


def _due_of(
    db: Database, held: Held, targets: dict[int, bool], now_ms: int
) -> tuple[list[tuple[int, Due]], bool]:
    rows = [
        (target, row)
        for target, ordered in targets.items()
        for row in due(db, held, target, now_ms, _MOST_OFFERED, ordered=ordered)
    ]
    return rows, any_waits(db, held, tuple(targets))


def _takes(mapping: Any, event: Any) -> bool:
    try:
        return bool(mapping.matches(event))
    except Exception:  # noqa: BLE001  # it is rejected when it is sent
        return True
