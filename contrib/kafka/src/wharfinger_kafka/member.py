"""A member of a consumer group, in a thread of its own: only that thread touches the consumer.

So a place is never committed while the group takes a lane away: both happen one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Final

import attrs
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from wharfinger_host.engines.contract import EngineDownError, EngineError, LaneLostError
from wharfinger_kafka.address import Address
from wharfinger_kafka.consuming import began, begin_anew, consumer_of, take_in
from wharfinger_kafka.lease import LaneLog
from wharfinger_kafka.topics import refused

__all__ = ["Member"]

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 500
_TURN_S: Final = 0.01
_PAUSE_S: Final = 0.05
_RECALL: Final = 0.5
"""The share of a session for which a lane that the group wants back waits for its batch.

Others may wait for this member meanwhile, and hear nothing from the group: less than `_SURE`.
"""
_ANSWER_S: Final = 5.0
_SURE: Final = 0.8
"""The share of a session for which an answer is relied on."""


@attrs.define(eq=False)
class _Commit:
    """A place that is to be written."""

    log: LaneLog
    offset: int
    limit: int
    done: asyncio.Future[None]


@attrs.define(eq=False, kw_only=True)
class Member:
    """Takes part in the group of a connection.

    Attributes:
        address: Where the topic is.
        connection: Whose group.
        partitions: How many lanes are worked on.
        loop: Where leases are worked on.
        failure: Why it takes part no longer, where something went wrong.
    """

    address: Address
    connection: str
    partitions: int
    loop: asyncio.AbstractEventLoop
    failure: EngineError | None = None
    _consumer: Consumer = attrs.field(init=False)
    _thread: threading.Thread = attrs.field(init=False)
    _logs: dict[int, LaneLog] = attrs.field(factory=dict)
    _asked: queue.SimpleQueue[_Commit | asyncio.Future[None] | None] = attrs.field(
        factory=queue.SimpleQueue
    )
    _commits: list[_Commit] = attrs.field(factory=list)
    _beats: list[asyncio.Future[None]] = attrs.field(factory=list)
    _places: dict[int, tuple[int, int]] = attrs.field(factory=dict)
    _alive_until_s: float = 0.0
    _beaten_s: float = attrs.field(factory=time.monotonic)
    _again_s: float = 0.0
    _ending: bool = False

    def begin(self) -> None:
        """Join the group."""
        self._consumer = consumer_of(self.address, self.connection)
        self._thread = threading.Thread(target=self._run, name=f"kafka {self.connection}")
        self._thread.daemon = True
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the group answered so lately that it cannot have given this worker up."""
        return time.monotonic() < self._alive_until_s

    @property
    def has_ended(self) -> bool:
        """Whether it takes part no longer."""
        return self._ending

    @property
    def lanes(self) -> list[int]:
        """The lanes that the group has assigned to this worker."""
        return sorted(self._logs)

    def log_of(self, lane: int) -> LaneLog | None:
        """Return a lane that nobody works on; None where it is not this worker's."""
        log = self._logs.get(lane)
        if log is None or log.lease is not None or log.recalled or log.lost:
            return None
        return log

    async def commit(self, log: LaneLog, offset: int, limit: int) -> None:
        """Write the place of a lane; it is tried for as long as the lane is certainly ours.

        Args:
            log: The lane.
            offset: The first offset that is not acknowledged.
            limit: No event from this offset on is handed out before another commit.

        Raises:
            LaneLostError: The group did not take it in time.
        """
        commit = _Commit(log, offset, limit, self.loop.create_future())
        self._asked.put(commit)
        while not commit.done.done():
            if not self._thread.is_alive():  # it ended before it saw this
                raise _lost(self.connection, log)
            await asyncio.wait([commit.done], timeout=self.address.session_s)
        commit.done.result()

    async def beat(self) -> None:
        """Give a sign of life, and wait for the answer.

        Raises:
            EngineDownError: There was none.
            EngineError: This worker is refused.
        """
        if self.failure is not None:
            raise self.failure
        self._beaten_s = time.monotonic()
        beat = self.loop.create_future()
        self._asked.put(beat)
        try:
            async with asyncio.timeout(self.address.session_s / 2):
                await beat
        except TimeoutError as error:
            if self.failure is not None:
                raise self.failure from error
            raise EngineDownError(f"The group at {self.address} does not answer.") from error

    async def close(self) -> None:
        """Leave the group: its other members get the lanes at once."""
        self._ending = True
        self._asked.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            self._consumer.subscribe(
                [self.address.topic],
                on_assign=self._assigned,
                on_revoke=self._revoked,
                on_lost=self._lost,
            )
            messages: list[Message] = []
            while not self._ending and self.failure is None and not self._is_left():
                self._serve(0.0 if messages else _TURN_S)
                messages = self._consumer.consume(_AT_ONCE, 0)
                self._sort(messages)
                self._throttle()
        except KafkaException as error:
            self.failure = refused(self.address, error)
        except Exception as error:  # whoever asks next hears of it
            logger.exception("The member of the group of %s broke off.", self.connection)
            self.failure = EngineDownError(f"{self.address}: {type(error).__name__}: {error}")
        finally:
            self._ending = True
            self._lose(self.lanes)
            self._consumer.close()
            self._again_s = 0.0
            self._serve(0.0)

    def _is_left(self) -> bool:
        """Tell whether nobody works for this connection any more, or the loop of leases hangs.

        The client goes on giving signs of life for a worker that does nothing.
        """
        return time.monotonic() - self._beaten_s > self.address.session_s

    def _serve(self, wait_s: float) -> None:
        """Do what is asked for, the first of which is waited for."""
        try:
            asked = self._asked.get(timeout=wait_s) if wait_s else self._asked.get_nowait()
            while True:
                if isinstance(asked, _Commit):
                    self._commits.append(asked)
                elif asked is not None:
                    self._beats.append(asked)
                asked = self._asked.get_nowait()
        except queue.Empty:
            pass
        if time.monotonic() >= self._again_s:
            self._settle()

    def _settle(self) -> None:
        """Commit all that is to be, at once; what is not taken is tried again the next time."""
        wanted: list[_Commit] = []
        for commit in self._commits:
            log = commit.log
            if self._ending or log.lost or not self.is_alive:
                self._tell(commit.done, _lost(self.connection, log))
            else:
                wanted.append(commit)
        self._commits = wanted
        self._beats = [beat for beat in self._beats if not beat.done()]
        if self._ending:
            for beat in self._beats:
                self._tell(beat, self.failure or EngineDownError(f"{self.address} was left."))
            self._beats = []
        elif not (self._commits or self._beats):
            return
        elif self._commit():
            for done in (*(commit.done for commit in self._commits), *self._beats):
                self._tell(done)
            self._commits, self._beats = [], []
        else:
            self._again_s = time.monotonic() + _PAUSE_S

    def _commit(self) -> bool:
        """Commit, and tell whether that was taken.

        Where nothing is to be, what is there is committed once more: the answer tells that this
        worker is a member still.
        """
        wanted = {each.log.lane: (each.offset, each.limit) for each in self._commits}
        offsets = [
            TopicPartition(self.address.topic, lane, offset, metadata=str(limit))
            for lane, (offset, limit) in (wanted or self._places).items()
        ]
        asked_s = time.monotonic()
        try:
            if not offsets:
                self._consumer.list_topics(self.address.topic, timeout=_ANSWER_S)
                return True
            answers = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.REBALANCE_IN_PROGRESS:
                # The group knows this member, or it would have said that.
                self._renew(asked_s)
                self._tell_beats()
            return False
        if any(answer.error for answer in answers or ()):
            return False
        self._places |= wanted
        self._renew(asked_s)
        return True

    def _renew(self, asked_s: float) -> None:
        self._alive_until_s = asked_s + self.address.session_s * _SURE

    def _tell_beats(self) -> None:
        for beat in self._beats:
            self._tell(beat)
        self._beats = []

    def _sort(self, messages: Sequence[Message]) -> None:
        """Put messages into their lanes."""
        found: dict[int, list[Message]] = {}
        for message in messages:
            error, lane = message.error(), message.partition()
            log = self._logs.get(-1 if lane is None else lane)
            if error is not None:
                self._note(error, log)
            elif log is not None and log.is_next(message):
                found.setdefault(log.lane, []).append(message)
        for lane, some in found.items():
            self.loop.call_soon_threadsafe(self._logs[lane].hear, some)

    def _note(self, error: KafkaError, log: LaneLog | None) -> None:
        found = refused(self.address, KafkaException(error))
        if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001  # its public name
            if log is not None:
                self._begin_anew(log)
        elif error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            # Brokers that start do not know every topic at once: whoever joins next asks for it.
            self.failure = EngineDownError(str(found))
        elif not isinstance(found, EngineDownError):
            self.failure = found

    def _begin_anew(self, log: LaneLog) -> None:
        found, said = begin_anew(self._consumer, self.address.topic, log)
        if said:
            logger.error("%s: %s", self.connection, said)
        if found is not log:
            self._lose([log.lane])
            self._logs[log.lane] = found
            self._places[log.lane] = found.acked, found.limit

    def _throttle(self) -> None:
        """Take no more of lanes of which there is much, and more of those of which there is not."""
        for log in self._logs.values():
            part = [TopicPartition(self.address.topic, log.lane)]
            if log.is_paused and log.is_low:
                self._consumer.resume(part)
                log.is_paused = False
            elif not log.is_paused and log.is_full:
                self._consumer.pause(part)
                log.is_paused = True

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        if any(each.partition >= self.partitions for each in partitions):
            self.failure = EngineError(
                f"{self.address} has more partitions than the {self.partitions} lanes here. Say "
                "how many under [inbox], and start again."
            )
        logs = began(consumer, partitions, self.partitions)
        for log in logs:
            self._logs[log.lane] = log
            self._places[log.lane] = log.acked, log.limit
        take_in(consumer, self.address.topic, logs)

    def _revoked(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Let the batches that are on their way be acknowledged, and give lanes back."""
        logs = [self._logs[each.partition] for each in partitions if each.partition in self._logs]
        until_s = time.monotonic() + self.address.session_s * _RECALL
        if not self._ending:
            for log in logs:
                self.loop.call_soon_threadsafe(log.recall)
        while not self._ending and time.monotonic() < until_s:
            if all(log.is_free for log in logs):
                break
            self._serve(_TURN_S)
        self._lose(log.lane for log in logs)
        consumer.incremental_unassign(list(partitions))

    def _lost(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """The group has given lanes to others already."""
        self._lose(each.partition for each in partitions)
        consumer.incremental_unassign(list(partitions))

    def _lose(self, lanes: Iterable[int]) -> None:
        for lane in lanes:
            self._places.pop(lane, None)
            if (log := self._logs.pop(lane, None)) is not None:
                log.lose()
                if not self.loop.is_closed():
                    self.loop.call_soon_threadsafe(log.news.set)

    def _tell(self, done: asyncio.Future[None], error: EngineError | None = None) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(_resolve, done, error)


def _resolve(done: asyncio.Future[None], error: EngineError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _lost(connection: str, log: LaneLog) -> LaneLostError:
    return LaneLostError(f"Lane {log.lane} of {connection} is lost: the group did not answer.")
