"""What tables hold where events are applied one after the other, as the vendor reads them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Any

from tests.e2e.laboratory.shop import ABSENT, Event, Mapping

__all__ = ["Rows", "apply", "key_of", "remnants"]

Rows = dict[tuple[str, ...], dict[str, str]]


def apply(mapping: Mapping, events: Iterable[Event]) -> Rows:
    """Apply events to an empty table.

    Args:
        mapping: One that makes rows.
        events: Those it delivered, in the order they were accepted.
    """
    table: Rows = {}
    for event in events:
        keys = dict(zip(mapping.keys, key_of(mapping, event), strict=True))
        row = table.setdefault(tuple(keys.values()), dict.fromkeys(mapping.values, "") | keys)
        for column, read in mapping.values.items():
            value = read(event)
            if value is not ABSENT and value is not None:
                row[column] = _read_back(column, value)
    return table


def key_of(mapping: Mapping, event: Event) -> tuple[str, ...]:
    """Return the primary key of the row that an event asks for."""
    return tuple(str(read(event)) for read in mapping.keys.values())


def remnants(mapping: Mapping, good: Sequence[Event], bad: Sequence[Event]) -> Iterator[Rows]:
    """Give what one row may hold where events asked for it that have a bad value.

    Rows of one key collapse within a batch. Where the columns cannot be read just then, a bad value
    is not noticed if a later event takes its place, and the other columns of its event are stored
    with the row. When the row is sent again, after a lost reply or a crash, and the columns can be
    read, the bad event is refused on its own. So its good columns are there, or are not; and where
    events before it are sent again without it, theirs are stored over them.

    Args:
        mapping: One that makes rows.
        good: The events about the row that were delivered, but for the bad ones, in their order.
        bad: The bad ones.
    """
    for count in range(len(bad) + 1):
        for some in combinations(bad, count):
            for sent_again in range(len(good) + 1):
                before = sorted([*good[:sent_again], *some], key=_place)
                yield apply(mapping, [*before, *good[sent_again:]])


def _place(event: Event) -> str:
    return str(event["messageId"])


def _read_back(column: str, value: Any) -> str:
    if column == "spent":
        return str(Decimal(str(value)).quantize(Decimal("0.01")))
    return str(value)
