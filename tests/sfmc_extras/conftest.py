"""A Marketing Cloud on paper that knows transactional messages, and connections to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
import stamina

import wharfinger
import wharfinger_sfmc
import wharfinger_sfmc_extras

SUBDOMAIN = "mcsample0sample0sample0sampl"
REST = f"https://{SUBDOMAIN}.rest.marketingcloudapis.com"
SECRET, TOKEN = "0sample0client0secret0000", "token-0123456789"
SETTINGS = {
    "account_id": "510001234",
    "client_id": "0sample0client0id00000000",
    "client_secret": SECRET,
    "subdomain": SUBDOMAIN,
}
GIVEN = {"access_token": TOKEN, "expires_in": 1079, "rest_instance_url": f"{REST}/"}
CODES = {
    109106: "MissingRequiredField_to",
    109110: "DuplicateMessageKey",
    109121: "InvalidValue_to",
}

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def accepted(request: httpx.Request, **codes: int) -> httpx.Response:
    """Reply as the vendor's page shows it.

    Args:
        request: What was sent.
        codes: Error codes of the messages that are refused, by message key, a "_" for each "-".
    """
    responses = []
    for recipient in orjson.loads(request.content)["recipients"]:
        key = recipient["messageKey"]
        answer = {"messageKey": key}
        if code := codes.get(key.replace("-", "_")):
            text = f"MCMS_UTM_Validation_{CODES[code]}: Invalid subscriber"
            answer |= {"errorcode": code, "message": text}
        responses.append(answer)
    refused = sum("errorcode" in each for each in responses)
    body = {"requestId": "req-1", "errorcode": 0, "responses": responses}
    if refused:
        text = f"{refused} subscribers failed to queue out of {len(responses)}"
        body |= {"errorcode": 109001, "message": f"MCMS_UTM_ResponsesHasErrors: {text}"}
    return httpx.Response(202, json=body)


def answers(request: httpx.Request) -> httpx.Response:
    """Reply to whatever the kit asks; the fourth message is refused."""
    # The kit asks here for tokens and look-ups, too, where those are to be in trouble.
    return besides(request) or accepted(request, m_4=109121)


def besides(request: httpx.Request) -> httpx.Response | None:
    """Reply to what sends no message."""
    if request.url.path == "/v2/token":
        return httpx.Response(200, json=GIVEN)
    return httpx.Response(200, json={"status": "Active"}) if request.method == "GET" else None


class Paper(httpx.AsyncBaseTransport):
    """Gives tokens and definitions, and answers messages as it is told to, then accepts them."""

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.messages: list[httpx.Request] = []
        self.lookups: list[httpx.Request] = []
        self.definition = httpx.Response(200, json={"status": "Active"})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if request.url.path == "/v2/token":
            return httpx.Response(
                200,
                json={**GIVEN, "scope": "email_read email_write email_send"},
            )
        if request.method == "GET":
            self.lookups.append(request)
            return self.definition
        self.messages.append(request)
        answer = self.answers.popleft() if self.answers else accepted
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


@pytest.fixture(autouse=True)
def at_once():
    """Let nothing wait between attempts."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def plugins() -> wharfinger.Plugins:
    return wharfinger.load_plugins(allow=(), extra=[wharfinger_sfmc, wharfinger_sfmc_extras])


@pytest.fixture
def connect(plugins: wharfinger.Plugins, paper: Paper) -> Callable[..., wharfinger.Connection]:
    """Connect with one mapping, of transactional messages unless a test says otherwise."""

    def connect(fields: Any = None, **mapping: Any) -> wharfinger.Connection:
        made = {
            "action": "send-transactional-message",
            "trigger": 'type = "track"',
            "fields": {"definitionKey": "receipt", **(fields or {})},
            **mapping,
        }
        config = {
            "destination": "salesforce-marketing-cloud",
            "settings": SETTINGS,
            "mappings": {"mails": made},
        }
        return plugins.connect(config, transport=paper)

    return connect


def order(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"m-{number}",
        "userId": f"c-{number}",
        "context": {"traits": {"email": f"c{number}@example.com"}},
        "properties": {"total": number},
        **more,
    }
