"""What events would lead to: the exact requests, recorded by a transport that refuses to send."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import httpx

from wharfinger.active import ActiveMapping
from wharfinger.delivery.lanes import LanedBatch
from wharfinger.delivery.session import Session
from wharfinger.errors import DeliveryError, NotSentError
from wharfinger.model.outcome import Outcome, Receipt
from wharfinger.receipts import Receipts

__all__ = ["Preview", "PreviewedRequest", "previewed", "refuse"]


@attrs.frozen(kw_only=True)
class PreviewedRequest:
    """One request as it would be sent; its credentials are added when it is.

    Attributes:
        mapping: Name of the mapping.
        action: Slug of the action.
        events: Indices of the events whose payloads it carries.
        method: ``"POST"``.
        url: The whole address.
        headers: As they would be sent.
        body: As it would be sent.
    """

    mapping: str
    action: str
    events: tuple[int, ...]
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen(kw_only=True)
class Preview:
    """What events would lead to.

    Attributes:
        requests: The requests, in the order of the mappings.
        receipts: One per event, holding only outcomes that need no vendor.
    """

    requests: tuple[PreviewedRequest, ...]
    receipts: tuple[Receipt, ...]


async def refuse(
    session: Session, mapping: ActiveMapping, laned: LanedBatch, receipts: Receipts
) -> None:
    """Perform against a transport that refuses; an action may also reject before it sends."""
    try:
        outcomes = await mapping.action.perform(session, laned.batch)
    except NotSentError:
        return
    except DeliveryError as error:
        outcomes = [Outcome.of(error)] * len(laned.events)
    receipts.enter(mapping.name, laned.events, outcomes)


def previewed(
    mapping: ActiveMapping, laned: LanedBatch, request: httpx.Request
) -> PreviewedRequest:
    """Return the record of a request that was refused."""
    return PreviewedRequest(
        mapping=mapping.name,
        action=mapping.action.slug,
        events=tuple(laned.events),
        method=request.method,
        url=str(request.url),
        headers=dict(request.headers),
        body=request.content,
    )
