"""Send API Event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.api import Api
from wharfinger_sfmc.destination import SLUG
from wharfinger_sfmc.encoding import to_json
from wharfinger_sfmc.errors import Call, Topic, failure

__all__ = ["ACTION", "BATCHING", "SendApiEvent"]

BATCHING: Final = wharfinger.Unbatched(
    reason="SFMC starts one journey entry per request, and only that way is each one confirmed"
)
_PERMISSIONS: Final = '"Journeys: Read" and "List and Subscribers: Read"'


@attrs.define(kw_only=True)
class SendApiEvent:
    """An event that enters a contact into what listens to its event definition.

    Attributes:
        event_definition_key: Names the event definition.
        contact_key: Identifies the contact that enters.
        data: What the event carries, by the names of the event definition's schema; None for
            nothing.
    """

    event_definition_key: str = wharfinger.field(
        name="eventDefinitionKey",
        label="Event Definition Key",
        description="The key of an event definition that exists in SFMC. It is not the key of "
        "the journey.",
        pattern=r"[^.]+",
        pattern_hint="must not contain a period",
    )
    contact_key: str = wharfinger.field(
        name="contactKey",
        label="Contact Key",
        description="Identifies the contact that enters.",
    )
    data: dict[str, Any] | None = wharfinger.field(
        label="Event Data",
        description="What the event carries; names exactly as in the event definition's schema.",
        default=None,
    )


_LABELS: Final = {field.name: field.label for field in wharfinger.fields_of(SendApiEvent)}


def _encode(payload: SendApiEvent) -> bytes:
    event: dict[str, Any] = {
        "contactKey": payload.contact_key,
        "eventDefinitionKey": payload.event_definition_key,
    }
    if payload.data is not None:
        event["data"] = payload.data
    return to_json(event, _LABELS)


def _order_key(payload: SendApiEvent) -> str:
    return payload.contact_key


async def _perform(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    (payload,), (event,) = batch.payloads, batch.bodies
    reply = await Api(session).send_event(event)
    instance = reply.fields.get("eventinstanceid")
    # Only the instance proves the entry: a 2xx without it is no evidence.
    if not reply.accepted or not instance:
        raise failure(reply, _call(payload.event_definition_key))
    return [wharfinger.Outcome.delivered(http_status=reply.status, request_id=str(instance))]


def _call(event_definition_key: str) -> Call:
    return Call(
        topic=Topic.EVENT,
        subject=f'the event definition "{event_definition_key}"',
        permissions=_PERMISSIONS,
    )


ACTION: Final = wharfinger.Action(
    destination=SLUG,
    slug="send-api-event",
    title="Send API Event",
    description="Sends an event into an existing event definition, which can start a journey.",
    payload=SendApiEvent,
    perform=_perform,
    effect=wharfinger.Effect.ONCE,
    default_fields={"contactKey": {"@path": "$.userId"}},
    aliases=("apiEvent",),
    order_key=_order_key,
    encode=_encode,
)
