"""A lane that this worker has: a partition that the group has assigned to it.

The thread of the `Member` puts messages into a `LaneLog`; a `KafkaLease` hands them out. A log
keeps what is not acknowledged, so that a lease that follows in the same worker begins there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, Protocol

import attrs
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from wharfinger_host.engines.contract import EngineError, Fetched, LaneLostError, fitting
from wharfinger_kafka.messages import Read

__all__ = ["LEAST", "MOST", "KafkaLease", "LaneLog"]

MOST: Final = 1_000
"""Messages of a lane that a worker has before it takes no more."""
LEAST: Final = 200
"""Messages of a lane below which it takes more again."""
_MOST_BYTES: Final = 8 * 1024 * 1024
"""Bytes of a lane that a worker has before it takes no more, however few messages that is."""
_AHEAD: Final = 200
"""Messages that a commit says may be handed out before the next one."""


class _Member(Protocol):
    """What a lease asks of the member of the group."""

    connection: str

    @property
    def is_alive(self) -> bool:
        """Whether the group cannot have given this worker up."""

    async def commit(self, log: LaneLog, offset: int, limit: int) -> None:
        """Write the place of a lane, and up to where it may be handed out."""


@attrs.define
class _Load:
    """How many messages there were, and how large."""

    messages: int = 0
    bytes: int = 0

    def add(self, message: Message) -> None:
        self.messages += 1
        self.bytes += len(message.value() or b"")


@attrs.define(eq=False, kw_only=True)
class LaneLog:
    """What this worker has of a partition, as long as that is assigned to it.

    The thread of the member adds; all else is done by the loop.

    Attributes:
        lane: Number of the partition.
        acked: The first offset that is not acknowledged.
        limit: No event from this offset on was ever handed out; committed with every place.
        upcoming: No message before this offset is taken in any more; moved by the thread.
        received: How many messages came, and their bytes; counted by the thread.
        taken: How much of that is acknowledged.
        is_paused: Whether the thread takes no more at present.
        recalled: Whether the group wants the lane back.
        lost: Whether another worker may have it.
        lease: Who works on it.
        messages: Those that are not acknowledged.
        news: Set when there is something to look at.
    """

    lane: int
    acked: int
    limit: int
    upcoming: int = attrs.field(init=False)
    received: _Load = attrs.field(factory=_Load)
    taken: _Load = attrs.field(factory=_Load)
    is_paused: bool = False
    recalled: bool = False
    lost: bool = False
    lease: KafkaLease | None = None
    messages: deque[Message] = attrs.field(factory=deque)
    news: asyncio.Event = attrs.field(factory=asyncio.Event)

    @upcoming.default
    def _begin(self) -> int:
        return self.acked

    @property
    def is_full(self) -> bool:
        """Whether no more is to be taken in."""
        behind = self.received.messages - self.taken.messages
        return behind >= MOST or self.received.bytes - self.taken.bytes >= _MOST_BYTES

    @property
    def is_low(self) -> bool:
        """Whether so little is left that more is to be taken in."""
        behind = self.received.messages - self.taken.messages
        return behind < LEAST and self.received.bytes - self.taken.bytes < _MOST_BYTES // 2

    def is_next(self, message: Message) -> bool:
        """Count a message in, and tell whether it is one that did not come before."""
        offset = _offset(message)
        if offset < self.upcoming:
            return False
        self.upcoming = offset + 1
        self.received.add(message)
        return True

    def hear(self, messages: Sequence[Message]) -> None:
        """Take messages in."""
        self.messages.extend(messages)
        self.news.set()

    def recall(self) -> None:
        """Let nothing more be handed out, so that the lane can be given back soon."""
        self.recalled = True
        self.news.set()

    @property
    def is_free(self) -> bool:
        """Whether nobody works on it any more, after it was recalled."""
        return self.recalled and self.lease is None

    def lose(self) -> None:
        """Let nothing more be sent or committed."""
        self.lost = True


@attrs.define(eq=False, kw_only=True)
class KafkaLease:
    """The lease of a lane.

    Attributes:
        log: The lane.
        epoch: Grows with each lease of this engine.
        member: Commits.
        read: Makes an event of a message.
        bury: Writes dead letters, each with the message that it was.
    """

    log: LaneLog
    epoch: int
    member: _Member
    read: Callable[[Message], Read]
    bury: Callable[[int, Sequence[tuple[Fetched, Message]], str], Awaitable[None]]
    _next: int = 0
    _again_below: int = attrs.field(init=False)
    _lost: bool = False
    _stopped: bool = False

    def __attrs_post_init__(self) -> None:
        self._again_below = self.log.limit

    @property
    def connection(self) -> str:
        """Whose lane it is."""
        return self.member.connection

    @property
    def lane(self) -> int:
        """Its number."""
        return self.log.lane

    @property
    def is_good(self) -> bool:
        """Whether the group cannot have given the lane to another; false once and for all."""
        # One that hung may be alive again, but in between the lane may have been another's.
        self._lost = self._lost or self.log.lost or not self.member.is_alive
        return not self._lost

    async def fetch(self, most: int, wait_s: float) -> list[Fetched]:
        """Return what has come; what is no event becomes a dead letter on the way."""
        self._check()
        if self._next >= len(self.log.messages) and not self._stopped:
            self.log.news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self.log.news.wait()
            self._check()
        if self._stopped or self._next >= len(self.log.messages):
            return []
        batch = list(islice(self.log.messages, self._next, self._next + most))
        batch = batch[: fitting(len(message.value() or b"") for message in batch)]
        end = _offset(batch[-1]) + 1
        if end > self.log.limit:
            await self._commit(self.log.acked, max(end, self._ahead(self._next)))
        events = await self._sorted(batch)
        self._next += len(batch)
        if not events:
            await self._ack(_offset(batch[-1]))
        return events

    async def ack(self, batch: Sequence[Fetched]) -> None:
        """Commit the place behind a batch, and wait for the answer."""
        await self._ack(batch[-1].place)

    async def dead(self, events: Sequence[Fetched], reason: str) -> None:
        """Publish dead letters, and wait until they are confirmed."""
        wanted = {each.place: each for each in events}
        messages = [each for each in self.log.messages if _offset(each) in wanted]
        letters = [(wanted[_offset(each)], each) for each in messages]
        await self.bury(self.lane, letters, reason)

    async def stop(self) -> None:
        """Hand out nothing more; what is fetched already stays where it is."""
        self._stopped = True
        self.log.news.set()

    async def release(self) -> None:
        """Let the lane go: say how far it was handed out, and let the group have it."""
        if self.log.lease is not self:
            return
        try:
            if self.is_good:
                handed = _offset(self.log.messages[self._next - 1]) + 1 if self._next else 0
                limit = max(self.log.acked, handed, self._again_below)
                if limit < self.log.limit:
                    await self._commit(self.log.acked, limit)
        finally:
            self._lost = True
            self.log.lease = None

    async def _sorted(self, batch: Sequence[Message]) -> list[Fetched]:
        """Return the events of a batch, and bury what is none."""
        events: list[Fetched] = []
        for message in batch:
            found, place = self.read(message), _offset(message)
            fetched = Fetched(found.event, place, place < self._again_below, _at_ms(message))
            if found.problem:
                await self.dead([fetched], found.problem)
            else:
                events.append(fetched)
        return events

    async def _ack(self, place: int) -> None:
        self._check_good()
        acked = place + 1
        done = 0
        for message in self.log.messages:
            if _offset(message) > place:
                break
            done += 1
        limit = max(acked, self._again_below, self._ahead(done))
        await self._commit(acked, limit)
        for _ in range(done):
            self.log.taken.add(self.log.messages.popleft())
        self._next -= done

    def _ahead(self, first: int) -> int:
        """Return up to which offset events may be handed out from one of them on."""
        last = min(first + _AHEAD, len(self.log.messages)) - 1
        if self._stopped or self.log.recalled or last < first:
            return 0
        return _offset(self.log.messages[last]) + 1

    async def _commit(self, offset: int, limit: int) -> None:
        self._check_good()
        try:
            await self.member.commit(self.log, offset, limit)
        except EngineError:
            self._lost = True
            raise
        self.log.acked, self.log.limit = offset, limit

    def _check(self) -> None:
        self._check_good()
        if self.log.recalled:
            raise LaneLostError(f"The group wants lane {self.lane} of {self.connection} back.")

    def _check_good(self) -> None:
        if not self.is_good:
            raise LaneLostError(
                f"Lane {self.lane} of {self.connection} is lost: the group may have given it away."
            )


def _at_ms(message: Message) -> int | None:
    kind, at_ms = message.timestamp()
    return at_ms if kind != TIMESTAMP_NOT_AVAILABLE else None


def _offset(message: Message) -> int:
    offset = message.offset()
    if offset is None:
        raise ValueError("a message without its offset")
    return offset
