"""Why one event became what it became: trigger, steps, fields and the request, for each mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.errors import RejectedError
from wharfinger.mapping.explain import Step
from wharfinger.mapping.explain import explain as explain_fields
from wharfinger.model.outcome import Outcome
from wharfinger.payload import fields_of
from wharfinger.payload.explain import FieldReading
from wharfinger.payload.explain import explain as explain_payload
from wharfinger.preview import Preview, PreviewedRequest
from wharfinger.trigger.explain import TriggerExplanation
from wharfinger.trigger.explain import explain as explain_trigger

__all__ = ["Explanation", "MappingExplanation", "explain"]


@attrs.frozen(kw_only=True)
class MappingExplanation:
    """What one mapping makes of one event, and why.

    Attributes:
        mapping: Its name.
        action: Slug of its action.
        trigger: Each condition with its truth and the value it saw; None where the event is no
            event.
        steps: How the field mapping made its values; None where the trigger did not match, or a
            step failed.
        fields: What the action's payload class made of these values.
        outcome: Where the event's way ends before the vendor; None where it goes on.
        request: The request it would travel in if it were alone; None where the way ends.
        source: The generated Python that does this in earnest.
    """

    mapping: str
    action: str
    trigger: TriggerExplanation | None = None
    steps: Step | None = None
    fields: tuple[FieldReading, ...] = ()
    outcome: Outcome | None = None
    request: PreviewedRequest | None = None
    source: str = attrs.field(default="", repr=False)

    @property
    def payload(self) -> dict[str, Any]:
        """The values of the payload, by field name."""
        return {field.name: field.value for field in self.fields if field.has_value}

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data; what the event did not get to is left out."""
        found: dict[str, Any] = {"mapping": self.mapping, "action": self.action}
        if self.trigger is not None:
            found["trigger"] = self.trigger.as_json()
        if self.steps is not None:
            found["steps"] = self.steps.as_json()
            found["fields"] = [field.as_json() for field in self.fields]
            found["payload"] = self.payload
        if self.outcome is not None:
            found["outcome"] = attrs.asdict(self.outcome)
        if self.request is not None:
            found["request"] = {
                **attrs.asdict(self.request),
                "body": self.request.body.decode(errors="replace"),
            }
        return found


@attrs.frozen
class Explanation:
    """What every mapping of a connection makes of one event."""

    mappings: tuple[MappingExplanation, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return it as plain data, one entry per mapping."""
        return [mapping.as_json() for mapping in self.mappings]


def explain(mappings: Mapping[str, ActiveMapping], event: Any, preview: Preview) -> Explanation:
    """Explain what each mapping makes of one event.

    Args:
        mappings: The mappings, by name.
        event: The event.
        preview: Of this event alone.
    """
    requests = {request.mapping: request for request in preview.requests}
    (receipt,) = preview.receipts
    return Explanation(
        tuple(
            _explained(mapping, event, receipt.outcomes.get(name), requests.get(name))
            for name, mapping in mappings.items()
        )
    )


def _explained(
    mapping: ActiveMapping, event: Any, outcome: Outcome | None, request: PreviewedRequest | None
) -> MappingExplanation:
    explained = MappingExplanation(
        mapping=mapping.name,
        action=mapping.action.slug,
        outcome=outcome,
        request=request,
        source=mapping.source,
    )
    if not isinstance(event, Mapping):
        return explained
    trigger = explain_trigger(mapping.trigger, event)
    explained = attrs.evolve(explained, trigger=trigger)
    if not trigger.takes:
        return explained
    try:
        steps = explain_fields(mapping.node, event)
    except RejectedError:
        return explained  # the outcome names the step
    return attrs.evolve(explained, steps=steps, fields=_fields(mapping, steps.value))


def _fields(mapping: ActiveMapping, raw: Any) -> tuple[FieldReading, ...]:
    """Explain the fields that travel; what steers batching is no part of a payload."""
    if not isinstance(raw, Mapping):
        return ()
    payload = mapping.action.payload
    travels = {field.name for field in fields_of(payload) if field.in_payload}
    return tuple(field for field in explain_payload(payload, raw) if field.name in travels)
