"""Events in one by one, for as long as a host runs; what became of each as soon as it is known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Collection,
    Coroutine,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from functools import partial
from types import TracebackType
from typing import Any, Final, Protocol, Self

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.lanes import HELD_BACK_OUTCOME, Item, LanedBatch
from wharfinger.delivery.live_lanes import Clock, LiveLane, LiveLanes, running_clock
from wharfinger.errors import NotOpenError
from wharfinger.model.action import Effect
from wharfinger.model.outcome import Outcome, Status
from wharfinger.sending import BatchSender
from wharfinger.settling import Settled, Unsettled

__all__ = ["Flow", "Journal", "cancelled", "streamed"]

logger = logging.getLogger(__name__)

# A host that has its events at hand puts them without a pause; the lanes want a turn, too.
_PUTS_IN_A_ROW: Final = 50

_NOT_RECORDED: Final = Outcome(
    status=Status.RETRY,
    code="not-recorded",
    message="Nothing was sent: the host could not write down that it was about to, and this must "
    "not happen twice. The log has the details.",
)


class Journal(Protocol):
    """Where a host writes down what must not happen twice, before it happens."""

    async def sending(self, mapping: str, tokens: Sequence[Any]) -> None:
        """Record that events are about to be sent; no byte of them has left yet.

        Awaited once per batch of an action with `Effect.ONCE`. What it raises is logged, and the
        events end as ``retry`` with the code ``not-recorded``.

        Args:
            mapping: Name of the mapping.
            tokens: What the host gave along with each event of the batch, in order.
        """


class Flow:
    """A connection at work for as long as its host runs; made by `Connection.flow`.

    Events are put one by one. Each comes back as one `Settled` as soon as all its outcomes are
    known, in no certain order; where the flow ends before that, it does not come back. Batches
    close by rows, by bytes, and by age.

    Payloads of one order key arrive in the order in which their events were put. When one ends as
    ``retry``, those behind it end as ``held-back`` until its `Settled` has been taken; from then
    on their order is up to the host. What halts stays so for this flow, and the next one tries it
    again.

    Example:
        ::

            async with connection.flow() as flow, asyncio.TaskGroup() as group:
                group.create_task(record(flow))  # async for settled in flow: ...
                async for event in source:
                    await flow.put(event, event["messageId"])
                await flow.drain(30)

    Leaving ``async with`` waits until everything is settled, or, with an exception, stops at once.
    """

    def __init__(
        self,
        mappings: Mapping[str, ActiveMapping],
        sender: BatchSender,
        *,
        most_waiting: int,
        most_per_lane: int | None = None,
        journal: Journal | None = None,
        clock: Clock | None = None,
    ) -> None:
        if most_waiting < 1 or (most_per_lane is not None and most_per_lane < 1):
            raise ValueError("At least one event must be allowed to wait.")
        self._mappings = mappings
        self._sender = sender
        self._most_waiting = most_waiting
        self._most_per_lane = most_per_lane
        self._journal = journal
        self._clock = clock
        self._roads: dict[str, _Road] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsettled = Unsettled()
        self._room = asyncio.Event()
        self._entered = False
        self._takes = False
        self._stopped = False
        self._fault: BaseException | None = None
        self._in_a_row = 0

    @property
    def waiting(self) -> int:
        """How many events were put whose `Settled` was not taken yet."""
        return len(self._unsettled)

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("A flow is entered once; ask the connection for another one.")
        self._entered = self._takes = True
        clock = self._clock or running_clock()
        for name, mapping in self._mappings.items():
            road = self._roads[name] = _Road(mapping, self._sender, self._unsettled, self._journal)
            road.lanes = LiveLanes(
                mapping.policy,
                send=road.send,
                spawn=self._spawn,
                clock=clock,
                most_waiting=self._most_per_lane,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.drain()
        else:
            await self.stop()

    async def put(
        self, event: Any, token: Any = None, *, mappings: Collection[str] | None = None
    ) -> None:
        """Hand in one event; waits while as many as allowed are waiting.

        An event waits until its `Settled` was taken, so something has to take them meanwhile.
        Where this raises or is cancelled, the event was not taken.

        Args:
            event: A JSON object in the Segment event specification.
            token: Comes back with it; whatever the host knows it by.
            mappings: Names of the mappings it goes through; None for all. What is put again takes
                only those under which it was not delivered.

        Raises:
            NotOpenError: The flow has ended, or was not entered yet.
            ValueError: The connection has no such mapping.
        """
        await self.room()
        self.put_now(event, token, mappings=mappings)

    async def room(self) -> None:
        """Wait until one more event may be put.

        Raises:
            Exception: What ended the flow, where it broke.
        """
        if self._in_a_row >= _PUTS_IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep(0)
        while self._takes and len(self._unsettled) >= self._most_waiting:
            self._room.clear()
            self._spare_waits()
            await self._room.wait()
        self._check()

    def put_now(
        self, event: Any, token: Any = None, *, mappings: Collection[str] | None = None
    ) -> None:
        """Hand in one event without a wait: `put` is `room` and then this.

        For hosts that choose mappings by what has been settled so far: between `room` and the put
        nothing can be taken, so the choice still holds.

        Args:
            event: As for `put`.
            token: As for `put`.
            mappings: As for `put`.

        Raises:
            NotOpenError: The flow has ended, or was not entered yet.
            ValueError: The connection has no such mapping.
        """
        self._check()
        if not self._takes:
            raise NotOpenError("This flow takes no events: it has ended, or was not entered yet.")
        self._in_a_row += 1
        roads = self._roads if mappings is None else self._chosen(mappings)
        number = self._unsettled.accept(token, event, roads)
        for road in roads.values():
            road.put(number, event)

    def _chosen(self, mappings: Collection[str]) -> dict[str, _Road]:
        if unknown := sorted(set(mappings) - self._roads.keys()):
            raise ValueError(f"There is no mapping {', '.join(unknown)} in this flow.")
        return {name: road for name, road in self._roads.items() if name in mappings}

    def __aiter__(self) -> AsyncIterator[Settled]:
        return self

    async def __anext__(self) -> Settled:
        unsettled = self._unsettled
        while (settled := unsettled.take()) is None:
            self._check()
            if not unsettled.missing and not self._takes and self._entered:
                raise StopAsyncIteration
            unsettled.news.clear()
            await unsettled.news.wait()
        self._room.set()
        return settled

    def end(self) -> None:
        """Take no more events, and let none wait for company.

        Iterating goes on until the last `Settled` was taken.
        """
        self._takes = False
        for road in self._roads.values():
            road.lanes.hurry()
        self._room.set()
        self._unsettled.news.set()

    async def drain(self, deadline_s: float | None = None) -> bool:
        """End, and wait until every outcome of every event is known.

        Args:
            deadline_s: Seconds after which the rest is given up, as by `stop`; None waits as long
                as it takes.

        Returns:
            Whether everything is settled. What was settled can still be taken.
        """
        self.end()
        try:
            async with asyncio.timeout(deadline_s):
                await self._unsettled.quiet.wait()
        except TimeoutError:
            logger.warning("a flow gave up %d events at its deadline", self._unsettled.missing)
        settled = not self._unsettled.missing
        await self.stop()
        self._check()
        return settled

    async def stop(self) -> None:
        """End at once: what is not settled never will be, and some of it may have been sent."""
        self._give_up()
        await cancelled(self._tasks)

    def _give_up(self) -> None:
        self._stopped = True
        self.end()
        for road in self._roads.values():
            road.lanes.stop()
        for task in self._tasks:
            task.cancel()
        self._unsettled.give_up()

    def _spare_waits(self) -> None:
        """Let nothing wait for company where there is no room for any and nothing is under way."""
        if not self._tasks and self._unsettled.missing >= self._most_waiting:
            for road in self._roads.values():
                road.lanes.ripen()

    def _check(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._stopped:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Let nobody wait for a lane that ended otherwise than by having no work."""
        self._tasks.discard(task)
        if task.cancelled():
            fault: BaseException | None = RuntimeError(
                "a lane of a flow was cancelled from outside"
            )
        else:
            fault = task.exception()
        if fault is not None and not self._stopped:
            self._fault = fault
            self._give_up()
        self._spare_waits()


@attrs.define(eq=False)
class _Road:
    """The way of one mapping's payloads: into lanes, to the vendor, and their outcomes back."""

    _mapping: ActiveMapping
    _sender: BatchSender
    _unsettled: Unsettled
    _journal: Journal | None
    lanes: LiveLanes = attrs.field(init=False)

    def put(self, number: int, event: Any) -> None:
        """Take an event as far as it goes at once."""
        prepared = self._mapping.prepare(number, event)
        if isinstance(prepared, Outcome):
            self._unsettled.enter(self._mapping.name, (number,), (prepared,))
            return
        halt = self._sender.halts.of(self._mapping.name, prepared.batch_key)
        if answer := halt or self.lanes.add(prepared):
            self._give_back(prepared, answer)

    async def send(self, lane: LiveLane, laned: LanedBatch) -> None:
        """Send one batch, and enter the outcomes of its payloads and of those it leaves behind."""
        outcomes = await self._outcomes_of(laned)
        key_of = zip(laned.events, laned.order_keys, outcomes, strict=True)
        left = [(n, key) for n, key, o in key_of if key is not None and o.status is Status.RETRY]
        for number, key in left:
            self._hold(number, laned.batch.key, key)
        behind = lane.withdraw({key for _, key in left}) if left else ()
        self._unsettled.enter(self._mapping.name, laned.events, outcomes)
        for item in behind:
            self._give_back(item, HELD_BACK_OUTCOME)

    async def _outcomes_of(self, laned: LanedBatch) -> Sequence[Outcome]:
        name = self._mapping.name
        if halt := self._sender.halts.of(name, laned.batch.key):
            return [halt] * len(laned.events)
        if self._journal is not None and self._mapping.action.effect is Effect.ONCE:
            tokens = [self._unsettled.token_of(number) for number in laned.events]
            try:
                await self._journal.sending(name, tokens)
            except Exception:
                logger.exception("the host could not record what it was about to send")
                return [_NOT_RECORDED] * len(laned.events)
        return await self._sender.perform(self._mapping, laned)

    def _give_back(self, item: Item, outcome: Outcome) -> None:
        if outcome.status is Status.RETRY and item.order_key is not None:
            self._hold(item.event, item.batch_key, item.order_key)
        self._unsettled.enter(self._mapping.name, (item.event,), (outcome,))

    def _hold(self, number: int, batch_key: Hashable, order_key: Hashable) -> None:
        """Let nothing overtake a payload until the host knows that it is to be put again."""
        self.lanes.hold(batch_key, order_key)
        self._unsettled.on_taken(number, partial(self.lanes.release, batch_key, order_key))


async def streamed(
    flow: Flow, source: Iterable[Any] | AsyncIterable[Any], *, drain_s: float
) -> AsyncGenerator[Settled, None]:
    """Put everything that a source gives, and yield it as it settles.

    Args:
        flow: Not entered yet.
        source: Events; each has its place in the source, from 0, as its token.
        drain_s: Seconds that are left to what is under way when this is closed early.
    """
    async with flow:
        reader = asyncio.create_task(_read(source, flow))
        try:
            async for settled in flow:
                yield settled
            failure = reader.exception() if reader.done() else None
            if not reader.done() or isinstance(failure, NotOpenError):
                # The reader did not end the flow, so the connection did.
                closed = "The connection was closed while events were streamed to it."
                raise NotOpenError(closed) from failure
            reader.result()
        except GeneratorExit:
            await flow.drain(drain_s)
            raise
        finally:
            await cancelled([reader])


async def _read(source: Iterable[Any] | AsyncIterable[Any], flow: Flow) -> None:
    try:
        if isinstance(source, AsyncIterable):
            place = 0
            async for event in source:
                await flow.put(event, place)
                place += 1
        else:
            for place, event in enumerate(source):
                await flow.put(event, place)
    finally:
        flow.end()


async def cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended, whatever comes meanwhile."""
    pending = {task for task in tasks if not task.done()}
    for task in pending:
        task.cancel()
    interrupted: asyncio.CancelledError | None = None
    while pending:
        try:
            _, pending = await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            interrupted = error
            pending = {task for task in pending if not task.done()}
    if interrupted is not None:
        raise interrupted
