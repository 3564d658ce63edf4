"""The two actions: one event per request, and many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import attrs
import httpx

import wharfinger
from wharfinger_webhook.addresses import address_problem
from wharfinger_webhook.auth import ID
from wharfinger_webhook.destination import SLUG
from wharfinger_webhook.messages import JSON, LINES, TEXT, Message, batch_id, message_id, to_json
from wharfinger_webhook.settings import WebhookSettings, plain_headers
from wharfinger_webhook.verdicts import judge

__all__ = ["ACTIONS", "BATCHING", "SendBatch", "SendEvent"]

_AT_MOST_ONCE: Final = "at-most-once"
_AT_LEAST_ONCE: Final = "at-least-once"
_ARRAY, _JSON_LINES = "array", "json-lines"

_DEFAULT_FIELDS: Final[Mapping[str, Any]] = {
    "id": {"@path": "$.messageId"},
    "body": {"@path": "$."},
    "orderKey": {
        "@if": {
            "exists": {"@path": "$.userId"},
            "then": {"@path": "$.userId"},
            "else": {"@path": "$.anonymousId"},
        }
    },
}


def _id_field() -> Any:
    return wharfinger.field(
        label="Message ID",
        description="Travels as webhook-id, by which a receiver knows a repetition. Where an event "
        "has none, a hash of its body stands in.",
        default=None,
    )


def _order_key_field() -> Any:
    return wharfinger.field(
        name="orderKey",
        label="Order Key",
        category=wharfinger.Category.IDENTIFIER,
        description="Events with the same key arrive in their order. Without one, order is free.",
        default=None,
    )


def _delivery_field() -> Any:
    return wharfinger.field(
        label="Delivery",
        description="What to do where nobody knows whether the endpoint took an event. "
        "at-least-once: it is sent again with the same webhook-id, so that nothing is lost. "
        "at-most-once: it is never sent again, and its outcome is unknown.",
        default=_AT_LEAST_ONCE,
        choices=(_AT_LEAST_ONCE, _AT_MOST_ONCE),
        control=wharfinger.Control.OPTION,
    )


@attrs.define(kw_only=True)
class SendEvent:
    """A request for one event.

    Attributes:
        id: Names the event.
        body: What is sent, as JSON.
        text: What is sent instead, as it is.
        content_type: Of the body; None for what suits it.
        order_key: Whose order is kept.
        delivery: What happens where nobody knows whether it was taken.
    """

    id: str | None = _id_field()
    body: dict[str, Any] | None = wharfinger.field(
        label="Body",
        category=wharfinger.Category.DATA,
        description="What is sent, as JSON. The whole event unless the mapping says otherwise.",
        required=wharfinger.when_absent("text"),
    )
    text: str | None = wharfinger.field(
        label="Text",
        category=wharfinger.Category.DATA,
        description="What is sent instead of Body, as it is: a template, XML, a form.",
        kind="text",
        default=None,
    )
    content_type: str | None = wharfinger.field(
        label="Content Type",
        category=wharfinger.Category.DATA,
        description=f"{JSON} for Body and {TEXT} for Text, unless it says otherwise.",
        default=None,
        pattern=r"[!-~]([ -~]{0,150}[!-~])?",
        pattern_hint='must be one line like "application/xml"',
        control=wharfinger.Control.OPTION,
    )
    order_key: str | None = _order_key_field()
    delivery: str = _delivery_field()


@attrs.define(kw_only=True)
class SendBatch:
    """One event of a request for many.

    Attributes:
        id: Names the event.
        body: Its part of what is sent.
        format: How the parts are joined.
        order_key: Whose order is kept.
        batch_size: Most events in one request.
        delivery: What happens where nobody knows whether they were taken.
    """

    id: str | None = _id_field()
    body: dict[str, Any] = wharfinger.field(
        label="Body",
        category=wharfinger.Category.DATA,
        description="What is sent for one event. The whole event unless the mapping says "
        "otherwise.",
    )
    format: str = wharfinger.field(
        label="Format",
        description=f"array: one JSON array ({JSON}). json-lines: one line per event ({LINES}).",
        default=_ARRAY,
        choices=(_ARRAY, _JSON_LINES),
        control=wharfinger.Control.OPTION,
    )
    order_key: str | None = _order_key_field()
    batch_size: int | None = wharfinger.field(
        label="Batch Size",
        description="Most events in one request.",
        default=None,
        minimum=1,
        control=wharfinger.Control.BATCH_ROWS,
    )
    delivery: str = _delivery_field()


def _form_event(payload: SendEvent) -> Message:
    if payload.text is None:
        body, usual = to_json(payload.body), JSON
    else:
        body, usual = payload.text.encode("utf-8", "replace"), TEXT
    return Message(
        id=message_id(payload.id, body),
        body=body,
        content_type=payload.content_type or usual,
        order_key=payload.order_key,
    )


def _form_part(payload: SendBatch) -> Message:
    body = to_json(payload.body)
    return Message(
        id=message_id(payload.id, body),
        body=body,
        content_type=JSON if payload.format == _ARRAY else LINES,
        order_key=payload.order_key,
        format=payload.format,
    )


async def _send_event(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    (message,) = batch.payloads
    return await _send(session, batch.payloads, message.id, message.body)


async def _send_batch(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    messages: Sequence[Message] = batch.payloads
    if messages[0].format == _ARRAY:
        body = b"[" + b",".join(batch.bodies) + b"]"
    else:
        body = b"\n".join(batch.bodies) + b"\n"
    return await _send(session, messages, batch_id(messages), body)


async def _send(
    session: wharfinger.Session, messages: Sequence[Message], name: str, body: bytes
) -> Sequence[wharfinger.Outcome]:
    settings: WebhookSettings = session.settings
    headers = {**plain_headers(settings), "Content-Type": messages[0].content_type, ID: name}
    response = await session.request(settings.method, settings.url, content=body, headers=headers)
    return [judge(session, response, name, len(messages))] * len(messages)


async def _open(session: wharfinger.Session, outline: wharfinger.Outline) -> wharfinger.Opening:
    """Look where the URL leads, and take the mapping's choice of delivery over."""
    settings: WebhookSettings = session.settings
    host = httpx.URL(settings.url).raw_host.decode("ascii")
    findings = []
    if problem := await address_problem(host, private=settings.allow_private_addresses):
        findings.append(
            wharfinger.Finding(
                level="error", subject="URL", message=problem, code="address-refused"
            )
        )
    if outline.constants.get("delivery") != _AT_MOST_ONCE:
        return wharfinger.Opening(findings=findings)
    (asked,) = (action for action in ACTIONS if action.slug == outline.action)
    once = attrs.evolve(asked, effect=wharfinger.Effect.ONCE)
    return wharfinger.Opening(findings=findings, action=once)


def _action(**facts: Any) -> wharfinger.Action:
    return wharfinger.Action(
        destination=SLUG,
        # A receiver that keeps webhook-id takes a repetition for what it is; see Delivery.
        effect=wharfinger.Effect.IDEMPOTENT,
        default_fields=_DEFAULT_FIELDS,
        order_key=attrgetter("order_key"),
        encode=attrgetter("body"),
        open=_open,
        **facts,
    )


ACTIONS: Final = (
    _action(
        slug="send-event",
        title="Send Event",
        description="Sends one request per event.",
        payload=SendEvent,
        perform=_send_event,
        form=_form_event,
    ),
    _action(
        slug="send-batch",
        title="Send Batch",
        description="Sends many events in one request, as a JSON array or as JSON Lines.",
        payload=SendBatch,
        perform=_send_batch,
        form=_form_part,
    ),
)
BATCHING: Final[Mapping[str, wharfinger.BatchPolicy | wharfinger.Unbatched]] = {
    "send-event": wharfinger.Unbatched(
        reason="it sends one request per event; the action Send Batch sends many"
    ),
    "send-batch": wharfinger.BatchPolicy(rows=100, bytes=1_000_000),
}
"""How each action travels, by its slug."""
