"""Create Contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import httpx

import wharfinger
from wharfinger_sfmc.api.calls import Api
from wharfinger_sfmc.api.encoding import to_json
from wharfinger_sfmc.api.replies import Reply
from wharfinger_sfmc.destination import SLUG
from wharfinger_sfmc.errors import (
    Call,
    InDoubtError,
    Topic,
    doubt_mark,
    doubted,
    failure,
    leaves_doubt,
)
from wharfinger_sfmc.permissions import WRITE_CONTACTS, words

__all__ = ["ACTION", "BATCHING", "CreateContact"]

BATCHING: Final = wharfinger.Unbatched(reason="SFMC takes one contact per request")
_CALL: Final = Call(
    topic=Topic.CONTACT, subject="creating contacts", permissions=words(WRITE_CONTACTS)
)
_ALREADY_EXISTS: Final = 30004
_MAY_EXIST: Final = (
    "An earlier request may have created it all the same: SFMC's reply to that one was lost or is "
    "no proof. Look for it in All Contacts; creating it again is harmless."
)
_SAID: Final = frozenset(
    {
        *("contactid", "contactkey", "haserrors", "isnewcontactkey", "operationstatus"),
        *("requestservicemessageid", "resultmessages", "rowsaffected", "servicemessageid"),
    }
)
"""What SFMC says in lower case; replies differ in which of it they hold, and one is enough."""


@attrs.define(kw_only=True)
class CreateContact:
    """A contact that exists afterwards.

    Attributes:
        contact_key: Identifies the contact; one is created where none has this key.
        in_doubt: Whether a request may have created it, although no reply says so.
    """

    contact_key: str = wharfinger.field(
        name="contactKey",
        label="Contact Key",
        category=wharfinger.Category.IDENTIFIER,
        description="Identifies the contact. A contact is created where none has this key.",
    )
    in_doubt: bool = doubt_mark()


def _encode(payload: CreateContact) -> bytes:
    return to_json(
        {"contactKey": payload.contact_key, "attributeSets": []}, {"contactKey": "Contact Key"}
    )


def _order_key(payload: CreateContact) -> str:
    return payload.contact_key


async def _perform(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    (contact,), (body,) = batch.payloads, batch.bodies
    try:
        reply = await _create(session, body)
    except wharfinger.DeliveryError as error:
        contact.in_doubt |= leaves_doubt(error)
        outcome = wharfinger.Outcome.of(error)
        is_refused = isinstance(error, wharfinger.RejectedError)
        return [doubted(outcome, _MAY_EXIST) if contact.in_doubt and is_refused else outcome]
    return [wharfinger.Outcome.delivered(http_status=reply.status, request_id=reply.request_id)]


async def _create(session: wharfinger.Session, contact: bytes) -> Reply:
    """Send a contact and return the reply that says that it is there."""
    reply = await Api(session).create_contact(contact)
    if not (reply.accepted or _exists_already(reply)):
        raise failure(reply, _CALL)
    if reply.accepted and _SAID.isdisjoint(reply.fields):
        # A page of a proxy may have the status 200 as well.
        raise InDoubtError(
            "SFMC answered with success, but not with what it is known to answer, so nobody knows "
            "whether the contact is there. Creating it again is safe.",
            code="unexpected-reply",
            http_status=reply.status,
            request_id=reply.request_id,
        )
    return reply


def _exists_already(reply: Reply) -> bool:
    """SFMC answers 200 for a key that exists; a conflict would say the same in other words."""
    return (reply.status, reply.errorcode) == (httpx.codes.CONFLICT, _ALREADY_EXISTS)


ACTION: Final = wharfinger.Action(
    destination=SLUG,
    slug="create-contact",
    title="Create Contact",
    description="Creates a contact in All Contacts where none has the Contact Key.",
    payload=CreateContact,
    perform=_perform,
    effect=wharfinger.Effect.IDEMPOTENT,
    default_trigger='type = "identify"',
    default_fields={"contactKey": {"@path": "$.userId"}},
    aliases=("contact",),
    order_key=_order_key,
    encode=_encode,
)
