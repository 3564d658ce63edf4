"""Laws of replies to journey events that nobody could have foreseen."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
import stamina
from hypothesis import given, settings

import wharfinger

ALONE, TOGETHER = "send-api-event", "send-api-events-in-batches"
EVENTS = [{"type": "track", "userId": f"c-{n % 3}", "properties": {}} for n in range(4)]
NAMES = [
    *("eventInstanceId", "members", "count", "notQueuedCount", "requestId", "contactKey", "items"),
    *("errorcode", "message", "status", "type", "modifiedDate", "eventDefinitionKey", "hasErrors"),
    *("resultMessages", "resultClass", "additionalErrors", "page"),
]
VALUES = ["c-0", "c-1", "c-2", "welcome", "i-1", "r-1", "queued", "errored", "2099-01-01T00:00:00"]
words = st.sampled_from(VALUES) | st.text(max_size=5)
leaves = st.none() | st.booleans() | st.integers(-3, 60_000) | st.floats(allow_nan=False) | words
junk = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=7)
    ),
    max_leaves=30,
)
bodies = junk.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30)
replies = st.tuples(st.sampled_from([200, 201, 202, 400, 401, 404, 429, 500, 503, 596]), bodies)


@pytest.mark.parametrize("action", [ALONE, TOGETHER])
@settings(max_examples=100, deadline=None)
@given(posted=st.lists(replies, min_size=1, max_size=4), listed=replies)
def test_whatever_sfmc_answers_every_event_has_an_outcome_and_lost_ones_are_sent_once(
    plugins, action, posted, listed
):
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if ".auth." in request.url.host:
            return httpx.Response(200, json={"access_token": "t", "expires_in": 1079})
        if request.method == "GET":
            return httpx.Response(listed[0], content=listed[1])
        sent.append(request.content)
        status, body = posted[len(sent) % len(posted)]
        return httpx.Response(status, content=body)

    connection = plugins.connect(
        {
            "destination": "salesforce-marketing-cloud",
            "settings": {
                "account_id": "510001234",
                "client_id": "client",
                "client_secret": "sample-secret",
                "subdomain": "mcsample0sample0sample0sampl",
            },
            "mappings": {
                "only": {
                    "action": action,
                    "trigger": 'type = "track"',
                    "fields": {"eventDefinitionKey": {"@path": "$.definition"}},
                }
            },
            "retry": {"attempts": 1},
        },
        transport=httpx.MockTransport(answer),
    )

    async def run() -> list[Any]:
        events = [{**event, "definition": "welcome"} for event in EVENTS]
        async with connection:
            return [r.outcomes["only"] for r in await connection.deliver(events)]

    with stamina.set_testing(True, attempts=1, cap=True):
        outcomes = asyncio.run(run())

    assert "action-failed" not in {outcome.code for outcome in outcomes}
    assert all(outcome.message or outcome.status == "delivered" for outcome in outcomes)
    instances = [o.request_id for o in outcomes if o.status is wharfinger.Status.DELIVERED]
    assert all(instances)
    if all(status >= 500 and status != 596 for status, _ in posted):
        assert len(sent) <= len(EVENTS)
