"""Putting payloads into lanes and batches.

A lane is a line of batches that are sent one after the other. Payloads with the same order key
always share a lane, so they never overtake each other; lanes run side by side.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Iterator, Sequence
from itertools import repeat
from typing import Any, Final

import attrs

from wharfinger.model.batching import Batch, BatchPolicy, Unbatched
from wharfinger.model.outcome import HELD_BACK, Outcome, Status

__all__ = ["HELD_BACK_OUTCOME", "Item", "Lane", "LanedBatch", "batch_of", "limits_of", "plan_lanes"]

HELD_BACK_OUTCOME: Final = Outcome(
    status=Status.RETRY,
    code=HELD_BACK,
    message="Nothing was sent: an earlier event about the same thing is to be tried again first, "
    "and this one must not overtake it.",
)

# Between two payloads of a JSON array stands one comma.
_SEPARATOR_BYTES: Final = 1


@attrs.define
class Item:
    """One payload on its way.

    Attributes:
        event: Index of its event among those that were handed in.
        payload: An instance of the action's payload class, or what the action's ``form`` made.
        body: What the action's ``encode`` made of it; ``b""`` where it has none.
        batch_key: Payloads with equal keys may travel together.
        order_key: Payloads with equal keys never overtake each other; None if order is free.
        since_s: When it began to wait for company, on the clock of its lane.
    """

    event: int
    payload: Any
    body: bytes
    batch_key: Hashable
    order_key: Hashable
    since_s: float = 0.0

    @property
    def size(self) -> int:
        """Bytes it takes in a request."""
        return len(self.body) + _SEPARATOR_BYTES


@attrs.define
class LanedBatch:
    """A batch, the events its payloads came from and their order keys, index by index."""

    batch: Batch
    events: list[int]
    order_keys: list[Hashable]

    def take(self, indices: Sequence[int]) -> LanedBatch:
        """Return the batch of just these payloads, in the order given."""
        return LanedBatch(
            self.batch.take(indices),
            [self.events[index] for index in indices],
            [self.order_keys[index] for index in indices],
        )


Lane = list[LanedBatch]


def plan_lanes(items: Sequence[Item], policy: BatchPolicy | Unbatched) -> list[Lane]:
    """Spread items over lanes and close batches by rows and bytes.

    Args:
        items: In the order of their events.
        policy: How many payloads and bytes make a batch, and how many lanes a batch key has.

    Returns:
        Lanes of batches. Within a lane the order of the items is kept; no batch exceeds the
        policy, except that a payload larger than all its bytes travels alone.
    """
    rows, most_bytes = limits_of(policy)
    lanes: dict[tuple[Hashable, int], list[Item]] = {}
    numbers = repeat(0) if policy.lanes == 1 else _lanes_of(items, policy.lanes)
    for item, lane in zip(items, numbers, strict=False):
        lanes.setdefault((item.batch_key, lane), []).append(item)
    return [
        [batch_of(key, run) for run in _runs(queue, rows, most_bytes)]
        for (key, _), queue in lanes.items()
    ]


def limits_of(policy: BatchPolicy | Unbatched) -> tuple[int, int]:
    """Return the most rows and the most bytes of one batch."""
    return (policy.rows, policy.bytes) if isinstance(policy, BatchPolicy) else (1, 0)


def _lanes_of(items: Sequence[Item], lanes: int) -> Iterator[int]:
    """Give the lane of each item: those without an order key in turn, the others by their key."""
    known: dict[Hashable, int] = {}
    for position, item in enumerate(items):
        if (key := item.order_key) is None:
            yield position % lanes
            continue
        if key not in known:  # 1 and 1.0 are one key
            # repr and crc32, not hash(): the same key takes the same lane in every process.
            known[key] = zlib.crc32(repr(key).encode()) % lanes
        yield known[key]


def _runs(queue: Sequence[Item], rows: int, most_bytes: int) -> Iterator[list[Item]]:
    run: list[Item] = []
    size = 0
    for item in queue:
        grown = size + item.size
        if run and (len(run) >= rows or grown > most_bytes):
            yield run
            run, grown = [], item.size
        run.append(item)
        size = grown
    if run:
        yield run


def batch_of(key: Hashable, run: Sequence[Item]) -> LanedBatch:
    """Return the batch of payloads that share a batch key, in the order given."""
    batch = Batch(key, [item.payload for item in run], [item.body for item in run])
    return LanedBatch(batch, [item.event for item in run], [item.order_key for item in run])
