"""The way of one mapping's payloads in a flow: into lanes, to the vendor, outcomes back."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, Final, Protocol

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.allowance import Allowance
from wharfinger.delivery.lanes import HELD_BACK_OUTCOME, Item, LanedBatch
from wharfinger.delivery.live_lanes import LANE_FULL, LiveLane, LiveLanes
from wharfinger.model.action import Effect
from wharfinger.model.outcome import Outcome, Status
from wharfinger.sending import BatchSender
from wharfinger.settling import Unsettled

__all__ = ["Journal", "Road"]

logger = logging.getLogger(__name__)

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


@attrs.define(eq=False)
class Road:
    """The way of one mapping's payloads: into lanes, to the vendor, and their outcomes back."""

    _mapping: ActiveMapping
    _sender: BatchSender
    _unsettled: Unsettled
    _journal: Journal | None
    _ready: Callable[[Sequence[Any]], Awaitable[bool]] | None
    _allowance: Allowance
    lanes: LiveLanes = attrs.field(init=False)

    def put(self, number: int, event: Any) -> None:
        """Take an event as far as it goes at once."""
        name, halts = self._mapping.name, self._sender.halts
        halt = halts.of_mapping(name)
        prepared = self._mapping.prepare(number, event, halt)
        if isinstance(prepared, Outcome):
            if prepared is halt:
                self._allowance.spend(1)
            self._unsettled.enter_one(name, number, prepared)
        elif answer := halts.of(name, prepared.batch_key) or self.lanes.add(prepared):
            if answer is not HELD_BACK_OUTCOME:
                self._allowance.spend(1)
            self._give_back(prepared, answer)

    def shed(self) -> None:
        """Give back what is too much for lanes that are slow, as far as that is allowed."""
        shed = self.lanes.shed(self._allowance.left)
        self._allowance.spend(len(shed))
        for item in shed:
            self._give_back(item, LANE_FULL)

    async def send(self, lane: LiveLane, laned: LanedBatch) -> None:
        """Send one batch, and enter the outcomes of its payloads and of those it leaves behind."""
        outcomes = await self._outcomes_of(laned)
        if not lane.gives_back:
            self._allowance.earn(sum(o.status is Status.DELIVERED for o in outcomes))
        key_of = zip(laned.events, laned.order_keys, outcomes, strict=True)
        left = [(n, key) for n, key, o in key_of if key is not None and o.status is Status.RETRY]
        for number, key in left:
            self._hold(number, laned.batch.key, key)
        behind = lane.withdraw({key for _, key in left}) if left else ()
        self._unsettled.enter(self._mapping.name, laned.events, outcomes)
        for item in behind:
            self._give_back(item, HELD_BACK_OUTCOME)

    async def _outcomes_of(self, laned: LanedBatch) -> Sequence[Outcome]:
        name, may_send = self._mapping.name, None
        if self._ready is not None:
            may_send = partial(self._ready, self._tokens_of(laned))
            if not await may_send():
                return [HELD_BACK_OUTCOME] * len(laned.events)
        if halt := self._sender.halts.of(name, laned.batch.key):
            return [halt] * len(laned.events)
        if self._journal is not None and self._mapping.action.effect is Effect.ONCE:
            try:
                await self._journal.sending(name, self._tokens_of(laned))
            except Exception:
                logger.exception("the host could not record what it was about to send")
                return [_NOT_RECORDED] * len(laned.events)
        return await self._sender.perform(self._mapping, laned, may_send)

    def _tokens_of(self, laned: LanedBatch) -> list[Any]:
        return [self._unsettled.token_of(number) for number in laned.events]

    def _give_back(self, item: Item, outcome: Outcome) -> None:
        if outcome.status is Status.RETRY and item.order_key is not None:
            self._hold(item.event, item.batch_key, item.order_key)
        self._unsettled.enter_one(self._mapping.name, item.event, outcome)

    def _hold(self, number: int, batch_key: Hashable, order_key: Hashable) -> None:
        """Let nothing overtake a payload until the host knows that it is to be put again."""
        self.lanes.hold(batch_key, order_key)
        self._unsettled.on_taken(number, partial(self.lanes.release, batch_key, order_key))
