"""One connection at work: opened, its lanes held and fed, everything written down at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, Final

import attrs

from wharfinger_host.store import leases
from wharfinger_host.store.deferred import any_waits, probe
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.leases import LEASE_S, Held
from wharfinger_host.store.ledger import known_since
from wharfinger_host.store.recovery import recover
from wharfinger_host.store.store import Store, finished
from wharfinger_host.store.targets import add_targets
from wharfinger_host.store.timekeeping import follow_clock
from wharfinger_host.working.duty import Duty
from wharfinger_host.working.feeding import Feeder
from wharfinger_host.working.journal import DiskJournal
from wharfinger_host.working.lane import Lane, Load, Ticket
from wharfinger_host.working.recorder import Recorder
from wharfinger_host.working.verdicts import Verdicts

__all__ = ["Post"]

_MOST_WAITING: Final = 10_000
_MOST_PER_LANE: Final = 2_500
_SLOW_S: Final = 10.0
"""Putting events aside and offering them again costs more than a wait; a slow place is worth it."""
_UNSENT_PER_S: Final = 400.0
"""So many are put aside for nothing at the cost of a few hundredths of a processor."""
_HEARTBEAT_S: Final = LEASE_S / 5
_LOOK_S: Final = 0.1


@attrs.define(eq=False, kw_only=True)
class Post(Duty):
    """Works for one connection on the inbox until it is told to end.

    Attributes:
        clock: The clock of leases.
    """

    clock: Callable[[], float] = time.monotonic
    _lanes: dict[Lane, asyncio.Task[None]] = attrs.field(factory=dict)
    _feeders: dict[Lane, Feeder] = attrs.field(factory=dict)
    _load: Load = attrs.field(factory=Load)
    _asked_s: float = 0.0
    _leaving: set[asyncio.Task[None]] = attrs.field(factory=set)
    _deadline_s: float = 0.0
    _manned: bool = False
    _ending: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def _store(self) -> Store:
        return self.disk.store

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
            targets, halted = await self.disk.write(_open, self.name, tuple(connection.mappings))
            verdicts = Verdicts(connection.mappings, targets, self.patience, halted)
            recorder = Recorder(self.disk)
            try:
                await self._work(verdicts, recorder)
            finally:
                with suppress(StoreError):  # the leases run out by themselves
                    await finished(self._store.note(leases.release_all, self.owner, self.name))

    async def _work(self, verdicts: Verdicts, recorder: Recorder) -> None:
        flow = self.connection.flow(
            most_waiting=_MOST_WAITING,
            most_per_lane=_MOST_PER_LANE,
            slow_s=_SLOW_S,
            unsent_per_s=None if self.once else _UNSENT_PER_S,
            journal=DiskJournal(self.disk, verdicts.targets),
            ready=self._may_send,
            keep_events=False,
        )
        async with flow, asyncio.TaskGroup() as group:
            taking = group.create_task(self._take(flow, verdicts, recorder))
            writing = group.create_task(recorder.run())
            keeping = group.create_task(self._keep(group, flow, verdicts, recorder))
            breaking = group.create_task(self.disk.broken())
            await self._until_done(group, verdicts)
            await self._end_within(self.drain_s, flow)
            await taking
            recorder.end()
            await writing
            # Lanes that were about to be let go have nothing more to wait for.
            for task in (keeping, breaking, *self._leaving):
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
            lane, now_ms = ticket.lane, self._store.now_ms()
            for mapping, outcome in settled.receipt.outcomes.items():
                if verdicts.enter(lane.settlement, ticket, mapping, outcome, now_ms):
                    target = verdicts.targets[mapping]
                    lane.put_aside(target, ticket.contact, recorder.next_write)
                self.audience.settled(self.name, mapping, ticket, outcome)
            ticket.done = True
            self._load.give_back(ticket)
            recorder.note(lane)
            await recorder.room()

    @property
    def _is_sure_of_leases(self) -> bool:
        return self.clock() < self._deadline_s

    async def _may_send(self, tickets: Sequence[Ticket]) -> bool:
        """Wait for room and for certainty about the leases, and tell whether all are still held.

        A process that was stopped for a while would else send what has grown old over what its
        successor sent meanwhile.
        """
        while self.disk.is_full or not self._is_sure_of_leases:
            await self.disk.ready()
            if not self._is_sure_of_leases:
                await asyncio.sleep(_LOOK_S)
        return not any(ticket.lane.lost for ticket in tickets)

    async def _keep(
        self, group: asyncio.TaskGroup, flow: Any, verdicts: Verdicts, recorder: Recorder
    ) -> None:
        """Keep the lanes, take those that nobody holds, and give up more than a fair share."""
        while True:
            await self.disk.note(follow_clock, self._store.now_ms, self.clock)
            lanes = [lane for lane in self._lanes if not lane.lost]
            kept, new, share = await self.disk.insist(partial(self._renew, lanes))
            for lane in lanes:
                lane.lost = lane.lost or lane.held not in kept
            self._deadline_s = self._asked_s + LEASE_S * 0.8
            self._clear_away_lost()
            for held in new:
                await self._begin(group, held, flow, verdicts, recorder)
            self._manned = True
            if not self.once:
                self._give_up_more_than(share, group, recorder)
            await asyncio.sleep(_HEARTBEAT_S)

    def _renew(self, lanes: Sequence[Lane]) -> Future[tuple[set[Held], list[Held], int]]:
        """Ask for leases; each time anew, because time goes by while a disk is full."""
        # What is granted later than this holds at least as long.
        self._asked_s = self.clock()
        return self._store.note(
            _keep_leases,
            [lane.held for lane in lanes],
            owner=self.owner,
            connection=self.name,
            clock=self.clock,
            wanted=not self._ending.is_set() and self.disk.has_settled,
            once=self.once,
            partitions=self._store.layout.partitions,
        )

    async def _begin(
        self,
        group: asyncio.TaskGroup,
        held: Held,
        flow: Any,
        verdicts: Verdicts,
        recorder: Recorder,
    ) -> None:
        unknown = await self.disk.write(recover, held, self._store.now_ms())
        if unknown:
            self.audience.recovered(self.name, unknown)
        targets = tuple(verdicts.targets.values())
        known = await finished(self._store.read(known_since, held, targets))
        may_wait = await finished(self._store.read(any_waits, held, targets))
        lane = Lane(held, known=known, may_wait=may_wait, ending=self._ending.is_set())
        self._feeders[lane] = Feeder(
            lane=lane,
            load=self._load,
            flow=flow,
            store=self._store,
            recorder=recorder,
            verdicts=verdicts,
            mappings=self.connection.mappings,
            effects=self.connection.effects,
            once=self.once,
            may_send=lambda: self._is_sure_of_leases and not self.disk.is_full,
        )
        self._lanes[lane] = group.create_task(self._feeders[lane].run())

    def _give_up_more_than(self, share: int, group: asyncio.TaskGroup, recorder: Recorder) -> None:
        at_work = [lane for lane in self._lanes if not lane.lost and not lane.ending]
        for lane in at_work[share:]:
            lane.ending = True
            task = group.create_task(self._let_go(lane, recorder))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _clear_away_lost(self) -> None:
        """Keep nothing of lanes that others have taken over: their events may be many."""
        for lane in [lane for lane, task in self._lanes.items() if lane.lost and task.done()]:
            self._remove(lane)

    def _remove(self, lane: Lane) -> None:
        self._lanes.pop(lane, None)
        self._feeders.pop(lane, None)

    async def _let_go(self, lane: Lane, recorder: Recorder) -> None:
        if (feeding := self._lanes.get(lane)) is not None:
            await asyncio.wait([feeding])
        await recorder.until(lambda: recorder.settled(lane))
        self._remove(lane)
        await self.disk.note(leases.release, [lane.held])


def _open(
    db: Database, connection: str, mappings: Sequence[str]
) -> tuple[dict[str, int], set[int]]:
    known = add_targets(db, connection, mappings)
    targets = {name: known[name] for name in mappings}
    return targets, probe(db, tuple(targets.values()))


def _keep_leases(
    db: Database,
    held: Sequence[Held],
    *,
    owner: str,
    connection: str,
    clock: Callable[[], float],
    wanted: bool,
    once: bool,
    partitions: int,
) -> tuple[set[Held], list[Held], int]:
    """Renew leases and take more of them up to a fair share; both, and the share, are returned.

    One that works once takes whatever nobody holds: it ends, so it keeps it from nobody for long.
    """
    # Not before the file is this process's to write: what waited for it would take a lease that was
    # renewed meanwhile for one from before a restart of the machine.
    now_s = clock()
    workers = leases.enter(db, owner, connection, now_s)
    share = partitions if once else -(-partitions // workers)
    kept = leases.hold(db, owner, held, now_s)
    most = share - len(kept) if wanted else 0
    new = leases.acquire(db, owner, connection, most, now_s) if most > 0 else []
    return kept, new, share


async def _pause(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
