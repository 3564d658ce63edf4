"""Sample events for a plan: the first lines of a file, as `send` reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from wharfinger_host.reading import Chunk, EventSource, Unreadable

__all__ = ["Samples", "read_samples"]


@attrs.frozen(kw_only=True)
class Samples:
    """Events to infer types and sizes from.

    Attributes:
        events: The events.
        unreadable: The lines among them that hold no event.
    """

    events: Sequence[dict[str, Any]] = ()
    unreadable: Sequence[Unreadable] = ()


def read_samples(place: str, limit: int) -> Samples:
    """Read the first lines of a file of events.

    Args:
        place: As for `EventSource`; ``""`` for no samples.
        limit: Most lines; very long ones are fewer, so that memory stays bounded.

    Raises:
        OSError: The file cannot be read.
    """
    if not place:
        return Samples()
    with EventSource(place) as source:
        chunk = next(source.chunks(limit), Chunk())
    return Samples(
        events=[line.event for line in chunk.lines],
        unreadable=[each for each in chunk.unreadable if each.counts],
    )
