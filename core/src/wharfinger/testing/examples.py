"""Events that an action is tried with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from wharfinger.model.action import Action
from wharfinger.model.fields import Condition, Field, Kind
from wharfinger.payload import fields_of

__all__ = ["Example", "example_for"]

_SAMPLES: Final = ("one", "two", "three")
_BY_FORMAT: Final = {
    "email": "{}@example.com",
    "uri": "https://example.com/{}",
    "date-time": "2026-01-02T03:04:05Z",
}


@attrs.frozen(kw_only=True)
class Example:
    """What an action is tried with.

    Attributes:
        events: Events that the vendor accepts: two or more that make different payloads, and at
            best all of one order key; none to have them made up from the fields that the action
            requires.
        refused: Events that the vendor refuses although their payloads are valid, while others of
            the same request are accepted; none where there are no such events.
        fields: The field mapping, as in a configuration; what it leaves out comes from the
            action's default.
        trigger: The trigger; ``""`` for the action's default, or else for all of the events.
    """

    events: Sequence[Mapping[str, Any]] = ()
    refused: Sequence[Mapping[str, Any]] = ()
    fields: Mapping[str, Any] = attrs.field(factory=dict)
    trigger: str = ""


def example_for(action: Action, given: Example | None = None) -> Example:
    """Return an example with events; they are made up from the fields that an action requires.

    Args:
        action: The action.
        given: What somebody gave for it, perhaps without events.
    """
    given = given or Example()
    if given.events:
        return given
    needed = [
        field
        for field in fields_of(action.payload)
        if field.name not in action.default_fields and _is_needed(field)
    ]
    events = [
        {
            "type": "track",
            "event": "Example",
            "messageId": f"message-{sample}",
            "userId": f"user-{sample}",
            "properties": {field.name: _value(field, sample) for field in needed},
        }
        for sample in _SAMPLES
    ]
    fields = {field.name: {"@path": f"$.properties.{field.name}"} for field in needed}
    return attrs.evolve(
        given,
        events=events,
        fields={**fields, **given.fields},
        trigger=given.trigger or 'type = "track"',
    )


def _is_needed(field: Field) -> bool:
    if field.control is not None or field.default is not None:
        return False
    if isinstance(field.required, Condition):
        return field.required.operator == "absent"
    return field.required


def _value(field: Field, sample: str) -> Any:
    if field.multiple:
        return [_value(attrs.evolve(field, multiple=False), sample)]
    if field.choices:
        return field.choices[0]
    if field.kind is Kind.OBJECT:
        members = {name: _value(each, sample) for name, each in field.properties.items()}
        return members or {"name": sample}
    plain = {
        Kind.BOOLEAN: True,
        Kind.INTEGER: (field.minimum or 0) + len(sample),
        Kind.NUMBER: (field.minimum or 0) + len(sample),
        Kind.DATETIME: _BY_FORMAT["date-time"],
    }
    text = _BY_FORMAT.get(field.format or "", "{}").format(sample).ljust(int(field.minimum or 0))
    return plain.get(field.kind, text.replace(" ", "x"))
