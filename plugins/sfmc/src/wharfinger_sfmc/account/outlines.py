"""What the outline of a mapping says about its data extension or event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import wharfinger
from wharfinger_sfmc.api.calls import DataExtension

__all__ = ["KEYS_LABEL", "names_of", "target_of", "values_label"]

KEYS_LABEL: Final = "Data Extension Primary Keys"
"""What every action calls the primary key columns."""

_VALUES_LABELS: Final = {"send-contact-to-data-extension": "Contact Fields"}


def target_of(outline: wharfinger.Outline) -> DataExtension | None:
    """Return the data extension of all rows of a mapping; None where events decide."""
    if "key" in outline.mapped:
        return None
    key, extension_id = outline.constants.get("key"), outline.constants.get("id")
    if key:
        return DataExtension(key=str(key))
    return DataExtension(id=str(extension_id)) if extension_id else None


def names_of(outline: wharfinger.Outline, field: str) -> tuple[str, ...] | None:
    """Return the entries of an object field; None where events decide which there are."""
    constant = outline.constants.get(field)
    if isinstance(constant, Mapping):
        return tuple(constant)
    if field not in outline.mapped and field not in outline.properties:
        return ()
    return outline.properties.get(field)


def values_label(outline: wharfinger.Outline) -> str:
    """Return what the mapping's action calls the columns that are no primary keys."""
    return _VALUES_LABELS.get(outline.action, "Data Extension Fields")
