"""A Marketing Cloud on paper, and connections to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import attrs
import httpx
import pytest
import stamina

import wharfinger
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.http import Timeouts, build_client
from wharfinger.delivery.redaction import Redactor
from wharfinger_sfmc.auth import MarketingCloudAuth
from wharfinger_sfmc.destination import DESTINATION
from wharfinger_sfmc.settings import MarketingCloudSettings
from wharfinger_sfmc_simulator import Simulator

SUBDOMAIN = "mcsample0sample0sample0sampl"
ACCOUNT_ID = "510001234"
CLIENT_ID = "0sample0client0id00000000"
SECRET = "0sample0client0secret0000"


def is_lookup(request: httpx.Request) -> bool:
    path = request.url.path.lower()
    return request.method == "GET" and path.startswith(
        (
            "/data/v1/customobjects",
            "/interaction/v1/eventdefinitions",
            "/interaction/v1/async/events/status",
        )
    )


def forbid(request: httpx.Request) -> httpx.Response:
    message = "Insufficient privileges to complete this action."
    return httpx.Response(403, json={"message": message, "errorcode": 20002, "documentation": ""})


class PaperCloud(httpx.AsyncBaseTransport):
    """Answers what it was told to, in that order, and keeps every request.

    Attributes:
        requests: What actions sent, as it arrived.
        lookups: What was read of the catalogue: data extensions and event definitions, and of the
            list of events. Reading is forbidden unless somebody `tells` what is there.
        token_requests: The token requests.
        tokens: The tokens it gave, in order.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.lookups: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []
        self.tokens: list[str] = []
        self._answers: deque[httpx.Response | Exception] = deque()
        self._judge: Callable[[httpx.Request], httpx.Response] | None = None
        self._tell: Callable[[httpx.Request], httpx.Response] = forbid
        self._token_answers: deque[httpx.Response | Exception] = deque()

    def answers(self, status: int = 200, *, headers: Any = None, **body: Any) -> PaperCloud:
        self._answers.append(httpx.Response(status, headers=headers, **body))
        return self

    def fails(self, error: Exception) -> PaperCloud:
        self._answers.append(error)
        return self

    def judges(self, judge: Callable[[httpx.Request], httpx.Response]) -> None:
        self._judge = judge

    def tells(self, tell: Callable[[httpx.Request], httpx.Response]) -> None:
        self._tell = tell

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
        elif is_lookup(request):
            self.lookups.append(request)
            return self._tell(request)
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


@pytest.fixture
async def open_session(settings):
    """Open sessions of one account over any transport, without a mapping."""
    async with AsyncExitStack() as stack:

        async def open_session(
            transport: httpx.AsyncBaseTransport, **changes: Any
        ) -> wharfinger.Session:
            chosen = attrs.evolve(settings, **changes)
            auth, redactor = MarketingCloudAuth(chosen), Redactor([chosen.client_secret])
            client = build_client(
                hosts=DESTINATION.hosts,
                redactor=redactor,
                auth=auth,
                timeouts=Timeouts(),
                transport=transport,
            )
            await stack.enter_async_context(client)
            return wharfinger.Session(
                settings=chosen,
                auth=auth,
                client=client,
                governor=Governor(4),
                redactor=redactor,
                longest_s=300.0,
            )

        yield open_session


@pytest.fixture
async def paper_session(open_session, cloud) -> wharfinger.Session:
    session: wharfinger.Session = await open_session(cloud)
    return session


@pytest.fixture
def tenant() -> dict[str, Any]:
    """A tenant as the simulator's file would hold it; tests change it before they simulate it."""
    return {
        "tenant": {"subdomain": SUBDOMAIN, "eid": int(ACCOUNT_ID)},
        "accounts": [{"id": int(ACCOUNT_ID), "name": "Sample"}],
        "clients": [{"id": CLIENT_ID, "secret": SECRET, "account": int(ACCOUNT_ID)}],
        "folders": [
            {"id": 900, "name": "Imports"},
            {"id": 901, "name": "Daily", "parent": 900},
        ],
        "data_extensions": [
            {
                "key": "orders",
                "id": "5b6f8f1a-0000-4f11-b859-48df37dc1382",
                "name": "All Orders",
                "fields": [
                    {"name": "OrderId", "type": "Text", "length": 40, "primary_key": True},
                    {"name": "Email", "type": "EmailAddress", "nullable": False},
                    {"name": "Total", "type": "Decimal", "length": 12, "scale": 2},
                    {"name": "Colour", "type": "Text", "nullable": False, "default": "blue"},
                ],
            },
            {"key": "log", "name": "Log", "fields": [{"name": "Line", "type": "Text"}]},
        ],
        "event_definitions": [
            {
                "key": "welcome",
                "name": "Welcome Journey",
                "fields": [
                    {"name": "OrderId", "type": "Text", "length": 40, "nullable": False},
                    {"name": "Total", "type": "Number"},
                ],
            },
            {"key": "unheard", "published": False},
        ],
    }


@pytest.fixture
def simulate(open_session, tenant):
    """Simulate the tenant and open a session of it."""

    async def simulate(**options: Any) -> tuple[Simulator, wharfinger.Session]:
        simulator = Simulator.from_mapping(tenant, **options)
        return simulator, await open_session(simulator.transport())

    return simulate


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


@pytest.fixture
def statuses(cloud):
    """Answer the question for the status of events: one answer after the other, the last for ever.

    Gives the questions.
    """

    def statuses(*answers: Any) -> list[httpx.Request]:
        asked: list[httpx.Request] = []
        others, waiting = cloud._tell, list(answers)

        def tell(request: httpx.Request) -> httpx.Response:
            if not request.url.path.endswith("/async/events/status"):
                told: httpx.Response = others(request)
                return told
            asked.append(request)
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, httpx.Response):
                status, headers, content = answer.status_code, answer.headers, answer.content
                return httpx.Response(status, headers=headers, content=content)
            return httpx.Response(200, json=answer() if callable(answer) else answer)

        cloud.tells(tell)
        return asked

    return statuses


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield
