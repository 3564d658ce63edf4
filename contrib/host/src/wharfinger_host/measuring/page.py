"""``/metrics``: who may read it, and what it says."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wharfinger import Secret
from wharfinger_host.dashboard import guard
from wharfinger_host.dashboard.options import is_of_this_machine
from wharfinger_host.measuring.facts import Facts, Gauge
from wharfinger_host.measuring.families import families
from wharfinger_host.store.errors import StoreError

__all__ = ["Door", "metrics"]

_OF_A_PROXY: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_NOT_FOR_OTHERS: Final = (
    "Metrics are shown to this machine only. Start with --metrics-token to show them to others."
)
_NO_TOKEN: Final = "Send the token: Authorization: Bearer ..."  # noqa: S105  # it says where it goes


class Door:
    """Knows who may read metrics: whoever has the token; without one, this machine.

    Metrics hold names and numbers of the host, and nothing of people.

    Args:
        token: What lets one in; None where there is none.
    """

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    def refusal(self, client: str, headers: Mapping[str, str]) -> Response | None:
        """Return the reply to somebody who may not; None for who may.

        Args:
            client: The address of who asks.
            headers: By lower-case name.
        """
        if self._token is None:
            proxied = any(name in headers for name in _OF_A_PROXY)
            # By a name of its own that points here, a page of somebody else's could ask.
            near = is_of_this_machine(client) and not guard.refusal("GET", headers)
            return None if near and not proxied else PlainTextResponse(_NOT_FOR_OTHERS, 403)
        scheme, _, given = headers.get("authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode(), self._token.reveal().encode())
        if known and scheme.lower() == "bearer":
            return None
        return PlainTextResponse(_NO_TOKEN, 401, {"WWW-Authenticate": "Bearer"})


def metrics(gauge: Gauge, door: Door) -> Route:
    """Return the path ``/metrics``.

    Args:
        gauge: Measures.
        door: Knows who may read it.
    """

    async def show(request: Request) -> Response:
        client = request.client.host if request.client else ""
        if (no := door.refusal(client, request.headers)) is not None:
            return no
        try:
            facts = await gauge.measure()
        except StoreError as error:
            return PlainTextResponse(f"The inbox cannot be read: {error}", 503)
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(_Page(facts)), headers={"Content-Type": kind})

    return Route("/metrics", show)


class _Page(Collector):
    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        return families(self._facts)
