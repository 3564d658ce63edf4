"""What SFMC answers to a rowset, and what becomes of each row, through the whole of core."""

from __future__ import annotations

import json

import httpx
import pytest

import wharfinger

ACTION = "send-event-to-data-extension"
ALL_TRACKS = 'type = "track"'
UNABLE = "Unable to save rows for data extension ID 5b6f8f1a-0000-ef11-b859-48df37dc1382"
FIELDS = {
    "key": "orders",
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": {"@path": "$.properties.total"}},
}


def event(number: int = 1, **properties: object) -> dict[str, object]:
    own = {"order_id": f"o-{number}", "total": number, **properties}
    return {"type": "track", "userId": f"c-{number}", "properties": own}


def refusal(*details: str, code: object = 10006) -> dict[str, object]:
    body = {"message": UNABLE, "errorcode": code, "documentation": ""}
    if details:
        body["additionalErrors"] = [
            {"message": text, "errorcode": 10000, "documentation": ""} for text in details
        ]
    return body


@pytest.fixture
def send(deliver):
    async def send(events, **other):
        return await deliver(
            events, ACTION, FIELDS, trigger=ALL_TRACKS, batch={"lanes": 1}, **other
        )

    return send


@pytest.fixture
def send_one(send):
    async def send_one(**other):
        (outcome,) = await send([event()], **other)
        return outcome

    return send_one


@pytest.mark.parametrize(
    "body",
    [{"content": b""}, {"content": b"<html>"}, {"content": b"null"}, {"json": [{}]}, {"json": {}},
     {"content": b"[" + b" " * 3_000_000 + b"]"}],
    ids=["empty", "html", "null", "short", "object", "megabytes"],
)  # fmt: skip
async def test_a_200_means_that_all_rows_are_stored(cloud, send, body):
    cloud.answers(200, **body)

    outcomes = await send([event(1), event(2)])

    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 2


async def test_a_200_that_reports_errors_proves_nothing_and_is_tried_again(cloud, send_one):
    cloud.answers(
        200,
        json={"requestId": "r-1", "resultMessages": [{"resultClass": "Error", "message": "no"}]},
    )

    outcome = await send_one()

    assert outcome.status is wharfinger.Status.RETRY
    assert outcome.vendor_message == "no"
    assert outcome.request_id == "r-1"


async def test_one_bad_row_is_found_and_the_others_are_delivered(cloud, send):
    def judge(request):
        rows = json.loads(request.content)
        bad = [row for row in rows if row["values"]["Total"] == "bad"]
        if not bad:
            return httpx.Response(200, json=rows)
        return httpx.Response(
            400, json=refusal(*(f"{row['keys']['OrderId']} is bad" for row in bad))
        )

    cloud.judges(judge)

    outcomes = await send([event(n, total="bad" if n in (7, 31) else n) for n in range(50)])

    for number, outcome in enumerate(outcomes):
        if number in (7, 31):
            assert outcome.status is wharfinger.Status.REJECTED
            assert outcome.code == "row-refused"
            assert outcome.vendor_message == f"o-{number} is bad"
        else:
            assert outcome.status is wharfinger.Status.DELIVERED


async def test_a_400_without_a_reason_is_tried_again(cloud, send):
    cloud.answers(400, json=refusal()).answers(200, json=[])

    outcomes = await send([event(1), event(2)], attempts=2)

    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 2
    assert [outcome.attempts for outcome in outcomes] == [2, 2]


async def test_a_400_that_never_has_a_reason_is_given_back(cloud, send_one):
    for _ in range(3):
        cloud.answers(400, json=refusal(code="10006"))

    outcome = await send_one(attempts=3)

    assert outcome.status is wharfinger.Status.RETRY
    assert outcome.attempts == 3


async def test_trouble_while_a_bad_row_is_sought_repeats_only_what_is_undecided(cloud, send):
    cloud.answers(400, json=refusal("o-1 is bad"))  # 0 1 2 3
    cloud.answers(400, json=refusal("o-1 is bad"))  # 0 1
    cloud.answers(200)  # 0
    cloud.answers(429, headers={"Retry-After": "1"}, json={"errorcode": 50100})  # 2 3
    cloud.answers(200)  # 2 3

    outcomes = await send([event(n) for n in range(4)], attempts=2)

    assert [outcome.status.value for outcome in outcomes] == [
        "delivered", "rejected", "delivered", "delivered",
    ]  # fmt: skip
    assert [row["keys"]["OrderId"] for row in json.loads(cloud.requests[-1].content)] == [
        "o-2",
        "o-3",
    ]


async def test_an_unknown_data_extension_halts_and_is_named(cloud, send):
    cloud.answers(400, json={"message": "Parameter orders is invalid.", "errorcode": 10001})

    outcomes = await send([event(1), event(2)])

    for outcome in outcomes:
        assert outcome.status is wharfinger.Status.HALTED
        assert outcome.code == "data-extension-not-found"
        assert 'Data Extension Key "orders"' in outcome.message
        assert '"Account ID"' in outcome.message


async def test_a_wrong_primary_key_halts_after_one_request(cloud, send):
    cloud.answers(
        400, json={"message": "Primary key 'orderid' does not exist.", "errorcode": 10000}
    )

    outcomes = await send([event(1), event(2)])

    assert {outcome.code for outcome in outcomes} == {"primary-key-mismatch"}
    assert {outcome.status for outcome in outcomes} == {wharfinger.Status.HALTED}
    assert "orderid" in outcomes[0].message


async def test_a_row_that_lacks_a_key_its_neighbours_have_is_rejected_alone(cloud, deliver):
    def judge(request):
        rows = json.loads(request.content)
        if all(set(row["keys"]) == {"OrderId", "Store"} for row in rows):
            return httpx.Response(200, json=rows)
        return httpx.Response(
            400, json={"message": "Primary key 'store' does not exist.", "errorcode": 10000}
        )

    cloud.judges(judge)
    fields = {
        **FIELDS,
        "keys": {
            "OrderId": {"@path": "$.properties.order_id"},
            "Store": {"@path": "$.properties.store"},
        },
    }

    outcomes = await deliver(
        [event(1, store="a"), event(2), event(3, store="b")],
        ACTION,
        fields,
        trigger=ALL_TRACKS,
        batch={"lanes": 1},
    )

    assert [outcome.status.value for outcome in outcomes] == ["delivered", "rejected", "delivered"]
    assert outcomes[1].code == "primary-key-mismatch"


async def test_rows_that_are_too_large_together_travel_in_halves(cloud, send):
    cloud.judges(
        lambda request: httpx.Response(413 if len(json.loads(request.content)) > 3 else 200)
    )

    outcomes = await send([event(n) for n in range(10)])

    assert {outcome.status for outcome in outcomes} == {wharfinger.Status.DELIVERED}
    sent = [row["keys"]["OrderId"] for r in cloud.requests[2:] for row in json.loads(r.content)]
    assert sent == [f"o-{number}" for number in range(10)]


async def test_a_row_that_is_too_large_alone_is_rejected(cloud, send_one):
    cloud.answers(413, content=b"<html>too large</html>")

    outcome = await send_one()

    assert outcome.status is wharfinger.Status.REJECTED
    assert outcome.code == "too-large"
