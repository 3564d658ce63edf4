"""Events in one by one, for as long as a host runs; what became of each as soon as it is known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from types import TracebackType
from typing import Any, Final, Self

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.allowance import Allowance
from wharfinger.delivery.live_lanes import Clock, LiveLanes, Timer, running_clock
from wharfinger.errors import NotOpenError
from wharfinger.model.outcome import Outcome
from wharfinger.road import Journal, Road
from wharfinger.sending import BatchSender
from wharfinger.settling import Settled, Unsettled
from wharfinger.watched import Watch

__all__ = ["Flow", "FlowLimits", "cancelled"]

logger = logging.getLogger(__name__)

# A host that has its events at hand puts them without a pause; the lanes want a turn, too.
_PUTS_IN_A_ROW: Final = 50

_LOOK_EVERY_S: Final = 1.0


@attrs.frozen(kw_only=True)
class FlowLimits:
    """How much a flow takes in, and gives back unsent; `Connection.flow` says what each is.

    Raises:
        ValueError: Nothing would be allowed to wait, or to come back.
    """

    most_waiting: int
    most_per_lane: int | None
    slow_s: float
    unsent_per_s: float

    def __attrs_post_init__(self) -> None:
        if self.most_waiting < 1 or (self.most_per_lane is not None and self.most_per_lane < 1):
            raise ValueError("At least one event must be allowed to wait.")
        if self.unsent_per_s <= 0:
            raise ValueError("Some events must be allowed to come back unsent.")


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
        limits: FlowLimits,
        journal: Journal | None = None,
        ready: Callable[[Sequence[Any]], Awaitable[bool]] | None = None,
        keep_events: bool = True,
        clock: Clock | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._mappings = mappings
        self._sender = sender
        self._limits = limits
        self._journal = journal
        self._ready = ready
        self._keep_events = keep_events
        self._clock = clock
        self._roads: dict[str, Road] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch = watch
        self._unsettled = Unsettled() if watch is None else watch.unsettled()
        self._allowance = Allowance(limits.unsent_per_s)
        self._room = asyncio.Event()
        self._entered = False
        self._takes = False
        self._stopped = False
        self._fault: BaseException | None = None
        self._in_a_row = 0
        self._looking: Timer | None = None

    @property
    def waiting(self) -> int:
        """How many events were put whose `Settled` was not taken yet."""
        return len(self._unsettled)

    @property
    def halt(self) -> Outcome | None:
        """The outcome of what any mapping takes, where all of them have halted; else None.

        Nothing of this connection is sent until it is opened again, so a host that keeps its
        events may as well leave them where they are.
        """
        halts = [self._sender.halts.of_mapping(name) for name in self._mappings]
        return halts[0] if halts and all(halts) else None

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("A flow is entered once; ask the connection for another one.")
        self._entered = self._takes = True
        clock = self._clock = self._clock or running_clock()
        for name, mapping in self._mappings.items():
            parts = mapping, self._sender, self._unsettled, self._journal, self._ready
            road = self._roads[name] = Road(*parts, self._allowance)
            road.lanes = LiveLanes(
                mapping.policy,
                send=road.send,
                spawn=self._spawn,
                clock=clock,
                most_waiting=self._limits.most_per_lane,
                slow_s=self._limits.slow_s,
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
        while self._takes and (self._is_full or self._allowance.left <= 0):
            self._room.clear()
            self._spare_waits()
            self._look_again()
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
        number = self._unsettled.accept(token, event if self._keep_events else None, roads)
        if self._watch is not None:
            self._watch.begin(number, event, len(roads))
        for road in roads.values():
            road.put(number, event)

    def _chosen(self, mappings: Collection[str]) -> dict[str, Road]:
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
        if self._looking is not None:
            self._looking.cancel()
        for road in self._roads.values():
            road.lanes.stop()
        for task in self._tasks:
            task.cancel()
        self._unsettled.give_up()

    def _spare_waits(self) -> None:
        """Let nothing wait for company where there is no room for any and nothing is under way."""
        if not self._tasks and self._unsettled.missing >= self._limits.most_waiting:
            for road in self._roads.values():
                road.lanes.ripen()

    def _look_again(self) -> None:
        """In a second, have slow lanes make room as far as they may."""
        if self._looking is None and self._clock is not None:
            self._looking = self._clock.call_later(_LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        self._looking = None
        self._allowance.pass_a_second()
        if self._is_full and self._limits.slow_s:
            for road in self._roads.values():
                road.shed()
        self._room.set()  # who still finds none has this called again

    @property
    def _is_full(self) -> bool:
        return len(self._unsettled) >= self._limits.most_waiting

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
