"""Send API Event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.account.choices import EVENT_CHOICES
from wharfinger_sfmc.actions._event import (
    contact_key_field,
    delivery_field,
    event_definition_key_field,
    note,
    open_events,
    told,
)
from wharfinger_sfmc.api.calls import Api
from wharfinger_sfmc.api.encoding import to_json
from wharfinger_sfmc.api.replies import Reply
from wharfinger_sfmc.destination import SLUG
from wharfinger_sfmc.errors import Topic, doubt_mark, failure
from wharfinger_sfmc.journeys.settling import Journeys, settle
from wharfinger_sfmc.journeys.verdicts import event_call, instance_of

__all__ = ["ACTION", "BATCHING", "SendApiEvent"]

BATCHING: Final = wharfinger.Unbatched(
    reason="SFMC starts one journey entry per request; choose the action Send API Events in "
    "Batches for up to 100"
)


@attrs.define(kw_only=True)
class SendApiEvent:
    """An event that enters a contact into what listens to its event definition.

    Attributes:
        event_definition_key: Names the event definition.
        contact_key: Identifies the contact that enters.
        data: What the event carries, by the names of the event definition's schema; None for
            nothing.
        delivery: What happens where nobody knows whether SFMC took it.
        in_doubt: Whether a request may have entered it, although no reply says so.
    """

    event_definition_key: str = event_definition_key_field()
    contact_key: str = contact_key_field()
    data: dict[str, Any] | None = wharfinger.field(
        label="Event Data",
        category=wharfinger.Category.DATA,
        description="What the event carries; names exactly as in the event definition's schema.",
        default=None,
    )
    delivery: str = delivery_field()
    in_doubt: bool = doubt_mark()


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
    definition = payload.event_definition_key
    journeys = Journeys.of(session)
    sent = journeys.send(definition, payload.contact_key)
    try:
        reply = await _enter(session, definition, event)
    except wharfinger.UnknownError as error:
        return await settle(session, [sent], error)
    except wharfinger.DeliveryError as error:
        note(session, journeys, sent, payload, error)
        return [told(payload, wharfinger.Outcome.of(error))]
    instance = instance_of(reply.fields)
    journeys.decide(sent, instance)
    return [wharfinger.Outcome.delivered(http_status=reply.status, request_id=instance)]


async def _enter(session: wharfinger.Session, definition: str, event: bytes) -> Reply:
    """Send an event and return the reply that names its instance."""
    reply = await Api(session).send_event(event)
    named = instance_of(reply.fields) is not None
    # Only the instance proves the entry: a 2xx without it is no evidence.
    if named and reply.accepted:
        return reply
    # Errors beside an instance contradict it, and then neither of them is evidence.
    doubt = attrs.evolve(reply, details=()) if named else reply
    raise failure(doubt, event_call(Topic.EVENT, definition, repeatable=session.idempotent))


async def _open(session: wharfinger.Session, outline: wharfinger.Outline) -> wharfinger.Opening:
    return await open_events(session, outline, ACTION)


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
    open=_open,
    choices=EVENT_CHOICES,
)
