"""Replaying dead letters: judged first, then sent under the same rules as everything else."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import attrs
import orjson

from wharfinger import Connection, Outcome, Status
from wharfinger_host.store import leases, letters
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.leases import LEASE_S, Held
from wharfinger_host.store.letters import Filter, Letter
from wharfinger_host.store.recovery import recover
from wharfinger_host.store.store import Store, finished
from wharfinger_host.store.targets import add_targets
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.journal import DiskJournal
from wharfinger_host.working.judging import Judgement, Standing, judge, standings
from wharfinger_host.working.lane import Lane, Ticket
from wharfinger_host.working.recorder import Recorder
from wharfinger_host.working.verdicts import Patience, Verdicts

__all__ = ["BusyError", "Replay"]

REPLAYS: Final = -1
"""The partition that stands for replays: a lease on it keeps two of them apart."""
_AT_A_TIME: Final = 500


class BusyError(StoreError):
    """Another process is replaying letters of this connection."""


@attrs.define(eq=False, kw_only=True)
class Replay:
    """Replays dead letters.

    Attributes:
        store: The inbox.
        connections: Of the present configuration, by name; not open yet.
        wanted: Which letters.
        unknown: Whether to send again what may have been delivered.
        outcomes: How many letters ended in which status, when it was sent.
        clock: The clock of leases.
    """

    store: Store
    connections: Mapping[str, Connection]
    wanted: Filter
    unknown: bool = False
    outcomes: Counter[str] = attrs.field(factory=Counter)
    clock: Callable[[], float] = attrs.field()
    _owner: str = attrs.field(factory=lambda: secrets.token_hex(8))

    @clock.default
    def _of_the_store(self) -> Callable[[], float]:
        return self.store.lease_clock

    def judgements(self) -> Iterator[Judgement]:
        """Say of each letter what would become of it; nothing is sent."""
        after = 0
        while page := self.store.read(_judged_by, self.wanted, after).result():
            for letter, found in page:
                yield judge(letter, found, self.connections, unknown=self.unknown)
            after = page[-1][0].id

    async def send(self) -> None:
        """Send what is to be sent; each letter is judged again before.

        Raises:
            BusyError: Another process is at it.
            StoreError: The inbox cannot be used.
        """
        for name, connection in self.connections.items():
            if self.wanted.connection in ("", name):
                await self._send(name, connection)

    async def _send(self, name: str, connection: Connection) -> None:
        held = await finished(
            self.store.write(_begin, self._owner, name, self.clock, self.store.now_ms())
        )
        if held is None:
            raise BusyError(f"Letters of {name} are being replayed by another process.")
        try:
            async with connection:
                targets = await finished(
                    self.store.write(add_targets, name, tuple(connection.mappings))
                )
                verdicts = Verdicts(connection.mappings, targets, Patience())
                await self._through(connection, Lane(held), verdicts)
        finally:
            with suppress(StoreError):  # the lease runs out by itself
                await finished(self.store.note(leases.release, [held]))

    async def _through(self, connection: Connection, lane: Lane, verdicts: Verdicts) -> None:
        disk = Disk(store=self.store)
        flow: Any = connection.flow(journal=DiskJournal(disk, verdicts.targets))
        recorder = Recorder(disk)
        async with flow, asyncio.TaskGroup() as group:
            taking = group.create_task(self._take(flow, verdicts, recorder))
            writing = group.create_task(recorder.run())
            holding = group.create_task(self._hold(lane))
            breaking = group.create_task(disk.broken())
            await self._put(connection, lane, flow)
            await flow.drain()
            await taking
            recorder.end()
            await writing
            holding.cancel()
            breaking.cancel()

    async def _put(self, connection: Connection, lane: Lane, flow: Any) -> None:
        wanted, after = attrs.evolve(self.wanted, connection=connection.name), 0
        while page := await finished(self.store.read(_judged_by, wanted, after)):
            for letter, found in page:
                judged = judge(letter, found, self.connections, unknown=self.unknown)
                if lane.lost:
                    raise BusyError(f"Another process took over replaying for {connection.name}.")
                if judged.fate.is_skipped:
                    self.outcomes["skipped"] += 1
                    continue
                ticket = Ticket(lane, letter.seq, letter.contact, letter.message_id, letter.event)
                await flow.put(orjson.loads(letter.event), ticket, mappings=(letter.mapping,))
            after = page[-1][0].id

    async def _take(self, flow: Any, verdicts: Verdicts, recorder: Recorder) -> None:
        async for settled in flow:
            ticket: Ticket = settled.token
            ((mapping, outcome),) = settled.receipt.outcomes.items()
            self.outcomes[str(outcome.status)] += 1
            self._enter(ticket, mapping, outcome, verdicts)
            recorder.note(ticket.lane)
            await recorder.room()

    def _enter(self, ticket: Ticket, mapping: str, outcome: Outcome, verdicts: Verdicts) -> None:
        """Write down an outcome; what could not be sent at present stays the letter it is."""
        settlement, target = ticket.lane.settlement, verdicts.targets[mapping]
        if outcome.status in (Status.RETRY, Status.HALTED):
            if target in ticket.intended:
                settlement.unintended.append((ticket.seq, target))
            return
        verdicts.enter(settlement, ticket, mapping, outcome, self.store.now_ms())
        if outcome.status in (Status.DELIVERED, Status.FILTERED):
            settlement.answered.append((ticket.seq, target))

    async def _hold(self, lane: Lane) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 5)
            kept = await finished(self.store.note(_hold_on, self._owner, lane.held, self.clock))
            lane.lost = lane.lost or not kept


def _judged_by(db: Database, wanted: Filter, after: int) -> list[tuple[Letter, Standing]]:
    found = letters.find(db, wanted, _AT_A_TIME, after=after)
    return list(zip(found, standings(db, found), strict=True))


def _begin(
    db: Database,
    owner: str,
    connection: str,
    clock: Callable[[], float],
    now_ms: int,
) -> Held | None:
    held = leases.acquire_one(db, owner, (connection, REPLAYS), clock())
    if held is not None:
        recover(db, held, now_ms)
    return held


def _hold_on(db: Database, owner: str, held: Held, clock: Callable[[], float]) -> bool:
    return bool(leases.hold(db, owner, [held], clock()))
