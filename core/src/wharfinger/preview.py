"""What events would lead to: the exact requests, recorded by a transport that refuses to send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import attrs
import httpx

from wharfinger.active import ActiveMapping
from wharfinger.delivery.http import RefusingTransport
from wharfinger.delivery.lanes import LanedBatch, plan_lanes
from wharfinger.delivery.session import Session
from wharfinger.errors import DeliveryError, NotSentError
from wharfinger.model.outcome import Outcome, Receipt
from wharfinger.opening import OpenedMappings
from wharfinger.receipts import Receipts
from wharfinger.sending import prepare

__all__ = ["Preview", "PreviewedRequest", "preview"]


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


async def preview(
    session: Session,
    refusing: RefusingTransport,
    opened: OpenedMappings,
    events: Sequence[Mapping[str, Any]],
) -> Preview:
    """Show the requests that events would lead to.

    Args:
        session: Over the transport that refuses.
        refusing: That transport.
        opened: The mappings, and which of them are halted.
        events: JSON objects in the Segment event specification.
    """
    receipts = Receipts(len(events), opened.mappings)
    requests: list[PreviewedRequest] = []
    for mapping in opened.mappings.values():
        # What is halted is mapped all the same: who looks wants to see what comes of the event.
        lanes = plan_lanes(prepare(mapping, events, receipts), mapping.policy)
        for laned in sorted(chain.from_iterable(lanes), key=lambda each: each.events[0]):
            if halt := opened.halts.get(mapping.name):
                receipts.enter(mapping.name, laned.events, [halt] * len(laned.events))
                continue
            refusing.refused.clear()
            await _refuse(session, mapping, laned, receipts)
            requests += [_previewed(mapping, laned, request) for request in refusing.refused]
    return Preview(requests=tuple(requests), receipts=tuple(receipts.all(partial=True)))


async def _refuse(
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


def _previewed(
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
