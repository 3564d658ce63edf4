"""A mapping that keeps one column up to date with an audience or a computed trait.

Segment sends either as identify events, where ``traits`` holds the key, or as track events, where
``properties`` does and names it as ``audience_key`` or ``trait_key``. The value under the key is
true when a person enters an audience and false when they leave; a computed trait has any value.
Source: Segment's documentation, "Using Engage Data".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import attrs

from wharfinger import Action, RowFields
from wharfinger_host import toml

__all__ = [
    "Audience",
    "Row",
    "SentAs",
    "choose_action",
    "fields_of_row",
    "problem_with_key",
    "text_of",
]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SentAs(StrEnum):
    """The type of the events."""

    IDENTIFY = "identify"
    TRACK = "track"


@attrs.frozen(kw_only=True)
class Audience:
    """An audience, or a computed trait.

    Attributes:
        key: Its key at Segment.
        sent_as: The type of its events.
        is_trait: Whether it is a computed trait.
    """

    key: str
    sent_as: SentAs
    is_trait: bool = False

    @property
    def trigger(self) -> str:
        """Which events are about it. Those of type track may be called anything at Segment."""
        if self.sent_as is SentAs.IDENTIFY:
            return f'type = "identify" and traits{self._step} != null'
        named = "trait_key" if self.is_trait else "audience_key"
        return f'type = "track" and properties.{named} = "{self.key}"'

    @property
    def value(self) -> Mapping[str, str]:
        """Where its value stands in an event."""
        holder = "traits" if self.sent_as is SentAs.IDENTIFY else "properties"
        return {"@path": f"$.{holder}{self._step}"}

    @property
    def _step(self) -> str:
        """The key as a step of a path, which triggers and field mappings write alike."""
        return f".{self.key}" if _PLAIN.fullmatch(self.key) else f'["{self.key}"]'

    @property
    def mapping_name(self) -> str:
        """What a mapping for it is called: ``"audience-vip-shoppers"``."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", self.key).strip("-").lower()
        return f"{'trait' if self.is_trait else 'audience'}-{words}".strip("-")

    @property
    def about(self) -> str:
        """What the mapping does, in a sentence."""
        if self.is_trait:
            return f'The computed trait "{self.key}": the column has its latest value.'
        return (
            f'The audience "{self.key}": true when a person enters, false when they leave. The row '
            "stays."
        )


@attrs.frozen(kw_only=True)
class Row:
    """Where the value goes.

    Attributes:
        table: The table, or ``""`` where the vendor has one only or a field says which.
        column: The column.
        key_column: The column that says whose row it is; ``""`` for what the action does by itself.
    """

    table: str
    column: str
    key_column: str = ""


def choose_action(actions: Mapping[str, Action], *, key_column: str) -> Action | None:
    """Return the action that fits best, of those that upsert rows; None if there is none.

    One that finds a person's row by itself is for those who name no column of theirs.
    """
    found = [action for action in actions.values() if action.rows]
    fitting = [action for action in found if _finds_rows_itself(action) != bool(key_column)]
    return next(iter([*fitting, *found]), None)


def _finds_rows_itself(action: Action) -> bool:
    """Tell whether the defaults of an action say which row a person has."""
    return bool(action.rows and action.default_fields.get(action.rows.keys))


def fields_of_row(rows: RowFields, row: Row, audience: Audience) -> dict[str, Any]:
    """Return the field mapping.

    Args:
        rows: Which fields make up a row.
        row: Where the value goes.
        audience: What it is the value of.
    """
    fields: dict[str, Any] = {}
    if rows.table and row.table:
        fields[rows.table] = row.table
    if row.key_column:
        fields[rows.keys] = {row.key_column: {"@path": "$.userId"}}
    return {**fields, rows.values: {row.column: audience.value}}


def text_of(audience: Audience, mapping: Mapping[str, Any], path: Sequence[str]) -> str:
    """Return the mapping as TOML.

    Args:
        audience: What it is about.
        mapping: Its ``action``, ``trigger`` and ``fields``.
        path: Of its table, from the root of the configuration.
    """
    plain = {key: value for key, value in mapping.items() if key != "fields"}
    lines = [
        toml.comment(audience.about),
        toml.header(*path),
        *toml.entries(plain),
        "",
        toml.header(*path, "fields"),
        *toml.entries(mapping["fields"]),
    ]
    return "\n".join(lines) + "\n"


def problem_with_key(key: str) -> str:
    """Say in words why this can be no key; ``""`` where it can."""
    if key and key.isprintable() and not set('"\\') & set(key):
        return ""
    return "must be printable text without quotes and backslashes."
