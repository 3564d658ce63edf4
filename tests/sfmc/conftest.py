"""A Marketing Cloud on paper, and connections to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import stamina

import wharfinger
from wharfinger_sfmc.settings import MarketingCloudSettings

SUBDOMAIN = "mcsample0sample0sample0sampl"
ACCOUNT_ID = "510001234"
CLIENT_ID = "0sample0client0id00000000"
SECRET = "0sample0client0secret0000"


class PaperCloud(httpx.AsyncBaseTransport):
    """Answers what it was told to, in that order, and keeps every request.

    Attributes:
        requests: Everything but token requests, as it arrived.
        token_requests: The token requests.
        tokens: The tokens it gave, in order.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []
        self.tokens: list[str] = []
        self._answers: deque[httpx.Response | Exception] = deque()
        self._judge: Callable[[httpx.Request], httpx.Response] | None = None
        self._token_answers: deque[httpx.Response | Exception] = deque()

    def answers(self, status: int = 200, *, headers: Any = None, **body: Any) -> PaperCloud:
        self._answers.append(httpx.Response(status, headers=headers, **body))
        return self

    def fails(self, error: Exception) -> PaperCloud:
        self._answers.append(error)
        return self

    def judges(self, judge: Callable[[httpx.Request], httpx.Response]) -> None:
        self._judge = judge

    def answers_tokens(self, status: int, **body: Any) -> PaperCloud:
        self._token_answers.append(httpx.Response(status, **body))
        return self

    def fails_tokens(self, error: Exception) -> PaperCloud:
        self._token_answers.append(error)
        return self

    @property
    def request(self) -> httpx.Request:
        (only,) = self.requests
        return only

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        # The client sends one object twice when it signs in again; keep what arrived.
        request = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            extensions=request.extensions,
        )
        if request.url.host == f"{SUBDOMAIN}.auth.marketingcloudapis.com":
            self.token_requests.append(request)
            answer = self._token_answers.popleft() if self._token_answers else self._token()
        else:
            self.requests.append(request)
            if self._judge is not None:
                return self._judge(request)
            assert self._answers, f"nobody expected {request.method} {request.url}"
            answer = self._answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _token(self) -> httpx.Response:
        self.tokens.append(f"sample-access-token-{len(self.tokens) + 1}")
        return httpx.Response(
            200,
            json={
                "access_token": self.tokens[-1],
                "token_type": "Bearer",
                "expires_in": 1079,
                "rest_instance_url": "https://elsewhere.example/",
            },
        )


@pytest.fixture
def cloud() -> PaperCloud:
    return PaperCloud()


@pytest.fixture
def settings() -> MarketingCloudSettings:
    return MarketingCloudSettings(
        account_id=ACCOUNT_ID,
        client_id=CLIENT_ID,
        client_secret=wharfinger.Secret(SECRET),
        subdomain=SUBDOMAIN,
    )


@pytest.fixture
def raw_settings() -> dict[str, Any]:
    return {
        "account_id": ACCOUNT_ID,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "subdomain": SUBDOMAIN,
    }


@pytest.fixture(scope="session")
def plugins() -> wharfinger.Plugins:
    return wharfinger.load_plugins(allow=["salesforce-marketing-cloud"])


@pytest.fixture
def connect(plugins, raw_settings, cloud):
    """Connect one mapping, or several by name, to the cloud on paper; one attempt per batch."""

    def connect(
        action: str = "", fields: Any = None, *, trigger: str = "", attempts: int = 1, **other: Any
    ) -> wharfinger.Connection:
        mappings = other.pop("mappings", None)
        if mappings is None:
            mapping = {"action": action, "fields": fields or {}, **other}
            mappings = {"only": {**mapping, "trigger": trigger} if trigger else mapping}
        config = {
            "destination": "salesforce-marketing-cloud",
            "settings": raw_settings,
            "mappings": mappings,
            "retry": {"attempts": attempts},
        }
        connection: wharfinger.Connection = plugins.connect(config, transport=cloud)
        return connection

    return connect


@pytest.fixture
def deliver(connect):
    """Deliver events through one mapping and return one outcome per event."""

    async def deliver(
        events: list[dict[str, Any]], action: str, fields: Any, **other: Any
    ) -> list[wharfinger.Outcome]:
        async with connect(action, fields, **other) as connection:
            receipts = await connection.deliver(events)
        return [receipt.outcomes["only"] for receipt in receipts]

    return deliver


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield
