"""Asynchronous rows: submit, wait, read what became of each, through the whole of core."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

import wharfinger

ACTION = "send-rows-asynchronously"
ALL_TRACKS = 'type = "track"'
JOB = "0b7f0c0e-0000-4000-8000-000000000001"
FIELDS = {
    "key": "orders",
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": {"@path": "$.properties.total"}},
}
DEADLOCK = (
    "Transaction (Process ID 87) was deadlocked on lock resources with another process and has "
    "been chosen as the deadlock victim. Rerun the transaction."
)
STORED = {"message": "Upserted DataExtensionObject", "status": "OK"}
NOT_FOUND = {
    "requestId": "another",
    "resultMessages": [
        {"resultClass": "Error", "resultCode": "AsyncRequestStatusNotFound", "message": "Unable."}
    ],
}
Status = wharfinger.Status


def event(number: int = 1, **properties: object) -> dict[str, Any]:
    own = {"order_id": f"o-{number}", "total": number, **properties}
    return {"type": "track", "userId": f"c-{number}", "properties": own}


def events(count: int) -> list[dict[str, Any]]:
    return [event(number) for number in range(count)]


def status(word: str = "Complete", result: str | None = "OK", **other: Any) -> dict[str, Any]:
    facts = {"requestStatus": word, "hasErrors": result == "Has Errors", "requestId": JOB, **other}
    if result:
        facts["resultStatus"] = result
    return {"status": facts, "requestId": "another", "resultMessages": []}


def failed(message: str = "Unable to save the row.", code: object = 2, *columns: str) -> Any:
    item: dict[str, Any] = {"errorCode": code, "status": "Error", "message": message}
    if columns:
        item["errors"] = [{"errorCode": 70001, "errorMessage": text} for text in columns]
    return item


def page(*items: Any, number: int = 1, count: int | None = None) -> dict[str, Any]:
    told = len(items) if count is None else count
    return {"page": number, "pageSize": 50, "count": told, "items": list(items)}


@pytest.fixture
def queue(cloud):
    """Answer a submit as SFMC does, and what is asked afterwards with the given replies."""

    def queue(*replies: Any) -> None:
        cloud.answers(202, json={"requestId": JOB, "resultMessages": []})
        for reply in replies:
            cloud.answers(200, json=reply)

    return queue


@pytest.fixture
def send(deliver):
    async def send(events: Any, action: str = ACTION, **fields: Any) -> Any:
        attempts = fields.pop("attempts", 1)
        chosen = {**FIELDS, **fields}
        return await deliver(events, action, chosen, trigger=ALL_TRACKS, attempts=attempts)

    return send


def asked(cloud: Any) -> list[str]:
    return [f"{r.method} {r.url.path.rpartition('/')[2]}" for r in cloud.requests]


async def test_rows_are_submitted_flat_and_delivered_when_the_job_is_over(cloud, queue, send):
    queue(status())

    outcomes = await send(events(2))

    submit, poll = cloud.requests
    assert submit.method == "PUT"
    assert submit.url.path == "/data/v1/async/dataextensions/key:orders/rows"
    assert submit.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert json.loads(submit.content) == {
        "items": [{"OrderId": "o-0", "Total": 0}, {"OrderId": "o-1", "Total": 1}]
    }
    assert poll.url.path == f"/data/v1/async/{JOB}/status"
    assert [(o.status, o.request_id) for o in outcomes] == [(Status.DELIVERED, JOB)] * 2


async def test_a_key_that_is_repeated_among_the_values_counts_once(cloud, queue, send):
    queue(status())

    await send(events(1), values={"orderid": "other", "Total": 1})

    assert json.loads(cloud.requests[0].content)["items"] == [{"OrderId": "o-0", "Total": 1}]


@pytest.mark.parametrize("word", ["Complete", "Completed", "complete"])
async def test_every_word_for_the_end_is_understood(queue, send, word):
    queue(status(word))

    assert (await send(events(1)))[0].status is Status.DELIVERED


async def test_a_job_is_asked_for_until_it_is_over(cloud, queue, send):
    queue(NOT_FOUND, NOT_FOUND, status("Pending", None), status("Executing", None), status())

    (outcome,) = await send(events(1))

    assert outcome.status is Status.DELIVERED
    assert asked(cloud) == ["PUT rows", *["GET status"] * 5]


TROUBLE = [
    {"status": 429, "json": {"message": "slow", "errorcode": 50100}},
    {"status": 429, "headers": {"Retry-After": "20"}, "json": {"errorcode": 50100}},
    {"status": 429, "json": {"message": "blocked", "errorcode": 50200}},
    {"status": 500, "json": {"message": "Internal Server Error", "errorcode": 0}},
    {"status": 502, "content": b"<html>"}, {"status": 503}, {"status": 504},
    {"status": 200}, {"status": 200, "content": b"<html>"}, {"status": 200, "json": []},
    {"status": 200, "json": {"status": None}}, {"status": 413, "content": b"<html>"},
    {"status": 302, "headers": {"Location": "https://elsewhere.example/"}},
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda answer: str(answer["status"]))
@pytest.mark.parametrize("place", ["status", "results"])
async def test_trouble_while_asking_is_waited_out(cloud, queue, send, trouble, place):
    before = [status(result="Has Errors")] if place == "results" else []
    queue(*before)
    cloud.answers(**trouble)
    for reply in (page(STORED),) if before else (status(),):
        cloud.answers(200, json=reply)

    (outcome,) = await send(events(1))

    assert outcome.status is Status.DELIVERED
    assert asked(cloud)[0] == "PUT rows"
    assert asked(cloud).count("PUT rows") == 1


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.ConnectError("no route")])
async def test_silence_while_asking_is_waited_out(cloud, queue, send, error):
    queue()
    cloud.fails(error).answers(200, json=status())

    assert (await send(events(1)))[0].status is Status.DELIVERED


async def test_a_token_that_ends_while_asking_is_renewed(cloud, queue, send):
    queue(status("Pending", None))
    cloud.answers(401, json={"message": "Not Authorized", "errorcode": 0})
    cloud.answers(200, json=status())

    (outcome,) = await send(events(1))

    assert outcome.status is Status.DELIVERED
    assert len(cloud.token_requests) == 2


async def test_waits_grow_and_obey_what_sfmc_asks_for(cloud, queue, connect, monkeypatch):
    waits: list[float] = []

    async def wait(_: wharfinger.Session, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(wharfinger.Session, "wait", wait)
    queue(*[NOT_FOUND] * 8)
    cloud.answers(429, headers={"Retry-After": "45"}, json={"errorcode": 50100})
    cloud.answers(200, json=status())

    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        await connection.deliver(events(1))

    assert waits == [1.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0, 45.0]


async def test_a_job_that_is_not_over_at_the_deadline_is_unknown_and_named(
    cloud, send, monkeypatch
):
    passed = [0.0]

    async def wait(_: wharfinger.Session, seconds: float) -> None:
        passed[0] += seconds

    monkeypatch.setattr(wharfinger.Session, "wait", wait)
    monkeypatch.setattr(wharfinger.Session, "now", lambda _: passed[0])
    submitted, missing = (
        httpx.Response(200, json=body) for body in ({"requestId": JOB}, NOT_FOUND)
    )
    cloud.judges(lambda request: submitted if request.method == "PUT" else missing)

    outcomes = await send(events(2), deadline_s=60, attempts=5)

    assert {(o.code, o.request_id) for o in outcomes} == {("job-unfinished", JOB)}
    assert {o.status for o in outcomes} == {Status.UNKNOWN}
    assert f"job {JOB}" in outcomes[0].message
    assert '"Job Deadline"' in outcomes[0].message
    assert asked(cloud).count("PUT rows") == 1
    assert passed[0] == 60.0


async def test_each_row_has_its_own_outcome_in_the_order_of_the_rows(queue, send):
    null = "Column [total] does not allow null value."
    queue(
        status(result="Has Errors"),
        page(
            STORED,
            failed("Cannot locate the existing record.", 2, null, "And more."),
            failed(DEADLOCK),
            failed("Violation of PRIMARY KEY constraint 'PK_1'.", "UnexpectedError"),
            STORED,
        ),
    )

    outcomes = await send(events(5))

    assert [(o.status.value, o.code) for o in outcomes] == [
        ("delivered", "delivered"),
        ("rejected", "row-refused"),
        ("retry", "deadlocked"),
        ("rejected", "row-refused"),
        ("delivered", "delivered"),
    ]
    assert outcomes[1].vendor_message == f"{null}; And more."
    assert 'Data Extension Key "orders"' in outcomes[1].message
    assert outcomes[3].vendor_message == "Violation of PRIMARY KEY constraint 'PK_1'."


async def test_older_results_put_the_error_one_level_deeper(queue, send):
    queue(
        status(result="Has Errors"),
        page({"resultMessage": failed("bad", "2")}, {"resultMessage": failed(DEADLOCK)}, STORED),
    )

    outcomes = await send(events(3))

    assert [o.status.value for o in outcomes] == ["rejected", "retry", "delivered"]


async def test_only_rows_that_lost_against_another_write_are_sent_again(cloud, queue, send):
    queue(status(result="Has Errors"), page(STORED, failed(DEADLOCK), failed("bad")))
    queue(status())

    outcomes = await send(events(3), attempts=2)

    assert [o.status.value for o in outcomes] == ["delivered", "delivered", "rejected"]
    assert [o.attempts for o in outcomes] == [1, 2, 1]
    assert json.loads(cloud.requests[3].content)["items"] == [{"OrderId": "o-1", "Total": 1}]


async def test_all_pages_of_results_are_read(cloud, queue, send):
    items = [STORED] * 49 + [failed("bad")] + [STORED] * 60
    queue(
        status(result="Has Errors"),
        page(*items[:50], count=110),
        page(*items[50:100], number=2, count=110),
        page(*items[100:], number=3, count=110),
    )

    outcomes = await send(events(110))

    assert [n for n, o in enumerate(outcomes) if o.status is Status.REJECTED] == [49]
    assert [r.url.params.get("$page") for r in cloud.requests[2:]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "replies",
    [[page(STORED)], [page(STORED, STORED, STORED)], [page(count=2)],
     [page(STORED, count=2), page(number=2, count=2)],
     [page(STORED, count=2), page(STORED, count=2)], [page(STORED, STORED, STORED, count=2)]],
    ids=["told fewer", "told more", "no items", "items missing", "first page again", "too many"],
)  # fmt: skip
async def test_results_that_are_not_those_of_the_rows_give_all_of_them_back(queue, send, replies):
    queue(status(result="Has Errors"), *replies)

    outcomes = await send(events(2))

    assert {(o.status, o.code) for o in outcomes} == {(Status.RETRY, "results-incomplete")}
    assert JOB in outcomes[0].message


async def test_a_job_that_failed_as_a_whole_gives_its_rows_back(cloud, queue, send):
    queue(status("Error", None))

    (outcome,) = await send(events(1))

    assert (outcome.status, outcome.code) == (Status.RETRY, "results-incomplete")
    assert asked(cloud) == ["PUT rows", "GET status"]


@pytest.mark.parametrize("item", [None, {}, {"status": "Odd"}, "OK", {"message": "Upserted"}])
async def test_a_result_nobody_can_read_gives_its_row_back(queue, send, item):
    queue(status(result="Has Errors"), page(STORED, item))

    outcomes = await send(events(2))

    assert [o.status.value for o in outcomes] == ["delivered", "retry"]


async def test_results_that_cannot_be_read_until_the_deadline_give_the_rows_back(cloud, send):
    def judge(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            return httpx.Response(202, json={"requestId": JOB})
        over = status(result="Has Errors") if request.url.path.endswith("status") else NOT_FOUND
        return httpx.Response(200, json=over)

    cloud.judges(judge)

    (outcome,) = await send(events(1), deadline_s=30)

    assert (outcome.status, outcome.code) == (Status.RETRY, "results-incomplete")


@pytest.mark.parametrize("code", [200, 400])
async def test_an_unknown_data_extension_halts_although_a_job_is_named(cloud, send, code):
    message = {"resultClass": "Error", "resultCode": "CustomObjectNotFound", "message": "Failed."}
    cloud.answers(code, json={"requestId": JOB, "resultMessages": [message]})

    outcomes = await send(events(2))

    assert {(o.status, o.code) for o in outcomes} == {(Status.HALTED, "data-extension-not-found")}
    assert 'Data Extension Key "orders"' in outcomes[0].message


async def test_a_submit_that_is_refused_rejects_no_row_of_many(cloud, send):
    cloud.answers(400, json={"message": "JSON Deserialization Exception", "errorcode": 10004})

    outcomes = await send(events(2))

    assert {(o.status, o.code) for o in outcomes} == {(Status.HALTED, "request-refused")}
    assert "JSON Deserialization Exception" in outcomes[0].message


@pytest.mark.parametrize(
    "answer",
    [{"status": 202}, {"status": 202, "json": {}}, {"status": 200, "content": b"<html>"},
     {"status": 202, "json": {"requestId": ""}}, {"status": 202, "json": {"requestId": None}}],
)  # fmt: skip
async def test_a_success_that_names_no_job_is_no_evidence(cloud, send, answer):
    cloud.answers(**answer)

    (outcome,) = await send(events(1))

    assert (outcome.status, outcome.code) == (Status.RETRY, "unexpected-reply")


async def test_silence_after_a_submit_is_repeated(cloud, queue, send):
    cloud.fails(httpx.ReadTimeout("slow"))
    queue(status())

    (outcome,) = await send(events(1), attempts=2)

    assert outcome.status is Status.DELIVERED


async def test_a_job_that_is_too_large_is_submitted_in_halves(cloud, queue, send):
    cloud.answers(413, content=b"<html>too large</html>")
    for _ in range(3):
        queue(status())

    outcomes = await send(events(5))

    sizes = [len(json.loads(r.content)["items"]) for r in cloud.requests if r.method == "PUT"]
    assert sizes == [5, 2, 2, 1]
    assert {o.status for o in outcomes} == {Status.DELIVERED}


async def test_a_missing_permission_to_read_results_halts_and_is_named(cloud, queue, send):
    queue()
    cloud.answers(403, json={"message": "Insufficient privileges", "errorcode": 20002})

    (outcome,) = await send(events(1))

    assert (outcome.status, outcome.code) == (Status.HALTED, "permission-missing")
    assert '"Data Extensions: Read"' in outcome.message


async def test_a_preview_shows_the_submit_and_asks_nothing(connect, cloud):
    preview = await connect(ACTION, FIELDS, trigger=ALL_TRACKS).preview(events(2))

    (request,) = preview.requests
    assert request.method == "PUT"
    assert json.loads(request.body)["items"][1] == {"OrderId": "o-1", "Total": 1}
    assert cloud.requests == []
