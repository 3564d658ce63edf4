"""Segment's own reading of a trigger, for comparison only.

The engine that Segment runs strays from the language that Segment documents. Nothing here decides
which events a connection takes; it tells what the same text did at Segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from wharfinger.trigger.segment.judge import EngineStopped, judge
from wharfinger.trigger.segment.lex import Unreadable
from wharfinger.trigger.segment.rewrite import NEVER, rewrite
from wharfinger.trigger.segment.tree import SegmentCondition, SegmentGroup, SegmentNode, read

__all__ = [
    "SegmentCondition",
    "SegmentGroup",
    "SegmentNode",
    "SegmentTrigger",
    "read_as_segment",
]


@attrs.frozen
class SegmentTrigger:
    """A trigger as Segment's engine understands it.

    Attributes:
        text: The trigger as it was written.
        error: The engine's own message where it cannot read the text; it then takes no event.
        tree: What it reads; None beside an error.
    """

    text: str
    error: str | None = None
    tree: SegmentGroup | None = None

    def takes(self, event: Mapping[str, Any] | None) -> bool:
        """Say whether Segment sends this event; False, too, where its engine raises."""
        return (
            self.tree is not None and self.stops(event) is None and judge(self.tree, _plain(event))
        )

    def stops(self, event: Mapping[str, Any] | None) -> str | None:
        """Return the message of the engine where this event makes it raise; None where not."""
        if self.tree is not None:
            try:
                judge(self.tree, _plain(event))
            except EngineStopped as stopped:
                return str(stopped)
        return None

    def describe(self) -> str:
        r"""Return a trigger of the documented language that takes what Segment takes.

        JavaScript's own oddities are left out: that a text has a ``length``, that an index may
        follow a dot, and that integers beyond 2^53 are rounded.

        Example:
            >>> read_as_segment("type = 'track'").describe()
            'type = "\'track\'"'
        """
        return NEVER if self.tree is None else rewrite(self.tree)


def _plain(event: Any) -> Any:
    return dict(event) if isinstance(event, Mapping) else event


def read_as_segment(text: str) -> SegmentTrigger:
    """Read a trigger as Segment's engine does.

    Args:
        text: The trigger as it was written; every text is allowed.

    Returns:
        What the engine of August 2026 makes of it, bit for bit, observed by running it.

    Example:
        >>> trigger = read_as_segment("type = 'track'")
        >>> trigger.takes({"type": "track"})
        False
    """
    try:
        return SegmentTrigger(text, tree=read(text))
    except Unreadable as stopped:
        return SegmentTrigger(text, error=str(stopped))
