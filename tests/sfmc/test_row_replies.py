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


ECHO = b'[{"keys":{},"values":{}},{"keys":{},"values":{}}]'


@pytest.mark.parametrize(
    "body",
    [{"content": ECHO}, {"content": b""}, {"content": b" \r\n"}, {"json": [None, 7]},
     {"content": ECHO + b" " * 3_000_000},
     {"content": ECHO, "headers": {"Content-Type": "text/html"}}],
    ids=["echo", "empty", "blank", "two of anything", "megabytes", "called html"],
)  # fmt: skip
async def test_a_200_that_echoes_the_rows_or_says_nothing_means_that_they_are_stored(
    cloud, send, body
):
    cloud.answers(200, **body)

    outcomes = await send([event(1), event(2)])

    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 2


async def test_rows_that_come_back_as_they_were_sent_are_stored_without_being_read(
    cloud, send, monkeypatch
):
    monkeypatch.setattr("wharfinger_sfmc.api.replies._entries", pytest.fail)
    cloud.judges(lambda request: httpx.Response(200, content=request.content))

    outcomes = await send([event(1), event(2)])

    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 2


@pytest.mark.parametrize(
    "body",
    [{"json": [{}]}, {"json": [{}] * 3}, {"json": []}, {"json": {}}, {"json": {"requestId": "r"}},
     {"content": b"null"}, {"content": b"<html>"}, {"content": b"[{},"}, {"content": b"\xff\xfe"},
     {"content": b"[" + b" " * 3_000_000 + b"]"}],
    ids=["fewer", "more", "none", "object", "job", "null", "html", "half", "bytes", "megabytes"],
)  # fmt: skip
async def test_a_200_that_says_anything_else_is_no_evidence_and_is_tried_again(cloud, send, body):
    cloud.answers(200, **body).answers(200, content=ECHO)

    outcomes = await send([event(1), event(2)], attempts=2)

    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 2
    assert {outcome.attempts for outcome in outcomes} == {2}


async def test_without_evidence_in_the_end_rows_are_given_back(cloud, send_one):
    cloud.answers(200, json={})

    outcome = await send_one()

    assert (outcome.status, outcome.code) == (wharfinger.Status.RETRY, "unexpected-reply")
    assert "safe" in outcome.message


@pytest.mark.parametrize("status", [204, 202])
async def test_any_success_without_a_body_counts(cloud, send_one, status):
    cloud.answers(status)

    assert (await send_one()).status is wharfinger.Status.DELIVERED


@pytest.mark.parametrize(
    "answer",
    [{"status": 302, "headers": {"Location": "https://elsewhere.example/"}},
     {"status": 429, "json": {"errorcode": 50100}}, {"status": 500, "content": b"<html>"},
     {"status": 502, "content": b""}, {"status": 503}, {"status": 504}, {"status": 408}],
    ids=lambda answer: str(answer["status"]),
)  # fmt: skip
async def test_trouble_on_the_way_gives_the_rows_back(cloud, send, answer):
    cloud.answers(**answer)

    outcomes = await send([event(1), event(2)])

    assert {outcome.status for outcome in outcomes} == {wharfinger.Status.RETRY}


@pytest.mark.parametrize(
    "trouble",
    [{"status": 504}, {"status": 408}, httpx.ReadTimeout("slow")],
    ids=["504", "408", "silence"],
)
async def test_what_is_not_done_in_time_is_repeated_in_halves(cloud, send, trouble):
    if isinstance(trouble, Exception):
        cloud.fails(trouble)
    else:
        cloud.answers(**trouble)
    cloud.answers().answers()

    outcomes = await send([event(n) for n in range(10)], attempts=2)

    assert {outcome.status for outcome in outcomes} == {wharfinger.Status.DELIVERED}
    assert [len(json.loads(request.content)) for request in cloud.requests] == [10, 5, 5]


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


def opaque_for(*bad: str):
    """Answer as SFMC does where it gives no reason: by the rows before the first of `bad`."""

    def judge(request):
        names = [row["keys"]["OrderId"] for row in json.loads(request.content)]
        is_bad = any(name in bad for name in names)
        return httpx.Response(400, json=refusal()) if is_bad else httpx.Response(200)

    return judge


async def test_a_400_without_a_reason_is_repeated_as_it_is(cloud, send):
    cloud.answers(400, json=refusal()).answers(400, json=refusal()).answers(200)

    outcomes = await send([event(1), event(2)])

    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 2
    assert [outcome.attempts for outcome in outcomes] == [1, 1]
    assert len({request.content for request in cloud.requests}) == 1


async def test_repetitions_wait_longer_each_time(cloud, connect, monkeypatch):
    waits: list[float] = []

    async def wait(_: wharfinger.Session, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(wharfinger.Session, "wait", wait)
    cloud.answers(400, json=refusal()).answers(400, json=refusal()).answers(200)

    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        await connection.deliver([event(1)])

    assert waits == sorted(waits)
    assert len(waits) == 2


async def test_a_row_that_is_never_taken_while_others_are_is_rejected_by_itself(cloud, send):
    cloud.judges(opaque_for("o-3"))

    outcomes = await send([event(n) for n in range(8)])

    assert [n for n, o in enumerate(outcomes) if o.status is wharfinger.Status.REJECTED] == [3]
    assert outcomes[3].code == "row-refused-unexplained"
    assert outcomes[3].vendor_message == UNABLE
    assert {o.status.value for o in outcomes} == {"delivered", "rejected"}


async def test_the_first_row_may_be_the_one_that_is_never_taken(cloud, send):
    cloud.judges(opaque_for("o-0", "o-1"))

    outcomes = await send([event(n) for n in range(20)])

    assert [outcome.status.value for outcome in outcomes] == ["rejected"] * 2 + ["delivered"] * 18


async def test_a_400_that_never_has_a_reason_is_given_back_when_nothing_can_be_stored(cloud, send):
    cloud.judges(lambda _: httpx.Response(400, json=refusal(code="10006")))

    outcomes = await send([event(n) for n in range(50)])

    assert {(o.status, o.code) for o in outcomes} == {(wharfinger.Status.RETRY, "save-failed")}
    assert len(cloud.requests) < 30, "SFMC is in trouble, and fifty rows must not add to it"


async def test_a_single_row_without_a_reason_is_given_back(cloud, send_one):
    cloud.judges(lambda _: httpx.Response(400, json=refusal()))

    outcome = await send_one(attempts=2)

    assert outcome.status is wharfinger.Status.RETRY
    assert outcome.attempts == 2
    assert len(cloud.requests) == 6


async def test_a_refusal_without_a_reason_that_turns_into_one_with_a_reason_counts(cloud, send_one):
    cloud.answers(400, json=refusal()).answers(400, json=refusal("o-1 is bad"))

    outcome = await send_one()

    assert (outcome.status, outcome.code) == (wharfinger.Status.REJECTED, "row-refused")


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
