"""Sharing lanes out: every worker holds as many as the others, and gives up what is too much."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import attrs

from wharfinger_host.engines.contract import (
    Engine,
    EngineDownError,
    EngineError,
    Fetched,
    LaneLostError,
    Lease,
)
from wharfinger_host.engines.counts import LaneCounts

__all__ = ["Holder", "Rest", "Work"]

logger = logging.getLogger(__name__)

Work = Callable[[Lease, Sequence[Fetched]], Awaitable[bool]]
"""Delivers a batch; false where it must not be acknowledged: the lane is lost, or it waits."""


Rest = Callable[[Lease], Awaitable[bool]]
"""Does what else is to be done for a lane; false where the lease was not good."""


async def _nothing(_: Lease) -> bool:
    return True


@attrs.define(eq=False, kw_only=True)
class Holder:
    """Holds lanes of one connection and works on each of them, batch by batch.

    Attributes:
        engine: Has the lanes.
        connection: Whose lanes.
        work: Delivers the events of a batch.
        rest: Is called where no events came.
        most: Events in a batch.
        wait_s: Seconds to wait for events before it looks whether to go on.
        once: Whether to end where nothing is left to do at present, in lanes that nobody else has.
        counts: Hears how lanes come and go.
        shares: Told which part of all lanes is this worker's whenever that changes; of a worker
            that has none, one lane is counted.
    """

    engine: Engine
    connection: str
    work: Work
    rest: Rest = _nothing
    most: int = 100
    wait_s: float = 0.2
    once: bool = False
    counts: LaneCounts = attrs.field(factory=LaneCounts)
    shares: Callable[[float], None] | None = None
    _ending: asyncio.Event = attrs.field(factory=asyncio.Event)
    _lanes: dict[int, asyncio.Task[None]] = attrs.field(factory=dict)
    _leaving: set[int] = attrs.field(factory=set)
    _idle: set[int] = attrs.field(factory=set)
    _done: set[int] = attrs.field(factory=set)
    _said: bool = False
    _share: float = 0.0

    @property
    def held(self) -> list[int]:
        """The lanes it works on."""
        return sorted(self._lanes.keys() - self._leaving)

    def end(self) -> None:
        """Take nothing more, and let `run` return once what is fetched is delivered."""
        self._ending.set()

    async def run(self) -> None:
        """Hold lanes until `end`, or, once, until nothing is left; cancelled, it leaves at once.

        An engine that does not answer is asked again; its lanes go to others meanwhile.

        Raises:
            EngineDownError: It does not answer, and it is worked on once.
        """
        try:
            clock, was_done = asyncio.get_running_loop().time, False
            while not self._ending.is_set():
                next_s = clock() + self.engine.beat_s
                try:
                    await self._beat(next_s)
                    self._say_that_it_answers()
                    is_done = self.once and await self._is_done()
                    # A lane that seemed to be another's may just have been given to this one.
                    if is_done and was_done:
                        break
                    was_done = is_done
                except EngineDownError as error:
                    if self.once:
                        raise
                    self._say(error)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_s):
                        await self._ending.wait()
            # Signs of life go on while the last batches are on their way.
            while self._lanes:
                with suppress(EngineDownError):
                    await self.engine.workers(self.connection)
                await asyncio.wait(self._lanes.values(), timeout=self.engine.beat_s)
                self._clear_away()
        finally:
            tasks = list(self._lanes.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self, until_s: float) -> None:
        """Give a sign of life, and take lanes for as long as the next one is not due."""
        workers = await self.engine.workers(self.connection)
        self._clear_away()
        share = self.engine.lanes if self.once else -(-self.engine.lanes // max(workers, 1))
        for lane in self.held[share:]:
            self._leaving.add(lane)
        self._tell_share()
        wanted = share - len(self.held)
        taken = self._lanes.keys() | self._done
        free = [lane for lane in range(self.engine.lanes) if lane not in taken]
        clock = asyncio.get_running_loop().time
        random.shuffle(free)  # those who come at once do not all ask for the same one
        for lane in free:
            if wanted <= 0 or self._ending.is_set() or clock() > until_s:
                return
            if (lease := await self.engine.acquire(self.connection, lane)) is not None:
                wanted -= 1
                self._lanes[lane] = asyncio.create_task(self._serve(lease))
                self._tell_share()

    def _tell_share(self) -> None:
        share = max(1, len(self.held)) / self.engine.lanes
        if self.shares is not None and share != self._share:
            self._share = share
            self.shares(share)

    async def _is_done(self) -> bool:
        """Let go of lanes that are empty, and tell whether nothing is left to do at present.

        What is on its way to a lane that is let go is still delivered.
        """
        status = await self.engine.status([self.connection])
        empty = {each.lane for each in status.lanes if each.waiting == 0}  # None: nobody knows
        finished = empty & self._idle & self._lanes.keys()
        self._leaving |= finished
        self._done |= finished
        theirs = {each.lane for each in status.lanes if each.held} - self._lanes.keys()
        left = {each.lane for each in status.lanes} - self._done - theirs
        return left <= empty - self._lanes.keys()

    def _say_that_it_answers(self) -> None:
        if self._said:
            self._said = False
            logger.warning("%s: The engine answers again; work goes on.", self.connection)

    def _say(self, error: EngineError) -> None:
        if not self._said:
            self._said = True
            logger.warning("%s: %s Events wait there; it is asked again.", self.connection, error)

    def _clear_away(self) -> None:
        """Forget the lanes that ended; what went wrong with one in an unforeseen way is raised."""
        for lane in [lane for lane, task in self._lanes.items() if task.done()]:
            self._leaving.discard(lane)
            task = self._lanes.pop(lane)
            # One that nobody here cancelled was cancelled by what its engine is built on.
            if not task.cancelled():
                task.result()

    async def _serve(self, lease: Lease) -> None:
        lost = True
        self.counts.take(lease.lane)
        try:
            lost = not await self._deliver(lease)
        except (LaneLostError, EngineDownError):
            pass  # its events go to whoever has the lane next
        finally:
            self._idle.discard(lease.lane)
            self.counts.let_go(lease.lane, lost=lost)
            with suppress(EngineError):
                await lease.release()

    async def _deliver(self, lease: Lease) -> bool:
        """Deliver until it is to end, and tell whether the lane was this worker's until then."""
        stopped = False
        while True:
            if not stopped and (self._ending.is_set() or lease.lane in self._leaving):
                await lease.stop()
                stopped = True
            batch = await lease.fetch(self.most, self.wait_s)
            if batch:
                self._idle.discard(lease.lane)
                self.counts.begin(lease.lane, batch)
                if not await self.work(lease, batch):
                    if self.once and lease.is_good:
                        self._done.add(lease.lane)  # there is nothing more to be done at present
                    return lease.is_good
                await lease.ack(batch)
                self.counts.end(lease.lane)
            elif stopped:
                return True
            elif not await self.rest(lease):
                return lease.is_good
            else:
                self._idle.add(lease.lane)
