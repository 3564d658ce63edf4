"""Send Transactional Message: email through a send definition, many recipients in one request.

Facts are from Salesforce's pages "Send Email Message to Multiple Recipients", "Get Started with
Transactional Messaging API" and "Transactional API Response Level Error Codes"; that a message key
is known for two days was seen in a reply, where the first page says 72 hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final
from urllib.parse import quote

import attrs
import orjson

import wharfinger
from wharfinger_sfmc_extras.destination import SLUG
from wharfinger_sfmc_extras.replies import definition_finding, outcomes_by_key

__all__ = ["ACTION", "BATCHING", "TransactionalMessage"]

_AT_MOST_ONCE: Final = "at-most-once"
_AT_LEAST_ONCE: Final = "at-least-once"
_JSON: Final = {"Content-Type": "application/json; charset=UTF-8"}

_KEY_OF_ANOTHER: Final = wharfinger.Outcome.of(
    wharfinger.PayloadError(
        [
            wharfinger.Problem(
                ("messageKey",),
                "Message Key is that of another message which came before it in the same request, "
                "and Marketing Cloud takes each key once. This one was not sent: map what differs "
                "for every message.",
            )
        ]
    )
)

# At most 2,000 recipients, and with attributes Salesforce advises 500.
BATCHING: Final = wharfinger.BatchPolicy(rows=500, bytes=1_000_000)
"""How messages travel."""


@attrs.define(kw_only=True)
class TransactionalMessage:
    """One email to one contact.

    Attributes:
        definition_key: Names the send definition.
        contact_key: Identifies the contact.
        to: The address it goes to.
        attributes: What the email is personalised with; None for nothing.
        message_key: Names this message; Marketing Cloud takes no second one of this name.
        delivery: What happens where nobody knows whether it was taken.
    """

    definition_key: str = wharfinger.field(
        name="definitionKey",
        label="Send Definition Key",
        category=wharfinger.Category.DATA,
        description="Key of the send definition: a transactional send journey, or one that was "
        "made through the API.",
        maximum=1000,
    )
    contact_key: str = wharfinger.field(
        name="contactKey",
        label="Contact Key",
        category=wharfinger.Category.IDENTIFIER,
        description="Identifies the contact; one that is not there yet is made.",
    )
    to: str = wharfinger.field(
        label="To",
        category=wharfinger.Category.IDENTIFIER,
        description="The address the email goes to.",
        format="email",
    )
    attributes: dict[str, Any] | None = wharfinger.field(
        label="Attributes",
        category=wharfinger.Category.DATA,
        description="What the email is personalised with; names as in the send definition's data "
        "extension.",
        default=None,
    )
    message_key: str = wharfinger.field(
        name="messageKey",
        label="Message Key",
        category=wharfinger.Category.IDENTIFIER,
        description="Names this message, and must differ from that of every other one: Marketing "
        "Cloud refuses a name it has had within the last days, so that a repetition sends nothing.",
        maximum=100,
    )
    delivery: str = wharfinger.field(
        label="Delivery",
        description="What to do where nobody knows whether Marketing Cloud took a message. "
        "at-least-once: it is sent again with the same Message Key, which sends nothing twice "
        "within the next days. at-most-once: it is never sent again, and its outcome is unknown.",
        default=_AT_LEAST_ONCE,
        choices=(_AT_LEAST_ONCE, _AT_MOST_ONCE),
        control=wharfinger.Control.OPTION,
    )


def _encode(message: TransactionalMessage) -> bytes:
    recipient: dict[str, Any] = {
        "contactKey": message.contact_key,
        "to": message.to,
        "messageKey": message.message_key,
    }
    if message.attributes is not None:
        recipient["attributes"] = message.attributes
    try:
        return orjson.dumps(recipient)
    except TypeError as error:
        text = f"The message cannot be written as JSON ({type(error).__name__}). Map other values."
        raise wharfinger.PayloadError([wharfinger.Problem(("attributes",), text)]) from None


def _rest(session: wharfinger.Session, path: str) -> str:
    return f"https://{session.settings.subdomain}.rest.marketingcloudapis.com/messaging/v1/{path}"


async def _perform(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Send one message per key; an event that came twice is one message and has one outcome.

    "Send Email Message to Multiple Recipients": each recipient of a request must have a key of its
    own. What would be another message under the key of one before it is not sent at all.
    """
    messages: Sequence[TransactionalMessage] = batch.payloads
    keys = [message.message_key for message in messages]
    by_key: dict[str, bytes] = {}
    for key, body in zip(keys, batch.bodies, strict=True):
        by_key.setdefault(key, body)
    outcomes = await _outcomes(session, batch.key, by_key)
    return [
        outcomes[key] if by_key[key] == body else _KEY_OF_ANOTHER
        for key, body in zip(keys, batch.bodies, strict=True)
    ]


async def _outcomes(
    session: wharfinger.Session, definition: str, by_key: Mapping[str, bytes]
) -> Mapping[str, wharfinger.Outcome]:
    """Send messages, and return what became of each, by its key."""
    try:
        response = await session.request(
            "POST",
            _rest(session, "email/messages"),
            content=b'{"definitionKey":%s,"recipients":[%s]}'
            % (orjson.dumps(definition), b",".join(by_key.values())),
            headers=_JSON,
        )
        return outcomes_by_key(session, response, definition=definition, keys=by_key)
    except wharfinger.DeliveryError as error:
        # As for all that were sent; whoever was not has an outcome of its own.
        return dict.fromkeys(by_key, wharfinger.Outcome.of(error))


async def _open(session: wharfinger.Session, outline: wharfinger.Outline) -> wharfinger.Opening:
    """Look the send definition up, and take the mapping's choice of delivery over."""
    findings = []
    if key := outline.constants.get("definitionKey"):
        segment = quote(key, safe="").replace(".", "%2E")  # dots alone would climb the path
        response = await session.request("GET", _rest(session, f"email/definitions/{segment}"))
        if finding := definition_finding(session, response, key):
            findings.append(finding)
    if outline.constants.get("delivery") != _AT_MOST_ONCE:
        return wharfinger.Opening(findings=findings)
    once = attrs.evolve(ACTION, effect=wharfinger.Effect.ONCE)
    return wharfinger.Opening(findings=findings, action=once)


ACTION: Final = wharfinger.Action(
    destination=SLUG,
    slug="send-transactional-message",
    title="Send Transactional Message",
    description="Sends emails through a transactional send definition.",
    payload=TransactionalMessage,
    perform=_perform,
    # The message key makes it so; see Delivery.
    effect=wharfinger.Effect.IDEMPOTENT,
    default_fields={
        "contactKey": {"@path": "$.userId"},
        "to": {"@path": "$.context.traits.email"},
        "messageKey": {"@path": "$.messageId"},
    },
    batch_key=attrgetter("definition_key"),
    encode=_encode,
    open=_open,
)
