"""One connection at work: opened, its lanes held and fed, everything written down at the end."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import attrs

from wharfinger import Connection, Finding, Outcome
from wharfinger_host.store import leases
from wharfinger_host.store.deferred import any_waits, probe
from wharfinger_host.store.leases import LEASE_S, Held
from wharfinger_host.store.ledger import known_since
from wharfinger_host.store.recovery import recover
from wharfinger_host.store.store import Store, finished
from wharfinger_host.store.targets import add_targets
from wharfinger_host.store.timekeeping import follow_clock
from wharfinger_host.working.feeding import Feeder
from wharfinger_host.working.journal import DiskJournal
from wharfinger_host.working.lane import Lane, Ticket
from wharfinger_host.working.recorder import Recorder
from wharfinger_host.working.verdicts import Patience, Verdicts

__all__ = ["Audience", "Post"]

_MOST_WAITING: Final = 10_000
_MOST_PER_LANE: Final = 2_500
_HEARTBEAT_S: Final = LEASE_S / 5


class Audience(Protocol):
    """Hears how the work goes."""

    def opened(self, connection: str, findings: Sequence[Finding]) -> None:
        """Hear what was found when a connection opened."""

    def recovered(self, connection: str, events: int) -> None:
        """Hear how many events are unknown because the last program died."""

    def settled(self, connection: str, mapping: str, ticket: Ticket, outcome: Outcome) -> None:
        """Hear of one outcome."""


@attrs.define(eq=False, kw_only=True)
class Post:
    """Works for one connection until it is told to end.

    Attributes:
        name: Name of the connection.
        connection: Not open yet.
        store: The inbox.
        owner: Name of this process.
        audience: Hears how it goes.
        patience: How long to wait before something is offered again.
        drain_s: Seconds that are left at the end to what is under way.
        once: Whether to end where nothing is left to do at present.
        look_again_s: Seconds before it ends to look again at what halted.
        clock: The clock of leases.
        renew: Whether it ended in order to look again at what halted.
    """

    name: str
    connection: Connection
    store: Store
    owner: str
    audience: Audience
    patience: Patience = attrs.field(factory=Patience)
    drain_s: float = 30.0
    once: bool = False
    look_again_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    renew: bool = False
    _lanes: dict[Lane, asyncio.Task[None]] = attrs.field(factory=dict)
    _feeders: dict[Lane, Feeder] = attrs.field(factory=dict)
    _leaving: set[asyncio.Task[None]] = attrs.field(factory=set)
    _deadline_s: float = 0.0
    _manned: bool = False
    _ending: asyncio.Event = attrs.field(factory=asyncio.Event)

    def end(self) -> None:
        """Take nothing more from the inbox, and end once what is under way is written down."""
        self._ending.set()
        for lane in self._lanes:
            lane.ending = True

    async def run(self) -> None:
        """Work until `end`, or, once, until nothing is left to do at present.

        Cancelled, it stops at once; what was under way is sent again by whoever takes over, or is
        ``unknown`` where that must not be.

        Raises:
            StoreError: The inbox cannot be used.
        """
        async with self.connection as connection:
            self.audience.opened(self.name, connection.findings)
            targets, halted = await finished(
                self.store.write(_open, self.name, tuple(connection.mappings))
            )
            verdicts = Verdicts(connection.mappings, targets, self.patience, halted)
            recorder = Recorder(self.store)
            try:
                await self._work(verdicts, recorder)
            finally:
                await finished(self.store.note(leases.release_all, self.owner, self.name))

    async def _work(self, verdicts: Verdicts, recorder: Recorder) -> None:
        flow = self.connection.flow(
            most_waiting=_MOST_WAITING,
            most_per_lane=_MOST_PER_LANE,
            journal=DiskJournal(self.store, verdicts.targets),
        )
        async with flow, asyncio.TaskGroup() as group:
            taking = group.create_task(self._take(flow, verdicts, recorder))
            writing = group.create_task(recorder.run())
            keeping = group.create_task(self._keep(group, flow, verdicts, recorder))
            await self._until_done(group, verdicts)
            await self._end_within(self.drain_s, flow)
            await taking
            recorder.end()
            await writing
            # Lanes that were about to be let go have nothing more to wait for.
            for task in (keeping, *self._leaving):
                task.cancel()

    async def _until_done(self, group: asyncio.TaskGroup, verdicts: Verdicts) -> None:
        """Wait for the end of feeding: asked for, reached, or to look again at what halted."""
        began = self.clock()
        while not self._ending.is_set():
            if self.once and self._manned and all(map(asyncio.Task.done, self._lanes.values())):
                if not verdicts.has_released:
                    break
                # What halted does no more: lanes that were done have something to offer again.
                verdicts.has_released = False
                for lane in self._lanes:
                    self._lanes[lane] = group.create_task(self._feeders[lane].run())
            if not self.once and verdicts.halted and self.clock() - began >= self.look_again_s:
                self.renew = True
                break
            await _pause(self._ending, 0.02 if self.once else 0.5)
        self.end()

    async def _end_within(self, seconds: float, flow: Any) -> None:
        """Let feeding and what is under way end; what does not is given up."""
        began = self.clock()
        if tasks := list(self._lanes.values()):
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await flow.drain(max(0.0, seconds - (self.clock() - began)))

    async def _take(self, flow: Any, verdicts: Verdicts, recorder: Recorder) -> None:
        async for settled in flow:
            ticket: Ticket = settled.token
            lane, now_ms = ticket.lane, self.store.now_ms()
            for mapping, outcome in settled.receipt.outcomes.items():
                if verdicts.enter(lane.settlement, ticket, mapping, outcome, now_ms):
                    target = verdicts.targets[mapping]
                    lane.put_aside(target, ticket.contact, recorder.next_write)
                self.audience.settled(self.name, mapping, ticket, outcome)
            ticket.done = True
            recorder.note(lane)
            await recorder.room()

    async def _keep(
        self, group: asyncio.TaskGroup, flow: Any, verdicts: Verdicts, recorder: Recorder
    ) -> None:
        """Keep the lanes, take those that nobody holds, and give up more than a fair share."""
        while True:
            await finished(self.store.note(follow_clock, self.store.now_ms, self.clock))
            asked_s = self.clock()
            lanes = [lane for lane in self._lanes if not lane.lost]
            wanted = not self._ending.is_set()
            kept, new, share = await finished(
                self.store.note(
                    _keep_leases,
                    [lane.held for lane in lanes],
                    owner=self.owner,
                    connection=self.name,
                    now_s=asked_s,
                    wanted=wanted,
                    once=self.once,
                    partitions=self.store.layout.partitions,
                )
            )
            for lane in lanes:
                lane.lost = lane.lost or lane.held not in kept
            self._deadline_s = asked_s + LEASE_S * 0.8
            for held in new:
                await self._begin(group, held, flow, verdicts, recorder)
            self._manned = True
            if not self.once:
                self._give_up_more_than(share, group, recorder)
            await asyncio.sleep(_HEARTBEAT_S)

    async def _begin(
        self,
        group: asyncio.TaskGroup,
        held: Held,
        flow: Any,
        verdicts: Verdicts,
        recorder: Recorder,
    ) -> None:
        unknown = await finished(self.store.write(recover, held, self.store.now_ms()))
        if unknown:
            self.audience.recovered(self.name, unknown)
        targets = tuple(verdicts.targets.values())
        known = await finished(self.store.read(known_since, held, targets))
        may_wait = await finished(self.store.read(any_waits, held, targets))
        lane = Lane(held, known=known, may_wait=may_wait, ending=self._ending.is_set())
        self._feeders[lane] = Feeder(
            lane=lane,
            flow=flow,
            store=self.store,
            recorder=recorder,
            verdicts=verdicts,
            mappings=self.connection.mappings,
            once=self.once,
            may_send=lambda: self.clock() < self._deadline_s,
        )
        self._lanes[lane] = group.create_task(self._feeders[lane].run())

    def _give_up_more_than(self, share: int, group: asyncio.TaskGroup, recorder: Recorder) -> None:
        at_work = [lane for lane in self._lanes if not lane.lost and not lane.ending]
        for lane in at_work[share:]:
            lane.ending = True
            task = group.create_task(self._let_go(lane, recorder))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _let_go(self, lane: Lane, recorder: Recorder) -> None:
        await asyncio.wait([self._lanes[lane]])
        await recorder.until(lambda: recorder.settled(lane))
        del self._lanes[lane], self._feeders[lane]
        await finished(self.store.note(leases.release, [lane.held]))


def _open(
    db: sqlite3.Connection, connection: str, mappings: Sequence[str]
) -> tuple[dict[str, int], set[int]]:
    known = add_targets(db, connection, mappings)
    targets = {name: known[name] for name in mappings}
    return targets, probe(db, tuple(targets.values()))


def _keep_leases(
    db: sqlite3.Connection,
    held: Sequence[Held],
    *,
    owner: str,
    connection: str,
    now_s: float,
    wanted: bool,
    once: bool,
    partitions: int,
) -> tuple[set[Held], list[Held], int]:
    """Renew leases and take more of them up to a fair share; both, and the share, are returned.

    One that works once takes whatever nobody holds: it ends, so it keeps it from nobody for long.
    """
    workers = leases.enter(db, owner, now_s)
    share = partitions if once else -(-partitions // workers)
    kept = leases.hold(db, owner, held, now_s)
    most = share - len(kept) if wanted else 0
    new = leases.acquire(db, owner, connection, most, now_s) if most > 0 else []
    return kept, new, share


async def _pause(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
