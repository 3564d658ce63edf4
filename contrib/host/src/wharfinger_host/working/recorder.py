"""Taking outcomes to disk: what comes in while one write is under way goes with the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs

from wharfinger_host.store.ledger import Settlement, settle
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.lane import Lane

__all__ = ["Recorder"]

_MOST_UNWRITTEN = 5_000


@attrs.define(eq=False)
class Recorder:
    """Writes the settlements of the lanes of one connection.

    Attributes:
        disk: Where to.
        written: Number of the last write that is on disk.
    """

    disk: Disk
    written: int = 0
    _lanes: dict[Lane, None] = attrs.field(factory=dict)
    _unwritten: int = 0
    _news: asyncio.Event = attrs.field(factory=asyncio.Event)
    _progress: asyncio.Condition = attrs.field(factory=asyncio.Condition)
    _ended: bool = False
    _writing: bool = False

    @property
    def next_write(self) -> int:
        """Number of the write that takes what is entered now to disk."""
        return self.written + 1 + self._writing

    def note(self, lane: Lane) -> None:
        """Let what the settlement of a lane holds be written soon."""
        self._lanes[lane] = None
        self._unwritten += 1
        self._news.set()

    async def room(self) -> None:
        """Wait while too much is unwritten."""
        await self.until(lambda: self._unwritten < _MOST_UNWRITTEN)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that writing brings about."""
        if not condition():
            async with self._progress:
                await self._progress.wait_for(condition)

    def settled(self, lane: Lane) -> bool:
        """Tell whether nothing of a lane is under way or unwritten."""
        return lane.lost or (lane.idle and lane not in self._lanes and not self._writing)

    def end(self) -> None:
        """Write what there is, and no more."""
        self._ended = True
        self._news.set()

    async def run(self) -> None:
        """Write until `end`.

        Raises:
            StoreError: The file cannot be written.
        """
        while self._lanes or not self._ended:
            await self._news.wait()
            self._news.clear()
            if self._lanes:
                await self._write()

    async def _write(self) -> None:
        lanes, self._lanes, self._unwritten = list(self._lanes), {}, 0
        work, again = [], []
        for lane in lanes:
            lane.advance()
            work.append((lane.held, lane.settlement))
            again.append([(row[0], row[2]) for row in lane.settlement.deferred])
            again[-1] += [(target, seq) for target, _, seq in lane.settlement.done]
            lane.settlement = Settlement()
        self._writing = True
        kept = await self.disk.note(settle, work)
        self._writing = False
        self.written += 1
        for lane, offered, still_held in zip(lanes, again, kept, strict=True):
            lane.answer(offered, self.written)
            lane.lost = lane.lost or not still_held
        async with self._progress:
            self._progress.notify_all()
