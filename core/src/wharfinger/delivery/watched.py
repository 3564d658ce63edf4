"""A transport whose requests are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from wharfinger.delivery.usage import HIDDEN, endpoint_of
from wharfinger.telemetry.names import Attribute
from wharfinger.telemetry.under_way import UNDER_WAY

if TYPE_CHECKING:
    from wharfinger.telemetry.recording import Telemetry

__all__ = ["WatchedTransport"]


class WatchedTransport(httpx.AsyncBaseTransport):
    """Records each request that leaves, signing in included: never its query, headers or body.

    Args:
        inner: Sends them.
        telemetry: Records them.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, telemetry: Telemetry) -> None:
        self._inner = inner
        self._telemetry = telemetry

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        url = request.url
        template = _template(request)
        with self._telemetry.request(request.method, template, url.host, url.port) as found:
            reply = await self._inner.handle_async_request(request)
            found[Attribute.HTTP_STATUS] = reply.status_code
        return reply

    async def aclose(self) -> None:
        """Close what sends them."""
        await self._inner.aclose()


def _template(request: httpx.Request) -> str:
    """Return the path with everything that may name one thing of many replaced."""
    path = endpoint_of(request.method, request.url.raw_path).partition(" ")[2]
    batch = UNDER_WAY.get()
    if batch is None or not batch.names:
        return path
    return "/".join(HIDDEN if part in batch.names else part for part in path.split("/"))
