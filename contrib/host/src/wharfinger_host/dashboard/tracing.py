"""What became of one person's events, or of one event."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.rendering import page
from wharfinger_host.store.tracing import TracedEvent, trace

__all__ = ["routes"]

_MOST: Final = 100


def routes(desk: Desk) -> list[Route]:
    """Return where the page is."""

    async def traced(request: Request) -> Response:
        contact = request.query_params.get("contact", "")
        message_id = request.query_params.get("message_id", "")
        found: list[TracedEvent] = []
        if contact or message_id:
            found = await desk.ask(trace, contact=contact, message_id=message_id, most=_MOST)
        return page(
            request,
            desk,
            "trace.html",
            contact=contact,
            message_id=message_id,
            found=[(event, _kind(event)) for event in reversed(found)],
            most=_MOST,
            routes=desk.routes(),
            sent=request.query_params.get("sent") == "yes",
            moving=any(map(_moves, found)),
        )

    return [Route("/trace", traced, methods=["GET"])]


def _moves(event: TracedEvent) -> bool:
    """Tell whether more is about to happen to an event."""
    sending = any(each.kind == "sending" for each in event.happened)
    return bool(event.waits_for) or sending


def _kind(event: TracedEvent) -> str:
    content = orjson.loads(event.event)
    return " ".join(str(content[key]) for key in ("type", "event") if content.get(key))
