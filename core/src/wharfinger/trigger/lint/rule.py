"""What a rule of the linter is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import attrs

from wharfinger.trigger.lint.pieces import Pieces
from wharfinger.trigger.nodes import Span

__all__ = ["Found", "Rule"]

Found: TypeAlias = tuple[Span, Mapping[str, str]]
"""A place, and what the texts of the rule name in braces beside ``{written}``."""


@attrs.frozen
class Rule:
    """One way in which Segment's engine misreads what its documentation allows.

    Attributes:
        code: Stable name.
        find: Yields each place in the pieces of a trigger.
        documented: What is meant there, as documented.
        segment: What Segment's engine really does.
        fix: What to write.
    """

    code: str
    find: Callable[[Pieces], Iterator[Found]]
    documented: str
    segment: str
    fix: str
