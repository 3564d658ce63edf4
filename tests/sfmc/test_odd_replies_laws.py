"""Laws of replies of every shape: each is trouble with a name, and none a fault of the plugin."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import attrs
import httpx
import hypothesis.strategies as st
import pytest
import stamina
from hypothesis import given, settings

import wharfinger

ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"
NAMES = [
    *("items", "fields", "count", "page", "pageSize", "members", "status", "requestId", "message"),
    *("errorcode", "resultMessages", "resultClass", "additionalErrors", "hasErrors", "retryAfter"),
    *("requestStatus", "resultStatus", "errors", "errorMessage", "eventInstanceId", "contactKey"),
    *("notQueuedCount", "id", "key", "name", "type", "isPrimaryKey", "eventDefinitionKey"),
    *("schema", "modifiedDate", "organization", "publishedInteractionCount", "length", "scale"),
]
WORDS = [
    *("Complete", "Error", "OK", "Has Errors", "processed", "errored", "orders", "welcome", ID),
    *("OrderId", "Total", "Text", "Decimal", "true", "c-1", "10006", "-1", "9" * 5_000, ""),
    *("2030-01-01T00:00:00Z", "AsyncRequestStatusNotFound", "Rerun the transaction."),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10**18) | st.floats(0, 1) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=7)
    ),
    max_leaves=25,
)
replies = st.builds(
    lambda status, body: httpx.Response(status, content=json.dumps(body).encode()),
    st.sampled_from([200, 200, 200, 201, 202, 204, 400, 403, 404, 409, 413, 500]),
    values,
)
ROWS: dict[str, Any] = {
    "key": {"@path": "$.properties.key"},
    "id": {"@path": "$.properties.id"},
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": 1},
}
JOURNEY = {"eventDefinitionKey": "welcome"}
ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("send-event-to-data-extension", ROWS),
    ("send-event-to-data-extension", {**ROWS, "api": "async", "deadline_s": 60}),
    ("send-api-event", JOURNEY),
    ("send-api-event", {**JOURNEY, "delivery": "at-least-once"}),
    ("send-api-events-in-batches", JOURNEY),
    ("create-contact", {}),
]
EVENTS = [
    {"type": "track", "userId": "c-1", "properties": {"order_id": f"o-{n}", **named}}
    for n, named in enumerate([{"key": "orders"}, {"id": ID}, {"key": "orders"}])
]
QUESTIONS = [
    ("send-event-to-data-extension", "key", {}),
    ("send-event-to-data-extension", "values", {"key": "orders"}),
    ("send-event-to-data-extension", "keys", {"id": ID}),
    ("send-api-event", "eventDefinitionKey", {}),
    ("send-api-event", "data", {"eventDefinitionKey": "welcome"}),
]


@attrs.define
class OddCloud(httpx.AsyncBaseTransport):
    """Gives tokens, and for the rest a few replies over and over."""

    answers: list[httpx.Response]
    asked: int = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if ".auth." in request.url.host:
            return httpx.Response(200, json={"access_token": "sample-token"})
        self.asked += 1
        answer = self.answers[self.asked % len(self.answers)]
        return httpx.Response(answer.status_code, content=answer.content)


def connect(
    plugins: wharfinger.Plugins, cloud: OddCloud, action: str, fields: dict[str, Any]
) -> wharfinger.Connection:
    config = {
        "destination": "salesforce-marketing-cloud",
        "settings": {
            "account_id": "510001234",
            "client_id": "client",
            "client_secret": "sample-secret",
            "subdomain": "mcsample0sample0sample0sampl",
        },
        "mappings": {"only": {"action": action, "trigger": 'type = "track"', "fields": fields}},
        "retry": {"attempts": 2},
    }
    return plugins.connect(config, transport=cloud)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ACTIONS), st.lists(replies, min_size=1, max_size=4))
def test_a_reply_of_any_shape_is_no_fault_of_the_plugin(plugins, action, answers):
    cloud = OddCloud(answers)

    async def run() -> list[wharfinger.Outcome]:
        async with connect(plugins, cloud, *action) as connection:
            receipts = await connection.deliver(EVENTS)
        return [receipt.outcomes["only"] for receipt in receipts]

    with stamina.set_testing(True, attempts=2, cap=True):
        outcomes = asyncio.run(run())

    assert "action-failed" not in {outcome.code for outcome in outcomes}
    assert all(len(outcome.vendor_message) <= 500 for outcome in outcomes)
    assert cloud.asked <= 400


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(QUESTIONS), st.lists(replies, min_size=1, max_size=4))
def test_a_form_gets_choices_or_an_error_with_a_name(plugins, question, answers):
    action, field, fields = question
    cloud = OddCloud(answers)

    async def run() -> wharfinger.Choices | None:
        fixed = dict(ACTIONS)[action]
        async with connect(plugins, cloud, action, fixed) as connection:
            question = wharfinger.Question(field=field, fields=fields)
            with suppress(wharfinger.DeliveryError):
                return await connection.choices(action, question)
        return None

    with stamina.set_testing(True, attempts=2, cap=True):
        found = asyncio.run(run())

    assert found is None or all(isinstance(choice.value, str) for choice in found.items)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action[0])
@pytest.mark.parametrize("body", ["{}", "[]", "7", '"x"', "null", "true", "[[]]", '{"a":' * 3_000])
async def test_the_simplest_odd_replies_are_no_success_of_a_journey_and_no_loss(
    plugins, action, body
):
    cloud = OddCloud([httpx.Response(200, content=body.encode())])

    async with connect(plugins, cloud, *action) as connection:
        receipts = await connection.deliver(EVENTS)

    outcomes = [receipt.outcomes["only"] for receipt in receipts]
    statuses = {outcome.status.value for outcome in outcomes}
    assert "rejected" not in statuses
    if action[0].startswith("send-api-event"):
        assert "delivered" not in statuses
