"""What an action learns of its mapping when a connection opens, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from wharfinger.model.destination import Finding

if TYPE_CHECKING:
    from wharfinger.model.action import Action

__all__ = ["Opening", "Outline"]


@attrs.frozen(kw_only=True)
class Outline:
    """What a mapping says before any event has come.

    Attributes:
        mapping: The mapping's name.
        action: Slug of its action.
        constants: Fields that are the same for every event, by name; defaults and options are
            among them, and fields that are None are not.
        mapped: Names of the fields whose value every event decides.
        properties: Per object field the names of its entries, where the mapping writes them out;
            a field whose names an event decides is not in it.
    """

    mapping: str
    action: str
    constants: Mapping[str, Any] = attrs.field(factory=dict)
    mapped: frozenset[str] = frozenset()
    properties: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Opening:
    """How an action stands to one mapping of a connection that opens.

    Attributes:
        findings: What was found. One with the level ``"error"`` halts the mapping: its events
            get the outcome ``halted`` until the connection is opened again.
        action: The action as it serves this mapping, made with ``attrs.evolve`` from the one that
            was asked; None for that one. Its slug and its payload class stay the same.
    """

    findings: Sequence[Finding] = ()
    action: Action | None = None
