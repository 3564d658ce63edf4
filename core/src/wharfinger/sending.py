"""One lane of a mapping on its way: batch after batch, and no payload overtakes its elders."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Final

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.lanes import Lane, LanedBatch
from wharfinger.delivery.retry import RetryPolicy, perform
from wharfinger.delivery.session import Session
from wharfinger.model.action import Effect
from wharfinger.model.batching import BatchReport
from wharfinger.model.outcome import HELD_BACK, Outcome, Status
from wharfinger.receipts import Halts, Receipts

__all__ = ["Observer", "Sender"]

logger = logging.getLogger(__name__)

Observer = tuple[str, Callable[[BatchReport], None]]
"""A plugin's name and what it wants called per finished batch."""

_HELD_BACK: Final = Outcome(
    status=Status.RETRY,
    code=HELD_BACK,
    message="Nothing was sent: an earlier event about the same thing is to be tried again first, "
    "and this one must not overtake it.",
)


@attrs.frozen(kw_only=True)
class Sender:
    """Sends the lanes of one delivery.

    Attributes:
        connection: Name of the connection.
        destination: Slug of its destination.
        session: The way to the account.
        governor: Bounds the account's requests.
        retry: How often and how long to try.
        observers: Who hears of finished batches.
        receipts: Gets the outcomes.
        halts: Knows, and learns, what has halted.
    """

    connection: str
    destination: str
    session: Session
    governor: Governor
    retry: RetryPolicy
    observers: Sequence[Observer]
    receipts: Receipts
    halts: Halts

    async def send(self, mapping: ActiveMapping, lane: Lane) -> None:
        """Send the batches of a lane one after the other, and enter every outcome.

        A payload whose predecessor by order key is left over for another try is held back: sent
        now, it would be overwritten by what came before it.
        """
        idempotent = mapping.action.effect is Effect.IDEMPOTENT
        session = self.session.with_effect(idempotent=idempotent)
        unsettled: set[Hashable] = set()
        for whole in lane:
            if halt := self.halts.of(mapping.name, whole.batch.key):
                self.receipts.enter(mapping.name, whole.events, [halt] * len(whole.events))
                continue
            laned = self._hold_back(mapping, whole, unsettled)
            if not laned.events:
                continue
            started = time.monotonic()
            outcomes = await perform(
                mapping.action, session, self.governor, laned.batch, self.retry
            )
            self.receipts.enter(mapping.name, laned.events, outcomes)
            self.halts.learn(mapping.name, laned.batch.key, outcomes)
            unsettled.update(
                key
                for key, outcome in zip(laned.order_keys, outcomes, strict=True)
                if key is not None and outcome.status is Status.RETRY
            )
            self._report(mapping, laned, outcomes, time.monotonic() - started)

    def _hold_back(
        self, mapping: ActiveMapping, laned: LanedBatch, unsettled: set[Hashable]
    ) -> LanedBatch:
        """Return what of a batch may be sent, and enter the outcome of the rest."""
        if unsettled.isdisjoint(laned.order_keys):
            return laned
        places = list(enumerate(laned.order_keys))
        waiting = [laned.events[place] for place, key in places if key in unsettled]
        self.receipts.enter(mapping.name, waiting, [_HELD_BACK] * len(waiting))
        return laned.take([place for place, key in places if key not in unsettled])

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
