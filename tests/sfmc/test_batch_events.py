"""Journey events in batches: the request, and one true outcome per event."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import wharfinger

ACTION = "send-api-events-in-batches"
URL = "https://mcsample0sample0sample0sampl.rest.marketingcloudapis.com/interaction/v1/async/events"
FIELDS = {
    "eventDefinitionKey": {"@path": "$.properties.definition"},
    "data": {"OrderId": {"@path": "$.properties.order"}},
}
ALL_TRACKS = 'type = "track"'
SLOW = httpx.ReadTimeout("slow")


def track(number: int = 1, definition: str = "welcome", **other: Any) -> dict[str, Any]:
    properties = {"definition": definition, "order": f"o-{number}"}
    return {"type": "track", "userId": f"c-{number}", "properties": properties, **other}


def member(number: int = 1, **other: Any) -> dict[str, Any]:
    return {"contactKey": f"c-{number}", "eventInstanceId": f"i-{number}", **other}


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


def reply(*members: Any, **other: Any) -> dict[str, Any]:
    errored = sum(isinstance(each, dict) and "message" in each for each in members)
    sums = {"requestId": "r-1", "count": len(members), "notQueuedCount": errored}
    return {**sums, "members": list(members), **other}


def sizes(requests: Sequence[httpx.Request]) -> list[int]:
    return [len(json.loads(request.content)["members"]) for request in requests]


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


async def test_events_of_one_definition_travel_together(cloud, send):
    cloud.answers(202, json=reply(member(1), member(2)))

    outcomes = await send([track(1), track(2)])

    assert cloud.request.method == "POST"
    assert str(cloud.request.url) == URL
    assert cloud.request.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert cloud.request.content == (
        b'{"eventDefinitionKey":"welcome","members":['
        b'{"contactKey":"c-1","data":{"OrderId":"o-1"}},'
        b'{"contactKey":"c-2","data":{"OrderId":"o-2"}}]}'
    )
    assert statuses_of(outcomes) == ["delivered", "delivered"]
    assert [outcome.request_id for outcome in outcomes] == ["i-1", "i-2"]
    assert [outcome.http_status for outcome in outcomes] == [202, 202]


async def test_events_of_two_definitions_travel_apart(cloud, send):
    cloud.answers(202, json=reply(member(1), member(3))).answers(202, json=reply(member(2)))

    outcomes = await send([track(1), track(2, "Grüße & mehr"), track(3)])

    assert sizes(cloud.requests) == [2, 1]
    assert json.loads(cloud.requests[1].content)["eventDefinitionKey"] == "Grüße & mehr"
    assert statuses_of(outcomes) == ["delivered"] * 3


async def test_no_request_has_more_than_a_hundred_events(cloud, send):
    for part in (range(100), range(100, 200), range(200, 201)):
        cloud.answers(202, json=reply(*map(member, part)))

    outcomes = await send([track(number) for number in range(201)])

    assert sizes(cloud.requests) == [100, 100, 1]
    assert set(statuses_of(outcomes)) == {"delivered"}


async def test_no_request_is_larger_than_sfmc_bears(cloud, send):
    cloud.judges(
        lambda request: httpx.Response(202, json=reply(*json.loads(request.content)["members"]))
    )
    events = [track(n) for n in range(12)]
    for event in events:
        event["properties"]["order"] = "x" * 999_000

    await send(events)

    assert all(len(request.content) <= 5_000_000 for request in cloud.requests)
    assert sum(sizes(cloud.requests)) == 12
    assert len(cloud.requests) == 3


@pytest.mark.parametrize(
    ("event", "label"),
    [
        (track(1, "\ud800"), "Event Definition Key"),
        (track(1, "a.b"), "Event Definition Key"),
        (track(1, "x" * 1001), "Event Definition Key"),
        (track(1, userId=None), "Contact Key"),
        (track(1, userId="\ud800"), "Contact Key"),
    ],
)
async def test_an_event_that_cannot_travel_holds_no_other_up(cloud, send, event, label):
    cloud.answers(202, json=reply(member(2)))

    bad, good = await send([event, track(2)])

    assert bad.status is wharfinger.Status.REJECTED
    assert label in bad.message
    assert good.status is wharfinger.Status.DELIVERED


async def test_a_value_json_cannot_carry_is_named(send):
    event = track()
    event["properties"]["order"] = float("nan")

    (outcome,) = await send([event])

    assert outcome.status is wharfinger.Status.REJECTED
    assert 'Event Data: "OrderId"' in outcome.message


async def test_a_member_that_failed_is_rejected_with_its_own_words(cloud, send, raw_settings):
    words = f"Contact is not active {raw_settings['client_secret']}"
    bad = member(2, errorcode="10000", message=words)
    cloud.answers(202, json=reply(member(1), bad, member(3)))

    outcomes = await send([track(1), track(2), track(3)])

    assert statuses_of(outcomes) == ["delivered", "rejected", "delivered"]
    assert outcomes[1].code == "event-refused"
    assert outcomes[1].vendor_message == "Contact is not active ***"
    assert outcomes[1].request_id == "i-2"
    assert outcomes[1].http_status == 202
    assert '"Event Definition Key"' in outcomes[1].message


async def test_a_member_that_was_throttled_is_sent_again_alone(cloud, send):
    cloud.answers(202, json=reply(member(1), member(2, errorcode=50100, message="slow down")))
    cloud.answers(202, json=reply(member(2)))

    outcomes = await send([track(1), track(2)], attempts=2)

    assert statuses_of(outcomes) == ["delivered", "delivered"]
    assert sizes(cloud.requests) == [2, 1]


async def test_one_contact_may_be_there_several_times(cloud, send):
    again = {"contactKey": "c-1", "eventInstanceId": "i-9", "errorcode": 1, "message": "No."}
    cloud.answers(202, json=reply(member(1), member(2), again))

    outcomes = await send([track(1), track(2), track(1)])

    assert statuses_of(outcomes) == ["delivered", "delivered", "rejected"]


async def test_members_in_another_order_are_told_apart_by_contact(cloud, send):
    cloud.answers(202, json=reply(member(2, errorcode=1, message="No."), member(1)))

    outcomes = await send([track(1), track(2)])

    assert statuses_of(outcomes) == ["delivered", "rejected"]
    assert outcomes[0].request_id == "i-1"


@pytest.mark.parametrize(
    "members",
    [
        [member(1)],
        [member(1), {}],
        [member(1), {"contactKey": "c-2"}],
        [member(1), member(2, eventInstanceId=None)],
        [member(1), member(3)],
        [member(1), member(2), member(2)],
        [member(1), member(1)],
    ],
)
async def test_an_event_without_a_verdict_is_unknown_and_never_repeated(
    cloud, send, statuses, members
):
    cloud.answers(202, json=reply(*members, count=2))
    statuses(listing())

    outcomes = await send([track(1), track(2)], attempts=5)

    assert outcomes[1].status is wharfinger.Status.UNKNOWN
    assert outcomes[1].code == "outcome-unknown"
    assert "only if it is not there" in outcomes[1].message
    assert outcomes[0].status != "rejected"
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    "sums", [{"notQueuedCount": 1}, {"count": 1}, {"count": "7"}, {"notQueuedCount": 2}]
)
async def test_sums_that_do_not_add_up_prove_nobody_delivered(cloud, send, statuses, sums):
    cloud.answers(202, json=reply(member(1), member(2), **sums))
    statuses(listing())

    assert statuses_of(await send([track(1), track(2)])) == ["unknown", "unknown"]


@pytest.mark.parametrize(
    "sums",
    [{}, {"count": "2"}, {"count": 1}, {"count": None, "notQueuedCount": None}],
)
async def test_sums_may_be_missing_or_count_only_who_is_queued(cloud, send, sums):
    cloud.answers(202, json=reply(member(1), member(2, errorcode=1, message="No."), **sums))

    assert statuses_of(await send([track(1), track(2)])) == ["delivered", "rejected"]


async def test_a_reply_with_verdicts_counts_whatever_its_status(cloud, send, statuses):
    cloud.answers(400, json=reply(member(1, errorcode=1, message="No."), member(2)))
    statuses(listing(listed(1, "errored"), listed(2)))

    outcomes = await send([track(1), track(2)])

    assert statuses_of(outcomes) == ["rejected", "delivered"]
    assert len(cloud.requests) == 1, "who may be queued is not sent again in halves"


@pytest.mark.parametrize(
    "lost",
    [
        {"content": b""},
        {"content": b"<html>"},
        {"json": []},
        {"json": {"requestId": "r-1"}},
        {"json": {"members": None}},
        {"json": {"members": [None]}},
        {"json": {"members": []}},
        {"json": {"hasErrors": True, "resultMessages": []}},
    ],
)
async def test_a_success_without_verdicts_proves_nothing(cloud, send, lost):
    cloud.answers(202, **lost)

    outcomes = await send([track(1), track(2)], attempts=5)

    assert statuses_of(outcomes) == ["unknown", "unknown"]
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("status", [400, 413])
async def test_whom_a_refusal_of_the_whole_batch_is_about_is_found_in_halves(cloud, send, status):
    def judge(request: httpx.Request) -> httpx.Response:
        keys = [each["contactKey"] for each in json.loads(request.content)["members"]]
        if "c-5" in keys:
            return httpx.Response(status, json={"message": "Odd.", "errorcode": 10000})
        return httpx.Response(202, json=reply(*(member(int(key[2:])) for key in keys)))

    cloud.judges(judge)

    outcomes = await send([track(number) for number in range(8)])

    assert statuses_of(outcomes) == [*["delivered"] * 5, "rejected", *["delivered"] * 2]
    assert sizes(cloud.requests) == [8, 4, 4, 2, 1, 1, 2]


async def test_halves_are_not_sent_on_where_sfmc_asks_to_slow_down(cloud, send):
    cloud.answers(400, json={"errorcode": 10000}).answers(429)

    outcomes = await send([track(number) for number in range(4)])

    assert statuses_of(outcomes) == ["retry"] * 4
    assert sizes(cloud.requests) == [4, 2]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"message": "Interaction Count Limit Exceeded", "errorcode": 10000}, "too-many-journeys"),
        ({"message": "Not found.", "errorcode": 30003}, "event-definition-refused"),
        ({"message": "{{x}} not found.", "errorcode": "30000"}, "event-definition-refused"),
    ],
)
async def test_a_refusal_of_the_event_definition_halts_at_once(cloud, send, body, code):
    cloud.answers(400, json=body)

    outcomes = await send([track(1), track(2)])

    assert statuses_of(outcomes) == ["halted", "halted"]
    assert {outcome.code for outcome in outcomes} == {code}
    assert '"welcome"' in outcomes[0].message


async def test_at_least_once_sends_again_only_who_has_no_verdict(connect, cloud):
    cloud.answers(202, json=reply(member(1), member(2, errorcode=1, message="No.")))
    cloud.answers(202, json=reply(member(3)))
    fields = {**FIELDS, "delivery": "at-least-once"}

    async with connect(ACTION, fields, trigger=ALL_TRACKS, attempts=3, batch={"lanes": 1}) as c:
        receipts = await c.deliver([track(1), track(2), track(3)])

    outcomes = [receipt.outcomes["only"] for receipt in receipts]
    assert statuses_of(outcomes) == ["delivered", "rejected", "delivered"]
    assert sizes(cloud.requests) == [3, 1]


async def test_a_preview_shows_the_batch_and_sends_nothing(connect, cloud):
    preview = await connect(ACTION, FIELDS, trigger=ALL_TRACKS, batch={"lanes": 1}).preview(
        [track(1), track(2)]
    )

    (request,) = preview.requests
    assert request.url == URL
    assert b"c-1" in request.body
    assert b"c-2" in request.body
    assert cloud.requests == []


def test_it_is_an_action_of_its_own_that_must_not_be_repeated(plugins):
    action = plugins.actions("salesforce-marketing-cloud")[ACTION]
    fields = {field.name: field for field in wharfinger.fields_of(action.payload)}

    assert action.title == "Send API Events in Batches"
    assert action.effect is wharfinger.Effect.ONCE
    assert list(fields) == ["eventDefinitionKey", "contactKey", "data", "delivery"]
    assert fields["delivery"].choices == ("at-most-once", "at-least-once")
    assert fields["delivery"].default == "at-most-once"
    assert "queue" in action.description


def test_it_travels_by_the_hundred(plugins):
    action = plugins.actions("salesforce-marketing-cloud")[ACTION]

    policy = plugins.batching(action, None)

    assert policy.rows == 100
    assert policy.bytes < 5_000_000
