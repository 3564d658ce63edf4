"""A flow or a delivery that is recorded: its parts, each with one more thing to do.

Where nobody listens, none of this is in the way: the parts are the plain ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.lanes import Item, LanedBatch
from wharfinger.model.outcome import Outcome
from wharfinger.receipts import Receipts
from wharfinger.sending import BatchSender
from wharfinger.settling import Unsettled
from wharfinger.telemetry.names import SpanName

if TYPE_CHECKING:
    from wharfinger.settling import _Entry
    from wharfinger.telemetry.recording import Telemetry
    from wharfinger.telemetry.trail import Trail

__all__ = ["Watch"]


class Watch:
    """Makes the parts of one flow or delivery that is recorded.

    Args:
        telemetry: Records it.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        from wharfinger.telemetry.trail import Trail  # noqa: PLC0415  # an extra

        self._trail = Trail(telemetry)

    def mappings(self, mappings: Mapping[str, ActiveMapping]) -> dict[str, ActiveMapping]:
        """Return mappings with spans around their triggers and field mappings."""
        return {name: self._mapping(mapping) for name, mapping in mappings.items()}

    def _mapping(self, mapping: ActiveMapping) -> ActiveMapping:
        facts = _facts_of(mapping, ActiveMapping)
        trail, name = self._trail, mapping.name
        facts["matches"] = trail.step(SpanName.TRIGGER, name, mapping.matches)
        facts["payload"] = trail.step(SpanName.MAPPING, name, mapping.payload)
        return _WatchedMapping(trail=trail, **facts)

    def sender(self, sender: BatchSender) -> BatchSender:
        """Return what records the batches it sends."""
        return _WatchedSender(trail=self._trail, **_facts_of(sender, BatchSender))

    def receipts(self, events: Sequence[Any], mappings: Mapping[str, ActiveMapping]) -> Receipts:
        """Return the receipts of a delivery, which begins now."""
        return _WatchedReceipts(self._trail, events, mappings)

    def unsettled(self) -> Unsettled:
        """Return what holds the events of a flow."""
        return _WatchedUnsettled(self._trail)


def _facts_of(record: Any, cls: type[Any]) -> dict[str, Any]:
    """Return what a record was made of, to make another one that has more."""
    return {str(each.alias): getattr(record, each.name) for each in attrs.fields(cls)}


@attrs.frozen(kw_only=True)
class _WatchedMapping(ActiveMapping):
    trail: Trail = attrs.field(repr=False)

    def prepare(self, index: int, event: Any) -> Item | Outcome:
        self.trail.look_at(index)
        return super().prepare(index, event)


@attrs.frozen(kw_only=True)
class _WatchedSender(BatchSender):
    trail: Trail

    async def perform(self, mapping: ActiveMapping, laned: LanedBatch) -> list[Outcome]:
        keys = (laned.batch.key, *laned.order_keys)
        name, slug = mapping.name, mapping.action.slug
        with self.trail.batch(name, slug, laned.events, keys) as batch:
            outcomes = await super().perform(mapping, laned)
            batch.ended(outcomes)
        return outcomes


class _WatchedReceipts(Receipts):
    def __init__(
        self, trail: Trail, events: Sequence[Any], mappings: Mapping[str, ActiveMapping]
    ) -> None:
        super().__init__(len(events), mappings)
        self._trail = trail
        for number, event in enumerate(events):
            trail.begin(number, event, len(mappings))

    def enter(self, mapping: str, events: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        super().enter(mapping, events, outcomes)
        self._trail.settle(mapping, events, outcomes)


class _WatchedUnsettled(Unsettled):
    def __init__(self, trail: Trail) -> None:
        super().__init__()
        self._trail = trail

    def accept(self, token: Any, event: Any, mappings: Iterable[str]) -> int:
        names = tuple(mappings)
        self._count(1)
        number = super().accept(token, event, names)
        self._trail.begin(number, event, len(names))
        return number

    def enter(self, mapping: str, numbers: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        super().enter(mapping, numbers, outcomes)
        self._trail.settle(mapping, numbers, outcomes)

    def give_up(self) -> None:
        self._count(-self.missing)
        super().give_up()
        self._trail.give_up()

    def _settle(self, entry: _Entry) -> None:
        self._count(-1)
        super()._settle(entry)

    def _count(self, change: int) -> None:
        telemetry = self._trail.telemetry
        telemetry.meters.waiting.add(change, telemetry.common)
