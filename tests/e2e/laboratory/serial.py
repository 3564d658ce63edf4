"""What tables hold where events are applied one after the other, as the vendor reads them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def remnants(mapping: Mapping, delivered: Sequence[Event], refused: Sequence[Event]) -> list[Rows]:
    """Return what one row may hold besides where events were refused that asked for it, too.

    Rows of one key collapse within a batch. Where the columns could not be read just then, and a
    later event took the place of the bad value, the row was sent and its reply may have been lost;
    when it was sent again, the bad event was refused on its own. Its other columns stay.

    Args:
        mapping: One that makes rows.
        delivered: Those events about the row that were delivered.
        refused: Those that were refused.
    """
    found = []
    for count in range(1, len(refused) + 1):
        for some in combinations(refused, count):
            both = sorted([*delivered, *some], key=lambda event: str(event["messageId"]))
            found.append(apply(mapping, both))
    return found


def _read_back(column: str, value: Any) -> str:
    if column == "spent":
        return str(Decimal(str(value)).quantize(Decimal("0.01")))
    return str(value)
