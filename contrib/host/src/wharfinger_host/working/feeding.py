"""Handing the events of a lane to a flow: out of the log in order, and again what was put aside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

import attrs
import orjson

from wharfinger import Effect, Outcome, Status
from wharfinger_host.store.deferred import Due, any_waits, due, waiting
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.inbox import LogEvent, read_log
from wharfinger_host.store.leases import Held
from wharfinger_host.store.ledger import DEFERRED
from wharfinger_host.store.store import Store, finished
from wharfinger_host.working.lane import Lane, Load, Offer, Ticket
from wharfinger_host.working.recorder import Recorder
from wharfinger_host.working.verdicts import Verdicts, takes

__all__ = ["Feeder", "Taking"]

_AT_A_TIME: Final = 500
_POLL_S: Final = 0.1


class Taking(Protocol):
    """The side of a flow that takes events."""

    @property
    def halt(self) -> Outcome | None:
        """Why nothing can be sent, where no mapping can send anything."""

    async def room(self) -> None:
        """Wait until one more event may be put."""

    def put_now(
        self, event: Any, token: Any = None, *, mappings: Collection[str] | None = None
    ) -> None:
        """Hand in one event."""


@attrs.define(eq=False, kw_only=True)
class Feeder:
    """Feeds one lane.

    Attributes:
        lane: The lane.
        load: What the connection has under way.
        flow: Takes the events.
        store: Where they come from.
        recorder: Writes what needs no vendor.
        verdicts: The verdicts of the connection.
        mappings: The mappings of the connection, by name.
        effects: What it means to send an event twice, by name of the mapping.
        once: Whether to end where nothing is left to do at present.
        may_send: Tells whether the lease is still good.
    """

    lane: Lane
    load: Load
    flow: Taking
    store: Store
    recorder: Recorder
    verdicts: Verdicts
    mappings: Mapping[str, Any]
    effects: Mapping[str, Effect]
    once: bool
    may_send: Callable[[], bool]
    _looked: dict[str, int] = attrs.field(factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be handed in."""
        return self.lane.ending or self.lane.lost

    async def run(self) -> None:
        """Feed until the lane ends, or, once, until nothing is left to do at present."""
        if not self.once:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._repeat(self._feed_log))
                group.create_task(self._repeat(self._offer_again))
            return
        while not self.ended:
            if await self._feed_log():
                continue
            await self.recorder.until(lambda: self.recorder.settled(self.lane))
            if not await self._offer_again():
                return

    async def _repeat(self, feed: Callable[[], Any]) -> None:
        while not self.ended:
            if not await feed():
                await asyncio.sleep(_POLL_S)

    async def _feed_log(self) -> int:
        """Hand in the next events of the log, and return how many they were."""
        lane, written = self.lane, self._look("log")
        events, read_to, pairs = await finished(
            self.store.read(_next_of_log, lane.held, lane.read_to, self._ordered())
        )
        for event in events:
            if not await self._ready():
                return 1
            await self._hand_in(event, pairs, written)
            lane.read_to = event.seq
        if read_to > lane.read_to:
            lane.read_to = read_to
            self.recorder.note(lane)
        return len(events)

    async def _hand_in(self, event: LogEvent, pairs: set[tuple[int, str]], written: int) -> None:
        """Hand an event in, for those mappings whose turn it is.

        Whom it waits for is looked at once there is room, and then it is handed in at once: in
        between, something earlier may be put aside.
        """
        await self.flow.room()
        lane = self.lane
        ticket = Ticket(lane, event.seq, event.contact, event.message_id, event.raw)
        known = lane.known.pop(event.seq, None)
        content = orjson.loads(event.raw)
        chosen: list[str] | None = None
        if known or lane.known or lane.gaps or pairs or lane.may_wait:
            chosen = [
                name
                for name, mapping in self.mappings.items()
                if self._is_to_send(name, mapping, ticket, known or {}, content)
                and not self._holds_back(
                    name, mapping, ticket, content, pairs=pairs, written=written
                )
            ]
        if not lane.known:
            lane.gaps.clear()
        lane.begin(ticket)
        if chosen is not None and len(chosen) == len(self.mappings):
            chosen = None
        if chosen == []:
            ticket.done = True
            self.recorder.note(lane)
        else:
            self.load.take(ticket)
            self.flow.put_now(content, ticket, mappings=chosen)

    def _is_to_send(
        self, name: str, mapping: Any, ticket: Ticket, known: Mapping[int, str], content: Any
    ) -> bool:
        """Tell whether an event is not settled for a mapping, or is to be sent once more.

        A process may die when an event is delivered and an earlier one of the same contact is not
        settled. The earlier one is sent again, over the later one, so the later one has to follow.
        """
        lane, place = self.lane, (self.verdicts.targets[name], ticket.contact)
        status = known.get(place[0])
        if status not in (None, DEFERRED):
            follows = place in lane.gaps and self.effects[name] is Effect.IDEMPOTENT
            return follows and status == Status.DELIVERED
        if lane.known and mapping.action.order_key is not None and takes(mapping, content):
            lane.gaps.add(place)
        return status is None

    def _holds_back(
        self,
        name: str,
        mapping: Any,
        ticket: Ticket,
        content: Any,
        *,
        pairs: set[tuple[int, str]],
        written: int,
    ) -> bool:
        """Put an event aside for a mapping where its contact waits, and tell whether that is so."""
        lane, target = self.lane, self.verdicts.targets[name]
        if mapping.action.order_key is None or not (
            (target, ticket.contact) in pairs or lane.waits(target, ticket.contact, written)
        ):
            return False
        if takes(mapping, content):
            self.verdicts.hold_back(lane.settlement, ticket, target, self.store.now_ms())
            lane.put_aside(target, ticket.contact, self.recorder.next_write)
        return True

    async def _offer_again(self) -> int:
        """Offer again what was put aside and is due, and return how many that was."""
        lane, offered = self.lane, 0
        if not lane.may_wait:
            return 0
        written = self._look("deferred")
        lane.may_wait, any_left = False, False
        for name, mapping in self.mappings.items():
            target = self.verdicts.targets[name]
            ordered = mapping.action.order_key is not None
            rows, left = await finished(
                self.store.read(_due_of, lane.held, target, self.store.now_ms(), ordered=ordered)
            )
            any_left = any_left or left
            for row in rows:
                # Earlier events of its contact may stand in what is not read of the log yet.
                if row.seq > lane.read_to:
                    break
                if not await self._ready():
                    break
                await self.flow.room()
                if lane.is_offered(target, row.seq, written):
                    continue
                if lane.waits(target, row.contact, written):
                    continue
                self._offer(name, target, row)
                offered += 1
        lane.may_wait = lane.may_wait or any_left
        return offered

    def _offer(self, name: str, target: int, row: Due) -> None:
        self.lane.offered.add((target, row.seq))
        offer = Offer(target, row.tries, row.since_ms)
        ticket = Ticket(self.lane, row.seq, row.contact, row.message_id, row.raw, offer)
        self.load.take(ticket)
        self.flow.put_now(orjson.loads(row.raw), ticket, mappings=(name,))

    async def _ready(self) -> bool:
        """Wait until the lease is good and not too much is under way; tell whether to go on."""
        while not self.ended and self._has_to_wait():  # noqa: ASYNC110  # time itself ends it, too
            await asyncio.sleep(_POLL_S)
        return not self.ended

    def _has_to_wait(self) -> bool:
        has_room = not self.lane.is_crowded and not self.load.is_heavy
        return not has_room or not self.may_send() or self._waits_for_a_person

    @property
    def _waits_for_a_person(self) -> bool:
        """Whether events are left where they are, because every one would come back as halted.

        A few have come back, so it is known why, and the post ends in time to look again.
        """
        return not self.once and self.verdicts.has_halted and self.flow.halt is not None

    def _look(self, who: str) -> int:
        """Say up to which write the file is about to be looked at."""
        self._looked[who] = self.recorder.written
        if len(self._looked) == 2 or self.once:  # noqa: PLR2004  # log and deferred
            self.lane.forget(min(self._looked.values()))
        return self._looked[who]

    def _ordered(self) -> list[int]:
        return [
            self.verdicts.targets[name]
            for name, mapping in self.mappings.items()
            if mapping.action.order_key is not None
        ]


def _next_of_log(
    db: Database, held: Held, read_to: int, ordered: Sequence[int]
) -> tuple[list[LogEvent], int, set[tuple[int, str]]]:
    events, upto = read_log(db, held.partition, read_to, _AT_A_TIME)
    return events, upto, waiting(db, ordered, {event.contact for event in events})


def _due_of(
    db: Database, held: Held, target: int, now_ms: int, *, ordered: bool
) -> tuple[list[Due], bool]:
    rows = due(db, held, target, now_ms, _AT_A_TIME, ordered=ordered)
    return rows, bool(rows) or any_waits(db, held, (target,))
