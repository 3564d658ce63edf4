"""Long lists, a page at a time."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import attrs

__all__ = ["Page"]

_SIZE = 50

_Item = TypeVar("_Item")


@attrs.frozen
class Page(Generic[_Item]):
    """One page of a list.

    Attributes:
        items: What is on it.
        number: Counted from 1.
        last: Number of the last page.
        total: How many items the whole list has.
    """

    items: Sequence[_Item]
    number: int
    last: int
    total: int

    @classmethod
    def of(cls, items: Sequence[_Item], query: Mapping[str, str]) -> "Page[_Item]":
        """Return the page a query asks for by ``page``; the nearest there is."""
        last = max(1, -(-len(items) // _SIZE))
        asked = query.get("page", "")
        number = int(asked[:9]) if asked.isascii() and asked.isdigit() else 1
        number = min(max(1, number), last)
        return cls(items[(number - 1) * _SIZE : number * _SIZE], number, last, len(items))
