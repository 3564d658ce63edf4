"""What was refused after a request whose reply proved nothing: nobody says that it is not there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import httpx
import pytest

import wharfinger

TRACKS = 'type = "track"'
ROWS: dict[str, Any] = {
    "key": "orders",
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": {"@path": "$.properties.total"}},
}
AGAIN = {"eventDefinitionKey": "welcome", "delivery": "at-least-once"}
SLOW = httpx.ReadTimeout("slow")
OPAQUE = {"message": "Unable to save rows for data extension ID 5b6f8f1a", "errorcode": 10006}
EXPLAINED = {**OPAQUE, "additionalErrors": [{"message": "Total: No.", "errorcode": 10000}]}


def track(number: int = 1) -> dict[str, Any]:
    properties = {"order_id": f"o-{number}", "total": number}
    return {"type": "track", "userId": f"c-{number}", "properties": properties}


@attrs.frozen
class Way:
    """An action, its mapping, and the words its outcome has for what may be there."""

    action: str
    fields: dict[str, Any]
    words: str


ALONE = [
    Way("send-event-to-data-extension", ROWS, "may have stored it"),
    Way("send-rows-asynchronously", ROWS, "may have stored it"),
    Way("create-contact", {}, "may have created it"),
    Way("send-api-event", AGAIN, "may have entered"),
    Way("send-api-events-in-batches", AGAIN, "may have entered"),
]
every_way = pytest.mark.parametrize("way", ALONE, ids=lambda way: way.action)
# A refusal that no action takes for trouble, and that names no column.
REFUSAL = {"message": "No.", "errorcode": 10005}


@pytest.fixture
def send(deliver) -> Callable[..., Any]:
    async def send(
        way: Way, count: int = 1, *, events: Any = None, **other: Any
    ) -> list[wharfinger.Outcome]:
        outcomes: list[wharfinger.Outcome] = await deliver(
            events or [track(number) for number in range(1, count + 1)],
            way.action,
            way.fields,
            trigger=TRACKS,
            attempts=4,
            **other,
        )
        return outcomes

    return send


def assert_in_doubt(outcome: wharfinger.Outcome, words: str) -> None:
    assert (outcome.status, outcome.code) == (wharfinger.Status.UNKNOWN, "outcome-unknown")
    assert words in outcome.message
    assert "Look for" in outcome.message


@pytest.mark.parametrize(
    "lost",
    [SLOW, httpx.RemoteProtocolError("gone"), 500, 502, 503, 504, 302],
    ids=lambda lost: str(lost) if isinstance(lost, int) else type(lost).__name__,
)
@every_way
async def test_what_is_refused_after_a_reply_that_proves_nothing_is_unknown(cloud, send, way, lost):
    if isinstance(lost, int):
        cloud.answers(lost)
    else:
        cloud.fails(lost)
    cloud.answers(400, json=REFUSAL)

    (outcome,) = await send(way)

    assert_in_doubt(outcome, way.words)
    assert outcome.attempts == 2
    assert outcome.vendor_message == "No."


@every_way
async def test_a_doubt_outlives_tries_that_were_never_taken(cloud, send, way):
    cloud.fails(SLOW).answers(429).fails(httpx.ConnectError("no route"))
    cloud.answers(400, json=REFUSAL)

    (outcome,) = await send(way)

    assert_in_doubt(outcome, way.words)


@every_way
async def test_a_refusal_behind_what_proves_that_nothing_was_taken_stands(cloud, send, way):
    cloud.answers(429).fails(httpx.ConnectError("no route"))
    cloud.answers(503, headers={"Retry-After": "1"}).answers(400, json=REFUSAL)

    (outcome,) = await send(way)

    assert outcome.status is wharfinger.Status.REJECTED
    assert "earlier" not in outcome.message


@every_way
async def test_a_request_that_is_too_large_may_have_been_taken_before(cloud, send, way):
    cloud.fails(SLOW).answers(413)

    (outcome,) = await send(way)

    assert_in_doubt(outcome, way.words)


async def test_a_row_whose_column_is_refused_cannot_be_stored_by_an_earlier_request(cloud, send):
    cloud.fails(SLOW).answers(400, json=EXPLAINED)

    (outcome,) = await send(ALONE[0])

    assert (outcome.status, outcome.code) == (wharfinger.Status.REJECTED, "row-refused")


async def test_a_doubt_about_a_row_is_about_no_other(cloud, send):
    def judge(request: httpx.Request) -> httpx.Response:
        names = [row["keys"]["OrderId"] for row in json.loads(request.content)]
        if len(cloud.requests) == 1:
            return httpx.Response(200, content=b"\x1f\x8b")
        return httpx.Response(400, json=OPAQUE) if "o-1" in names else httpx.Response(200)

    cloud.judges(judge)

    first, *others = await send(ALONE[0], 4, batch={"lanes": 1})

    assert_in_doubt(first, "may have stored it")
    assert {outcome.status.value for outcome in others} == {"delivered"}


def by_rows(answer: Callable[[Sequence[str]], Any]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer by the rows of a request: with a refusal, or that they are stored."""

    def judge(request: httpx.Request) -> httpx.Response:
        refusal = answer([row["keys"]["OrderId"] for row in json.loads(request.content)])
        return httpx.Response(400, json=refusal) if refusal else httpx.Response(200)

    return judge


async def test_what_stood_beside_a_bad_row_may_be_stored(cloud, send):
    def answer(names: Sequence[str]) -> Any:
        if "o-2" in names:
            return EXPLAINED
        return OPAQUE if names == ["o-1"] else None

    cloud.judges(by_rows(answer))

    outcomes = await send(ALONE[0], 4, batch={"lanes": 1})

    assert_in_doubt(outcomes[0], "may have stored it")
    assert [outcome.status.value for outcome in outcomes[1:]] == [
        "rejected", "delivered", "delivered",
    ]  # fmt: skip


async def test_versions_of_a_refused_row_that_were_sent_without_a_reply_may_be_stored(cloud, send):
    cloud.answers(400, json=EXPLAINED).fails(SLOW)  # both versions in one row, the first alone
    cloud.answers(400, json=EXPLAINED).answers(400, json=REFUSAL).answers(400, json=EXPLAINED)

    first, second = await send(ALONE[0], events=[track(1), track(1)], batch={"lanes": 1})

    assert_in_doubt(first, "may have stored it")
    assert second.code == "row-refused"


async def test_a_job_that_ended_without_results_may_have_stored_its_rows(cloud, send):
    cloud.answers(202, json={"requestId": "job"})
    cloud.answers(200, json={"status": {"requestStatus": "Error"}})
    cloud.answers(400, json=REFUSAL)

    (outcome,) = await send(ALONE[1])

    assert_in_doubt(outcome, "may have stored it")


async def test_a_member_without_a_verdict_may_have_entered(cloud, send):
    told = {"contactKey": "c-2", "eventInstanceId": "i-2"}
    cloud.answers(202, json={"members": [{"contactKey": "c-1"}, told]})
    cloud.answers(400, json=REFUSAL)

    first, second = await send(ALONE[-1], 2, batch={"lanes": 1})

    assert_in_doubt(first, "may have entered")
    assert second.status is wharfinger.Status.DELIVERED
