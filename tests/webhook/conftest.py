"""Endpoints on paper and on sockets, and connections to them."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import stamina
from tests.webhook.endpoint import Endpoint

import wharfinger
import wharfinger_webhook
from wharfinger_webhook import addresses

URL = "https://hooks.shop.example/in/s3cr3t-path"


class Paper(httpx.AsyncBaseTransport):
    """Answers what it was told to, in that order, then 204, and keeps every request."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: deque[httpx.Response | Exception] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self.answers.popleft() if self.answers else httpx.Response(204)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def request(self) -> httpx.Request:
        (only,) = self.requests
        return only


@pytest.fixture(autouse=True)
def at_once():
    """Let nothing wait between attempts."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Stand in for name servers: nothing is looked up, and names lead where a test says."""
    known: dict[str, list[str]] = {"hooks.shop.example": ["93.184.216.34"]}

    async def resolve(host: str) -> list[str]:
        return known.get(host, [])

    monkeypatch.setattr(addresses, "resolve", resolve)
    return known


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def plugins() -> wharfinger.Plugins:
    return wharfinger.load_plugins(allow=(), extra=[wharfinger_webhook])


@pytest.fixture
def connect(plugins: wharfinger.Plugins, paper: Paper) -> Callable[..., wharfinger.Connection]:
    """Connect to the endpoint on paper."""

    def connect(
        action: str = "send-event", fields: Any = None, batch: Any = None, **settings: Any
    ) -> wharfinger.Connection:
        mapping = {"action": action, "trigger": 'type = "track"', "fields": fields or {}}
        config = {
            "destination": "webhook",
            "settings": {"url": URL, **settings},
            "mappings": {"hook": {**mapping, **({"batch": batch} if batch else {})}},
        }
        return plugins.connect(config, transport=paper)

    return connect


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def connect_to(plugins: wharfinger.Plugins) -> Callable[..., wharfinger.Connection]:
    """Connect to an endpoint on a socket."""

    def connect_to(endpoint: Endpoint, action: str = "send-event", **more: Any) -> Any:
        fields = more.pop("fields", {})
        mapping = {"action": action, "trigger": 'type = "track"', "fields": fields}
        settings = {"url": f"{endpoint.address}/in", "allow_private_addresses": True}
        config = {
            "destination": "webhook",
            "settings": {**settings, **more.pop("settings", {})},
            "mappings": {"hook": mapping},
            **more,
        }
        return plugins.connect(config)

    return connect_to


def track(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order",
        "messageId": f"m-{number}",
        "userId": "u-7",
        "properties": {"total": number},
        **more,
    }
