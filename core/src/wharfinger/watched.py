"""A flow or a delivery that is recorded: its parts, each with one more thing to do.

Where nobody listens, none of this is in the way: the parts are the plain ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.lanes import LanedBatch
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

_NOBODY: Final = -1


class Watch:
    """Makes the parts of one flow or delivery that is recorded.

    Args:
        telemetry: Records it.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        from wharfinger.telemetry.trail import Trail  # noqa: PLC0415  # an extra

        self._trail = Trail(telemetry)
        self._unsettled: _WatchedUnsettled | None = None

    def mappings(self, mappings: Mapping[str, ActiveMapping]) -> dict[str, ActiveMapping]:
        """Return mappings with spans around their triggers and field mappings."""
        step = self._trail.step
        return {
            name: attrs.evolve(
                mapping,
                matches=step(SpanName.TRIGGER, name, mapping.matches),
                payload=step(SpanName.MAPPING, name, mapping.payload),
            )
            for name, mapping in mappings.items()
        }

    def sender(self, sender: BatchSender) -> BatchSender:
        """Return what records the batches it sends."""
        return _WatchedSender(trail=self._trail, **_facts_of(sender, BatchSender))

    def receipts(self, events: Sequence[Any], mappings: Mapping[str, ActiveMapping]) -> Receipts:
        """Return the receipts of a delivery, which begins now."""
        return _WatchedReceipts(self._trail, events, mappings)

    def each(self, events: Sequence[Any]) -> Sequence[Any]:
        """Return the same events, of which each is looked at as its turn comes."""
        return _Each(self._trail, events)

    def unsettled(self) -> Unsettled:
        """Return what holds the events of a flow."""
        self._unsettled = _WatchedUnsettled(self._trail)
        return self._unsettled

    def begin(self, number: int, event: Any, mappings: int) -> None:
        """Begin with an event of the flow, which goes through its mappings now."""
        followed = self._trail.begin(number, event, mappings)
        self._trail.look_at(number)
        if followed and self._unsettled is not None:
            self._unsettled.follow(number)


def _facts_of(record: Any, cls: type[Any]) -> dict[str, Any]:
    """Return what a record was made of, to make another one that has more."""
    return {str(each.alias): getattr(record, each.name) for each in attrs.fields(cls)}


class _Each(Sequence[Any]):
    def __init__(self, trail: Trail, events: Sequence[Any]) -> None:
        self._trail = trail
        self._events = events

    def __iter__(self) -> Iterator[Any]:
        for number, event in enumerate(self._events):
            self._trail.look_at(number)
            yield event

    def __getitem__(self, index: Any) -> Any:
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)


@attrs.frozen(kw_only=True)
class _WatchedSender(BatchSender):
    trail: Trail

    async def perform(
        self,
        mapping: ActiveMapping,
        laned: LanedBatch,
        may_send: Callable[[], Awaitable[bool]] | None = None,
    ) -> list[Outcome]:
        keys = (laned.batch.key, *laned.order_keys)
        name, slug = mapping.name, mapping.action.slug
        with self.trail.batch(name, slug, laned.events, keys) as batch:
            outcomes = await super().perform(mapping, laned, may_send)
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
        self._followed: dict[int, int] = {}

    def follow(self, number: int) -> None:
        """Remember by which number an event is followed: its entry does not know it."""
        self._followed[id(self._entries[number])] = number

    def accept(self, token: Any, event: Any, mappings: Iterable[str]) -> int:
        self._count(1)
        return super().accept(token, event, mappings)

    def give_up(self) -> None:
        self._count(-self.missing)
        super().give_up()
        self._followed.clear()
        self._trail.give_up()

    def _settle(self, entry: _Entry) -> None:
        self._count(-1)
        number = self._followed.pop(id(entry), _NOBODY)
        for mapping, outcome in entry.outcomes.items():
            self._trail.settle(mapping, (number,), (outcome,))
        super()._settle(entry)

    def _count(self, change: int) -> None:
        telemetry = self._trail.telemetry
        telemetry.meters.waiting.add(change, telemetry.common)
