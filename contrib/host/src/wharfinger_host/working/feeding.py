"""Handing the events of a lane to a flow: out of the log in order, and again what was put aside."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

import attrs
import orjson

from wharfinger_host.store.deferred import Due, any_waits, due, waiting
from wharfinger_host.store.inbox import LogEvent, read_log
from wharfinger_host.store.leases import Held
from wharfinger_host.store.store import Store, finished
from wharfinger_host.working.lane import Lane, Offer, Ticket
from wharfinger_host.working.recorder import Recorder
from wharfinger_host.working.verdicts import Verdicts

__all__ = ["Feeder", "Taking"]

_AT_A_TIME: Final = 500
_POLL_S: Final = 0.1


class Taking(Protocol):
    """The side of a flow that takes events."""

    async def put(
        self, event: Any, token: Any = None, *, mappings: Collection[str] | None = None
    ) -> None:
        """Hand in one event; waits while as many as allowed are waiting."""


@attrs.define(eq=False, kw_only=True)
class Feeder:
    """Feeds one lane.

    Attributes:
        lane: The lane.
        flow: Takes the events.
        store: Where they come from.
        recorder: Writes what needs no vendor.
        verdicts: The verdicts of the connection.
        mappings: The mappings of the connection, by name.
        once: Whether to end where nothing is left to do at present.
        may_send: Tells whether the lease is still good.
    """

    lane: Lane
    flow: Taking
    store: Store
    recorder: Recorder
    verdicts: Verdicts
    mappings: Mapping[str, Any]
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
        lane, targets = self.lane, self.verdicts.targets
        ticket = Ticket(lane, event.seq, event.contact, event.message_id, event.raw)
        known = lane.known.pop(event.seq, None)
        content = orjson.loads(event.raw)
        chosen: list[str] | None = None
        if known or pairs or lane.may_wait:
            chosen = []
            for name, mapping in self.mappings.items():
                target = targets[name]
                if known and target in known:
                    continue
                if mapping.action.order_key is not None and (
                    (target, event.contact) in pairs or lane.waits(target, event.contact, written)
                ):
                    if _takes(mapping, content):
                        now_ms = self.store.now_ms()
                        self.verdicts.hold_back(lane.settlement, ticket, target, now_ms)
                        lane.put_aside(target, event.contact, self.recorder.next_write)
                    continue
                chosen.append(name)
        lane.begin(ticket)
        if chosen is not None and len(chosen) == len(self.mappings):
            chosen = None
        if chosen == []:
            ticket.done = True
            self.recorder.note(lane)
        else:
            await self.flow.put(content, ticket, mappings=chosen)

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
                if (target, row.seq) in lane.offered or lane.waits(target, row.contact, written):
                    continue
                if not await self._ready():
                    break
                await self._offer(name, target, row)
                offered += 1
        lane.may_wait = lane.may_wait or any_left
        return offered

    async def _offer(self, name: str, target: int, row: Due) -> None:
        self.lane.offered.add((target, row.seq))
        offer = Offer(target, row.tries, row.since_ms)
        ticket = Ticket(self.lane, row.seq, row.contact, row.message_id, row.raw, offer)
        await self.flow.put(orjson.loads(row.raw), ticket, mappings=(name,))

    async def _ready(self) -> bool:
        """Wait until the lease is good and not too much is under way; tell whether to go on."""
        while not self.ended and (self.lane.is_crowded or not self.may_send()):  # noqa: ASYNC110  # time itself ends it, too
            await asyncio.sleep(_POLL_S)
        return not self.ended

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


def _takes(mapping: Any, event: Any) -> bool:
    try:
        return bool(mapping.matches(event))
    except Exception:  # noqa: BLE001  # it is rejected when it is offered
        return True


def _next_of_log(
    db: sqlite3.Connection, held: Held, read_to: int, ordered: Sequence[int]
) -> tuple[list[LogEvent], int, set[tuple[int, str]]]:
    events, upto = read_log(db, held.partition, read_to, _AT_A_TIME)
    return events, upto, waiting(db, ordered, {event.contact for event in events})


def _due_of(
    db: sqlite3.Connection, held: Held, target: int, now_ms: int, *, ordered: bool
) -> tuple[list[Due], bool]:
    rows = due(db, held, target, now_ms, _AT_A_TIME, ordered=ordered)
    return rows, bool(rows) or any_waits(db, held, (target,))
