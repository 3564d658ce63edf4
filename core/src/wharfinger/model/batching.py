"""How payloads travel together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

__all__ = ["Batch", "BatchPolicy", "BatchReport", "Unbatched"]


@attrs.frozen(kw_only=True)
class BatchPolicy:
    """When a batch is full, and how many travel side by side.

    Attributes:
        rows: Most payloads in one batch.
        bytes: Most bytes of all their encoded bodies together.
        age_s: Most seconds a payload waits for company; used by streaming hosts.
        lanes: How many batches of one batch key may be under way at once. Payloads with the same
            order key always share a lane, so they never overtake each other.
    """

    rows: int = attrs.field(validator=attrs.validators.ge(1))
    bytes: int = attrs.field(default=1_000_000, validator=attrs.validators.ge(1))
    age_s: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    lanes: int = attrs.field(default=1, validator=attrs.validators.ge(1))


@attrs.frozen(kw_only=True)
class Unbatched:
    """This action sends one payload per request.

    Attributes:
        reason: Why, as the end of the sentence "it cannot be batched: ..."; shown to a user whose
            mapping asks for batching.
        lanes: How many requests may be under way at once; order per order key is kept.
    """

    reason: str
    lanes: int = attrs.field(default=4, validator=attrs.validators.ge(1))


@attrs.frozen
class Batch:
    """Payloads that travel in one request; all of them share one batch key.

    Attributes:
        key: The batch key, as the action's ``batch_key`` gave it; None where it has none.
        payloads: Instances of the action's payload class, or what its ``form`` made of them, in
            the order of their events.
        bodies: What the action's ``encode`` made of each payload, in the same order.
    """

    key: Any
    payloads: Sequence[Any]
    bodies: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.payloads)

    def take(self, indices: Sequence[int]) -> Batch:
        """Return the batch of just these payloads, in the order given."""
        return Batch(
            self.key,
            [self.payloads[index] for index in indices],
            [self.bodies[index] for index in indices],
        )


@attrs.frozen(kw_only=True)
class BatchReport:
    """What an observer learns of one finished batch.

    Attributes:
        connection: Name of the connection.
        destination: Slug of its destination.
        mapping: Name of the mapping.
        action: Slug of the action.
        batch_key: The batch key as text.
        statuses: How many payloads ended in which status.
        attempts: How often the batch, or what was left of it, was sent.
        duration_s: Seconds from the first attempt to the last outcome, waits included.
    """

    connection: str
    destination: str
    mapping: str
    action: str
    batch_key: str
    statuses: dict[str, int]
    attempts: int
    duration_s: float
