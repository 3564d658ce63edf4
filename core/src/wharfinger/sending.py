"""One lane of a mapping on its way: batch after batch, and no payload overtakes its elders."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.lanes import HELD_BACK_OUTCOME, Item, Lane, LanedBatch
from wharfinger.delivery.retry import RetryPolicy, perform
from wharfinger.delivery.session import Session
from wharfinger.model.action import Effect
from wharfinger.model.batching import BatchReport
from wharfinger.model.outcome import Outcome, Status
from wharfinger.receipts import Halts, Receipts

__all__ = ["BatchSender", "Observer", "Sender", "prepare"]

logger = logging.getLogger(__name__)

Observer = tuple[str, Callable[[BatchReport], None]]
"""A plugin's name and what it wants called per finished batch."""


@attrs.frozen(kw_only=True)
class BatchSender:
    """Sends batches of one connection and tells who wants to hear of them.

    Attributes:
        connection: Name of the connection.
        destination: Slug of its destination.
        session: The way to the account.
        governor: Bounds the account's requests.
        retry: How often and how long to try.
        observers: Who hears of finished batches.
        halts: Knows, and learns, what has halted.
    """

    connection: str
    destination: str
    session: Session
    governor: Governor
    retry: RetryPolicy
    observers: Sequence[Observer]
    halts: Halts

    async def perform(
        self,
        mapping: ActiveMapping,
        laned: LanedBatch,
        may_send: Callable[[], Awaitable[bool]] | None = None,
    ) -> list[Outcome]:
        """Send one batch and return one outcome per payload, in order.

        Args:
            mapping: Whose payloads they are.
            laned: The batch.
            may_send: Asks the host before each request, another try included.
        """
        idempotent = mapping.action.effect is Effect.IDEMPOTENT
        session = self.session.with_effect(idempotent=idempotent).asking(may_send)
        started = time.monotonic()
        outcomes = await perform(mapping.action, session, self.governor, laned.batch, self.retry)
        self.halts.learn(mapping.name, laned.batch.key, outcomes)
        self._report(mapping, laned, outcomes, time.monotonic() - started)
        return outcomes

    def _report(
        self, mapping: ActiveMapping, laned: LanedBatch, outcomes: Sequence[Outcome], took_s: float
    ) -> None:
        if not self.observers:
            return
        report = BatchReport(
            connection=self.connection,
            destination=self.destination,
            mapping=mapping.name,
            action=mapping.action.slug,
            batch_key=str(laned.batch.key),
            statuses=dict(Counter(outcome.status.value for outcome in outcomes)),
            attempts=max(outcome.attempts for outcome in outcomes),
            duration_s=took_s,
        )
        for plugin, observe in self.observers:
            try:
                observe(report)
            except Exception:
                logger.exception("the plugin %s failed to observe a batch", plugin)


def prepare(
    mapping: ActiveMapping,
    events: Sequence[Any],
    receipts: Receipts,
    *,
    halt: Outcome | None = None,
) -> list[Item]:
    """Return the payloads that one mapping makes of events; where one ends is in the receipts.

    Args:
        mapping: The mapping.
        events: The events of one delivery.
        receipts: Gets the outcomes of those that go no further.
        halt: As for `ActiveMapping.prepare`.
    """
    items: list[Item] = []
    for index, event in enumerate(events):
        prepared = mapping.prepare(index, event, halt)
        if isinstance(prepared, Outcome):
            receipts.enter(mapping.name, [index], [prepared])
        else:
            items.append(prepared)
    return items


@attrs.frozen(kw_only=True)
class Sender:
    """Sends the lanes of one delivery.

    Attributes:
        batches: Sends each batch.
        receipts: Gets the outcomes.
    """

    batches: BatchSender
    receipts: Receipts

    async def send(self, mapping: ActiveMapping, lane: Lane) -> None:
        """Send the batches of a lane one after the other, and enter every outcome.

        A payload whose predecessor by order key is left over for another try is held back: sent
        now, it would be overwritten by what came before it.
        """
        unsettled: set[Hashable] = set()
        for whole in lane:
            if halt := self.batches.halts.of(mapping.name, whole.batch.key):
                self.receipts.enter(mapping.name, whole.events, [halt] * len(whole.events))
                continue
            laned = self._hold_back(mapping, whole, unsettled)
            if not laned.events:
                continue
            outcomes = await self.batches.perform(mapping, laned)
            self.receipts.enter(mapping.name, laned.events, outcomes)
            unsettled.update(
                key
                for key, outcome in zip(laned.order_keys, outcomes, strict=True)
                if key is not None and outcome.status is Status.RETRY
            )

    def _hold_back(
        self, mapping: ActiveMapping, laned: LanedBatch, unsettled: set[Hashable]
    ) -> LanedBatch:
        """Return what of a batch may be sent, and enter the outcome of the rest."""
        if unsettled.isdisjoint(laned.order_keys):
            return laned
        places = list(enumerate(laned.order_keys))
        waiting = [laned.events[place] for place, key in places if key in unsettled]
        self.receipts.enter(mapping.name, waiting, [HELD_BACK_OUTCOME] * len(waiting))
        return laned.take([place for place, key in places if key not in unsettled])
