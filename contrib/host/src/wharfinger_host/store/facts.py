"""Single facts about the file, and how it spreads events over partitions."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import StoreError

__all__ = ["Layout", "add_to_fact", "fact", "set_fact", "settle_layout"]

_LAYOUT = "layout"


@attrs.frozen(kw_only=True)
class Layout:
    """How events are spread over partitions; fixed once the file is made.

    Attributes:
        partitions: How many there are. Events of one partition are handled in order, by one
            process at a time.
        order_key: Paths in an event; the first that leads to a value says whom the event is
            about. Events about the same one are in the same partition.
    """

    partitions: int = attrs.field(default=8, validator=attrs.validators.ge(1))
    order_key: tuple[str, ...] = ("$.userId", "$.anonymousId", "$.messageId")
    _steps: tuple[tuple[str, ...], ...] = attrs.field(init=False, eq=False, repr=False)

    @_steps.default
    def _split(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(path.removeprefix("$.").split(".")) for path in self.order_key)

    def contact_of(self, event: Mapping[str, Any]) -> str:
        """Return whom an event is about, or ``""`` where nothing says it."""
        for first, *rest in self._steps:
            value = event.get(first)
            for step in rest:
                value = value.get(step) if isinstance(value, dict) else None
            if type(value) is str:
                if value:
                    return value
            elif value is not None and not isinstance(value, (dict, list)):
                return str(value)
        return ""

    def partition_of(self, contact: str, raw: bytes) -> int:
        """Return the partition of an event: by whom it is about, or else by its bytes."""
        # crc32, not hash(): the same key has the same partition in every process.
        key = contact.encode("utf-8", "surrogatepass") if contact else raw
        return zlib.crc32(key) % self.partitions


def settle_layout(db: Database, wanted: Layout | None) -> Layout:
    """Give a new file its layout, and return the one it has.

    Raises:
        StoreError: It has another than is wanted.
    """
    found = fact(db, _LAYOUT)
    if found is None:
        layout = wanted or Layout()
        data = {"partitions": layout.partitions, "order_key": layout.order_key}
        set_fact(db, _LAYOUT, orjson.dumps(data).decode())
        return layout
    data = orjson.loads(found)
    layout = Layout(partitions=data["partitions"], order_key=tuple(data["order_key"]))
    if wanted is not None and wanted != layout:
        raise StoreError(
            f"The inbox was made with {layout.partitions} partitions by "
            f"{', '.join(layout.order_key)}; that cannot change while it is in use. Write this "
            "into the configuration, or let it run empty and begin with a new file."
        )
    return layout


def fact(db: Database, name: str) -> Any:
    """Return a fact, or None."""
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def set_fact(db: Database, name: str, value: str | float) -> None:
    """Write a fact down."""
    db.execute(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, db.dialect.fact(value)),
    )


def add_to_fact(db: Database, name: str, count: int) -> None:
    """Let a count grow."""
    set_fact(db, name, (fact(db, name) or 0) + count)
