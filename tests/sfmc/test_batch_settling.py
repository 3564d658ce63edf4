"""Batches of journey events whose reply was lost: what SFMC's list of events proves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import wharfinger

ACTION = "send-api-events-in-batches"
FIELDS = {"eventDefinitionKey": "welcome"}
ALL_TRACKS = 'type = "track"'
SLOW = httpx.ReadTimeout("slow")


def track(number: int = 1) -> dict[str, Any]:
    return {"type": "track", "userId": f"c-{number}", "properties": {}}


def listed(number: int = 1, status: str = "queued", **other: Any) -> dict[str, Any]:
    return {
        "eventInstanceId": f"i-{number}",
        "requestId": "r-1",
        "contactKey": f"c-{number}",
        "eventDefinitionKey": "welcome",
        "status": status,
        "modifiedDate": datetime.now(UTC).isoformat(),
        **other,
    }


def listing(*items: Any) -> dict[str, Any]:
    return {"page": 1, "pageSize": 50, "count": len(items), "items": list(items)}


def statuses_of(outcomes: Sequence[wharfinger.Outcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


@pytest.fixture
def send(deliver) -> Callable[..., Any]:
    async def send(events: list[dict[str, Any]], **other: Any) -> list[wharfinger.Outcome]:
        outcomes: list[wharfinger.Outcome] = await deliver(
            events, ACTION, FIELDS, trigger=ALL_TRACKS, batch={"lanes": 1}, **other
        )
        return outcomes

    return send


async def test_events_without_a_verdict_are_settled_by_their_request(cloud, send, statuses):
    cloud.answers(202, json={"requestId": "r-1"})
    asked = statuses(listing(listed(1), listed(2, "errored", message="No.")), listing(listed(3)))

    outcomes = await send([track(1), track(2), track(3)])

    assert statuses_of(outcomes) == ["delivered", "rejected", "delivered"]
    assert [outcome.request_id for outcome in outcomes] == ["i-1", "i-2", "i-3"]
    assert {request.url.params["requestId"] for request in asked} == {"r-1"}


async def test_events_of_another_request_settle_nothing(cloud, send, statuses):
    cloud.answers(202, json={"requestId": "r-1"})
    statuses(listing(listed(1, requestId="r-2"), listed(2, requestId=None)))

    assert statuses_of(await send([track(1), track(2)])) == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["queued", "processed"], ["delivered", "delivered"]),
        (["errored", "errored"], ["rejected", "rejected"]),
        (["queued", "errored"], ["unknown", "unknown"]),
        (["queued"], ["unknown", "unknown"]),
        (["queued"] * 3, ["unknown", "unknown"]),
    ],
)
async def test_events_of_one_contact_are_settled_where_they_agree(
    cloud, send, statuses, states, expected
):
    cloud.answers(202, json={"requestId": "r-1"})
    twins = [listed(1, state, eventInstanceId=f"i-{n}") for n, state in enumerate(states)]
    statuses(listing(*twins))

    assert statuses_of(await send([track(1), track(1)])) == expected


async def test_a_lost_batch_is_found_by_one_of_its_contacts_and_proven_by_all(
    cloud, send, statuses
):
    cloud.fails(SLOW)
    asked = statuses(
        listing(listed(3)),
        listing(listed(1), listed(1, eventInstanceId="i-9"), listed(3)),
    )

    outcomes = await send([track(1), track(1), track(3)])

    assert statuses_of(outcomes) == ["delivered"] * 3
    assert [request.url.params.get("contactKey") for request in asked] == ["c-3", None]


@pytest.mark.parametrize(
    "request_items",
    [
        [],
        [listed(1)],
        [listed(1), listed(2), listed(3)],
        [listed(1), listed(3)],
        [listed(1), listed(2), listed(2, eventInstanceId="i-9")],
    ],
)
async def test_a_request_that_is_not_ours_as_it_was_sent_settles_nothing(
    cloud, send, statuses, request_items
):
    cloud.fails(SLOW)
    listings = [listing(listed(1)), listing(*request_items)]
    statuses(*(listings * 3))

    assert statuses_of(await send([track(1), track(2)])) == ["unknown", "unknown"]


async def test_a_single_event_that_is_listed_is_no_lost_batch(cloud, send, statuses):
    cloud.fails(SLOW)
    statuses(listing(listed(1, requestId=None)))

    assert statuses_of(await send([track(1)])) == ["unknown"]
