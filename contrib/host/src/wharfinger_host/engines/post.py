"""One connection at work on the lanes of an engine, batch by batch.

It takes the place of `wharfinger_host.working.post.Post` where there is an engine. A lane's batch
is delivered and tried again in place, so that nothing of the lane overtakes it and the engine alone
knows what waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import attrs

from wharfinger import Connection
from wharfinger_host.engines.contract import Engine, Fetched, Lease
from wharfinger_host.engines.counts import LaneCounts
from wharfinger_host.engines.holding import Holder
from wharfinger_host.engines.ledger import take_over
from wharfinger_host.engines.round import Round, Trying
from wharfinger_host.store import leases
from wharfinger_host.store.deferred import probe
from wharfinger_host.store.targets import add_targets
from wharfinger_host.working.duty import Duty
from wharfinger_host.working.lane import Lane
from wharfinger_host.working.verdicts import Verdicts

__all__ = ["EnginePost"]

_BATCH: Final = 100
_LIVE_S: Final = leases.LEASE_S / 5
"""Seconds between two signs of life in the file."""


@attrs.define(eq=False, kw_only=True)
class EnginePost(Duty):
    """Works for one connection on an engine until it is told to end.

    What halts it looks at again by itself; it never ends in order to.

    Attributes:
        engine: Has the lanes.
        one_machine: Whether all workers of the engine write into this one ledger.
        counts: Hears how lanes come and go.
    """

    engine: Engine
    one_machine: bool = False
    counts: LaneCounts = attrs.field(factory=LaneCounts)
    _lanes: dict[Lease, Lane] = attrs.field(factory=dict)
    _verdicts: Verdicts | None = None
    _opened: asyncio.Event = attrs.field(factory=asyncio.Event)
    _quiet: asyncio.Event = attrs.field(factory=asyncio.Event)
    _halted: asyncio.Event = attrs.field(factory=asyncio.Event)
    _renewed: asyncio.Event = attrs.field(factory=asyncio.Event)
    _ending: asyncio.Event = attrs.field(factory=asyncio.Event)
    _under_way: int = 0

    def end(self) -> None:
        """Take nothing more, and end once what was fetched is delivered."""
        self._ending.set()

    async def run(self) -> None:
        """Work until `end`, or, once, until nothing is left to do at present.

        Cancelled, it stops at once.

        Raises:
            EngineError: The engine has no lanes for this connection.
            StoreError: The ledger cannot be used.
        """
        self._quiet.set()
        # Where nothing else is shared, each worker has the budget of its lanes.
        shares = self.connection.share
        shares(1 / self.engine.lanes)
        holder = Holder(
            engine=self.engine,
            connection=self.name,
            work=self._work,
            rest=self._offer_again,
            most=_BATCH,
            once=self.once,
            counts=self.counts,
            shares=shares,
        )
        holding = asyncio.create_task(holder.run())
        living = asyncio.create_task(self._live())
        try:
            look_again_s = self.look_again_s
            while True:
                async with self.connection as connection:
                    await self._open(connection)
                    await self._until_news(holding, living, look_again_s)
                    if self._ending.is_set():
                        await self._end(holder, holding)
                        return
                    if holding.done():
                        return
                    await self._shut()
                look_again_s = min(look_again_s * 2, self.patience.longest_halted_s)
        finally:
            for task in (holding, living):
                task.cancel()
            await asyncio.gather(holding, living, return_exceptions=True)

    async def _live(self) -> None:
        """Give signs of life to those who ask the file how it stands with the connection."""
        while True:
            what = leases.by_engine(self.name, halted=self._halted.is_set())
            now_s = self.disk.store.lease_clock()
            await self.disk.note(leases.enter, self.owner, what, now_s)
            await asyncio.sleep(_LIVE_S)

    async def _open(self, connection: Connection) -> None:
        self.audience.opened(self.name, connection.findings)
        known = await self.disk.write(add_targets, self.name, tuple(connection.mappings))
        targets = {name: known[name] for name in connection.mappings}
        # The first that was put aside says whether what halted was put right.
        halted = await self.disk.write(probe, tuple(targets.values()))
        self._verdicts = Verdicts(connection.mappings, targets, self.patience, halted)
        for lane in self._lanes.values():
            lane.may_wait = True
        self._halted.clear()
        self._opened.set()
        # What halted is tried once more by whoever waits for this.
        self._renewed.set()
        self._renewed = asyncio.Event()

    async def _until_news(
        self, holding: asyncio.Task[None], living: asyncio.Task[None], look_again_s: float
    ) -> None:
        """Wait until it is to end, or something that halted is to be looked at again.

        Raises:
            EngineError: Holding lanes came to nothing.
            StoreError: The ledger cannot be used.
        """
        ending = asyncio.create_task(self._ending.wait())
        halted = asyncio.create_task(self._halted.wait())
        broken = asyncio.create_task(self.disk.broken())
        news: set[asyncio.Task[Any]] = {ending, halted, holding, living, broken}
        try:
            await asyncio.wait(news, return_when=asyncio.FIRST_COMPLETED)
            if halted.done():
                news.discard(halted)
                first = asyncio.FIRST_COMPLETED
                await asyncio.wait(news, timeout=look_again_s, return_when=first)
            for each in (holding, living, broken):
                if each.done():
                    each.result()
        finally:
            for task in (ending, halted, broken):
                task.cancel()

    async def _end(self, holder: Holder, holding: asyncio.Task[None]) -> None:
        holder.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.drain_s):
                await asyncio.shield(holding)

    async def _shut(self) -> None:
        """Let no more be sent, and wait until what is under way has ended."""
        self._opened.clear()
        await self._quiet.wait()

    async def _work(self, lease: Lease, batch: Sequence[Fetched]) -> bool:
        """Deliver a batch and write down what became of it; false where it goes back."""
        lane = await self._lane_of(lease)
        trying: list[Trying] | None = None
        if not await self._offer_again(lease):
            return False
        while trying is None or trying:
            if not await self._turn():
                return False
            renewed = self._renewed
            try:
                made = self._round(lease, lane)
                if trying is None:
                    trying = await made.begin(batch)
                if not await made.send(trying):
                    return False
            finally:
                self._leave()
            trying = made.again
            if trying and self.once:
                return False
            if made.has_halted:
                self._halted.set()
            if made.has_to_wait:
                await self._either(renewed)
            if trying and not await self._pause(made.wait_s):
                return False
        return True

    async def _offer_again(self, lease: Lease) -> bool:
        """Try what of a lane was put aside and is due; false where the lane is lost."""
        lane = await self._lane_of(lease)
        if not lane.may_wait or self._ending.is_set():
            return True
        if not await self._turn():
            return False
        try:
            made = self._round(lease, lane, offers=True)
            trying = await made.due()
            kept = not trying or await made.send(trying)
        finally:
            self._leave()
        if made.has_halted:
            self._halted.set()
        return kept

    def _round(self, lease: Lease, lane: Lane, *, offers: bool = False) -> Round:
        return Round(
            connection=self.connection,
            disk=self.disk,
            verdicts=self._at_work(),
            audience=self.audience,
            lease=lease,
            lane=lane,
            one_machine=self.one_machine,
            offers=offers,
        )

    async def _lane_of(self, lease: Lease) -> Lane:
        """Return what is written about a lane; at first, take it over in the ledger."""
        if lease not in self._lanes:
            now_ms = self.disk.store.now_ms()
            held, unknown = await self.disk.write(
                take_over, self.owner, self.name, lease.lane, now_ms
            )
            if unknown:
                self.audience.recovered(self.name, unknown)
            for old in [each for each in self._lanes if each.lane == lease.lane]:
                del self._lanes[old]
            self._lanes[lease] = Lane(held)
        return self._lanes[lease]

    def _at_work(self) -> Verdicts:
        if self._verdicts is None:
            raise RuntimeError("the connection was never open")
        return self._verdicts

    async def _turn(self) -> bool:
        """Wait until the connection is open, and tell whether to go on."""
        await self._either(self._opened)
        if not self._opened.is_set():
            return False
        self._under_way += 1
        self._quiet.clear()
        return True

    async def _either(self, event: asyncio.Event) -> None:
        """Wait for something, or for the end."""
        waits = {asyncio.create_task(each.wait()) for each in (event, self._ending)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _leave(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._quiet.set()

    async def _pause(self, seconds: float) -> bool:
        """Wait before another try, and tell whether to go on."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        return not self._ending.is_set()
