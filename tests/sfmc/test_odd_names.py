"""Names that no account has: too long, or of signs that mean something elsewhere."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

import wharfinger

ACTION = "send-event-to-data-extension"
ALL_TRACKS = 'type = "track"'
FIELDS: dict[str, Any] = {
    "key": {"@path": "$.properties.key"},
    "id": {"@path": "$.properties.id"},
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Note": {"@path": "$.properties.note"}},
}
ENDLESS = "k" * 70_000


def event(order: str, **named: str) -> dict[str, Any]:
    return {"type": "track", "properties": {"order_id": order, "note": "n", **named}}


@pytest.mark.parametrize("field", ["key", "id"])
async def test_a_name_without_end_takes_no_other_row_with_it(cloud, deliver, field):
    cloud.judges(lambda request: httpx.Response(200, content=request.content))

    outcomes = await deliver(
        [event("a", key="orders"), event("b", **{field: ENDLESS}), event("c", key="orders")],
        ACTION,
        FIELDS,
        trigger=ALL_TRACKS,
        batch={"lanes": 1},
    )

    assert [o.status.value for o in outcomes] == ["delivered", "rejected", "delivered"]
    assert outcomes[1].code == "payload-invalid"


@pytest.mark.parametrize(
    "key", ["a/b", "..", "a?b#c", "100%", "a b", "a\x00b", "a\r\nHost: x", "ö", "\N{GRINNING FACE}"]
)
async def test_a_name_is_one_segment_of_the_path_whatever_it_holds(cloud, deliver, key):
    cloud.judges(lambda request: httpx.Response(200, content=request.content))

    (outcome,) = await deliver([event("a", key=key)], ACTION, FIELDS, trigger=ALL_TRACKS)

    assert outcome.status is wharfinger.Status.DELIVERED
    path = cloud.request.url.raw_path.decode()
    assert path.startswith("/hub/v1/dataevents/key:")
    assert path.endswith("/rowset")
    assert path.count("/") == 5
    assert cloud.request.url.path.split("key:", 1)[1].removesuffix("/rowset") == key


@pytest.mark.parametrize("job", ["a/b", "..", "a?b", "a b", "ö", "\x00", 'a"b', "{job}"])
async def test_a_job_is_asked_for_by_its_name_whatever_it_holds(cloud, deliver, job):
    over = {"status": {"requestStatus": "Complete", "resultStatus": "OK", "hasErrors": False}}
    cloud.answers(202, json={"requestId": job}).answers(200, json=over)

    (outcome,) = await deliver(
        [event("a", key="orders")],
        ACTION,
        {**FIELDS, "api": "async"},
        trigger=ALL_TRACKS,
    )

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.request_id == job
    path = cloud.requests[1].url.raw_path.decode()
    assert path.startswith("/data/v1/async/")
    assert path.endswith("/status")
    assert path.count("/") == 5


@pytest.mark.parametrize("job", ["", " ", 7, None, ["a"], {"a": 1}])
async def test_a_job_that_nobody_can_ask_for_was_not_submitted(cloud, deliver, job):
    cloud.answers(202, json={"requestId": job})

    (outcome,) = await deliver(
        [event("a", key="orders")], ACTION, {**FIELDS, "api": "async"}, trigger=ALL_TRACKS
    )

    assert (outcome.status.value, outcome.code) == ("retry", "unexpected-reply")


async def test_a_contact_without_end_lets_the_others_of_its_batch_be_settled(cloud, deliver):
    members = [{"contactKey": key, "eventInstanceId": f"i-{key[:3]}"} for key in ("c-1", ENDLESS)]

    def tell(request: httpx.Request) -> httpx.Response:
        entries = [
            {**member, "eventDefinitionKey": "welcome", "requestId": "r", "status": "processed"}
            for member in members
        ]
        return httpx.Response(200, json={"count": 2, "items": entries})

    cloud.tells(tell)
    cloud.answers(202, json={"requestId": "r", "count": 2})
    events = [{"type": "track", "userId": member["contactKey"]} for member in members]

    outcomes = await deliver(
        events,
        "send-api-events-in-batches",
        {"eventDefinitionKey": "welcome"},
        trigger=ALL_TRACKS,
        batch={"lanes": 1},
    )

    assert [o.status.value for o in outcomes] == ["delivered", "delivered"]


async def test_a_single_contact_without_end_whose_reply_is_lost_is_unknown(cloud, deliver):
    cloud.fails(httpx.ReadTimeout("silence"))

    (outcome,) = await deliver(
        [{"type": "track", "userId": ENDLESS}],
        "send-api-event",
        {"eventDefinitionKey": "welcome"},
        trigger=ALL_TRACKS,
    )

    assert (outcome.status.value, outcome.code) == ("unknown", "timed-out")
    assert len(outcome.message) < 2_000


async def test_codes_of_any_length_are_no_fault_of_ours(cloud, deliver):
    member = {"contactKey": "c-1", "errorcode": "9" * 5_000, "message": "No."}
    cloud.answers(202, content=json.dumps({"count": 1, "members": [member]}).encode())

    (outcome,) = await deliver(
        [{"type": "track", "userId": "c-1"}],
        "send-api-events-in-batches",
        {"eventDefinitionKey": "welcome"},
        trigger=ALL_TRACKS,
    )

    assert (outcome.status.value, outcome.code) == ("rejected", "event-refused")
