"""Send API Events in Batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import httpx
import orjson

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
from wharfinger_sfmc.destination import MAX_BODY_BYTES, SLUG
from wharfinger_sfmc.errors import Call, Topic, doubt_mark, failure
from wharfinger_sfmc.journeys.settling import Journeys, Sent, settle
from wharfinger_sfmc.journeys.verdicts import event_call, verdicts

__all__ = ["ACTION", "BATCHING", "SendApiEvents"]

MAX_MEMBERS: Final = 100
"""Most events of one request ("Enter Contacts into a Journey in Batches")."""
# What stands around the members; an event definition key has 1,000 characters at most.
_ENVELOPE_BYTES: Final = 10_000
_STOPPING: Final = frozenset({wharfinger.Status.RETRY, wharfinger.Status.HALTED})

BATCHING: Final = wharfinger.BatchPolicy(
    rows=MAX_MEMBERS, bytes=MAX_BODY_BYTES - _ENVELOPE_BYTES, lanes=2
)


@attrs.define(kw_only=True)
class SendApiEvents:
    """An event that enters a contact, and travels with others of its event definition.

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


_LABELS: Final = {field.name: field.label for field in wharfinger.fields_of(SendApiEvents)}


def _encode(payload: SendApiEvents) -> bytes:
    # The key stands once around all members, where text that is not valid Unicode must not get to.
    if not payload.event_definition_key.isascii():
        to_json({"eventDefinitionKey": payload.event_definition_key}, _LABELS)
    member: dict[str, Any] = {"contactKey": payload.contact_key}
    if payload.data is not None:
        member["data"] = payload.data
    return to_json(member, _LABELS)


def _batch_key(payload: SendApiEvents) -> str:
    return payload.event_definition_key


def _order_key(payload: SendApiEvents) -> str:
    return payload.contact_key


def _request(definition: str, members: Sequence[bytes]) -> bytes:
    key = orjson.dumps(definition)
    return b'{"eventDefinitionKey":' + key + b',"members":[' + b",".join(members) + b"]}"


async def _perform(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    outcomes = await _send(session, batch)
    return [told(*of_one) for of_one in zip(batch.payloads, outcomes, strict=True)]


async def _send(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Send a batch, and in halves what SFMC refuses as a whole for a reason that one may give."""
    journeys = Journeys.of(session)
    sendings = [journeys.send(batch.key, payload.contact_key) for payload in batch.payloads]
    try:
        reply = await Api(session).send_events(_request(batch.key, batch.bodies))
        return await _read(session, batch, sendings, reply)
    except wharfinger.UnknownError as error:
        return await settle(session, sendings, error, batch=sendings)
    except wharfinger.DeliveryError as error:
        for sent, payload in zip(sendings, batch.payloads, strict=True):
            note(session, journeys, sent, payload, error)
        if not isinstance(error, wharfinger.RejectedError) or len(batch) == 1:
            return [wharfinger.Outcome.of(error)] * len(batch)
    return await _in_halves(session, batch)


async def _in_halves(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> list[wharfinger.Outcome]:
    """Find whom a refusal of the whole batch was about; nobody of it entered."""
    middle = len(batch) // 2
    outcomes = list(await _send(session, batch.take(range(middle))))
    stop = next((outcome for outcome in outcomes if outcome.status in _STOPPING), None)
    if stop is not None:
        return outcomes + [stop] * (len(batch) - middle)
    return outcomes + list(await _send(session, batch.take(range(middle, len(batch)))))


async def _read(
    session: wharfinger.Session, batch: wharfinger.Batch, sendings: Sequence[Sent], reply: Reply
) -> list[wharfinger.Outcome]:
    """Return what became of each event; ask about those on which the reply is silent.

    Raises:
        wharfinger.DeliveryError: The reply is about the batch as a whole.
    """
    definition = sendings[0].definition
    found = verdicts(session, reply, definition, [sent.contact for sent in sendings])
    if found is None:
        error = failure(reply, _call(session, definition))
        if isinstance(error, wharfinger.UnknownError):
            return await settle(
                session, sendings, error, batch=sendings, request_id=reply.request_id
            )
        raise error
    journeys, outcomes = Journeys.of(session), dict[Sent, wharfinger.Outcome]()
    for sent, payload, verdict in zip(sendings, batch.payloads, found, strict=True):
        if verdict.outcome is not None:
            outcomes[sent] = verdict.outcome
            journeys.decide(sent, verdict.instance)
        elif session.idempotent:
            payload.in_doubt = True
    doubtful = [sent for sent in sendings if sent not in outcomes]
    outcomes.update(zip(doubtful, await _judged(session, doubtful, sendings, reply), strict=True))
    return [outcomes[sent] for sent in sendings]


async def _judged(
    session: wharfinger.Session, doubtful: Sequence[Sent], sendings: Sequence[Sent], reply: Reply
) -> list[wharfinger.Outcome]:
    """Return the outcomes of events on which a reply with other verdicts is silent."""
    if not doubtful:
        return []
    # Where others have their verdict, SFMC took the batch, whatever the status of its reply.
    taken = attrs.evolve(reply, status=httpx.codes.ACCEPTED)
    error = failure(taken, _call(session, doubtful[0].definition))
    error.http_status = reply.status
    if not isinstance(error, wharfinger.UnknownError):
        return [wharfinger.Outcome.of(error)] * len(doubtful)
    return await settle(session, doubtful, error, batch=sendings, request_id=reply.request_id)


def _call(session: wharfinger.Session, definition: str) -> Call:
    return event_call(Topic.EVENTS, definition, repeatable=session.idempotent)


async def _open(session: wharfinger.Session, outline: wharfinger.Outline) -> wharfinger.Opening:
    return await open_events(session, outline, ACTION)


ACTION: Final = wharfinger.Action(
    destination=SLUG,
    slug="send-api-events-in-batches",
    title="Send API Events in Batches",
    description="Sends up to 100 events of one event definition in one request. SFMC queues them "
    "and processes them afterwards; delivered means that SFMC accepted the event into its queue "
    "and named its event instance.",
    payload=SendApiEvents,
    perform=_perform,
    effect=wharfinger.Effect.ONCE,
    default_fields={"contactKey": {"@path": "$.userId"}},
    batch_key=_batch_key,
    order_key=_order_key,
    encode=_encode,
    open=_open,
    choices=EVENT_CHOICES,
)
