"""Transactional messages: what is sent, and what each reply means."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import orjson
import pytest
from tests.sfmc_extras.conftest import REST, SECRET, TOKEN, accepted, order

from wharfinger import Status

ATTRIBUTES = {"attributes": {"Total": {"@path": "$.properties.total"}}}
ONCE = {"delivery": "at-most-once"}


async def _outcomes(connection, *events):
    async with connection:
        receipts = await connection.deliver(events or [order()])
    return [receipt.outcomes["mails"] for receipt in receipts]


def _recipients(request):
    return orjson.loads(request.content)["recipients"]


async def test_the_messages_of_a_definition_travel_in_one_request(connect, paper):
    outcomes = await _outcomes(connect(ATTRIBUTES), order(1), order(2))
    (request,) = paper.messages
    assert str(request.url) == f"{REST}/messaging/v1/email/messages"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert orjson.loads(request.content) == {
        "definitionKey": "receipt",
        "recipients": [
            {
                "contactKey": f"c-{n}",
                "to": f"c{n}@example.com",
                "messageKey": f"m-{n}",
                "attributes": {"Total": n},
            }
            for n in (1, 2)
        ],
    }
    assert [(o.status, o.request_id) for o in outcomes] == [(Status.DELIVERED, "req-1")] * 2


async def test_each_definition_has_requests_of_its_own(connect, paper):
    fields = {"definitionKey": {"@path": "$.properties.total"}}
    await _outcomes(connect(fields), order(1), order(2), order(3, properties={"total": 1}))
    keys = sorted(orjson.loads(request.content)["definitionKey"] for request in paper.messages)
    assert keys == ["1", "2"]
    assert paper.lookups == []


async def test_five_hundred_messages_fill_a_request(connect, paper):
    await _outcomes(connect(), *map(order, range(1200)))
    sizes = [len(_recipients(request)) for request in paper.messages]
    assert sum(sizes) == 1200
    assert max(sizes) <= 500


async def test_an_event_that_came_twice_is_one_message(connect, paper):
    outcomes = await _outcomes(connect(), order(1), order(2), order(1))
    (request,) = paper.messages
    assert len(_recipients(request)) == 2
    assert [outcome.status for outcome in outcomes] == [Status.DELIVERED] * 3


def _says_its_key_is_taken(outcome):
    assert (outcome.status, outcome.code) == (Status.REJECTED, "payload-invalid")
    assert outcome.message.startswith("Message Key is that of another message")
    assert outcome.attempts == 0
    return True


async def test_another_message_with_the_key_of_one_before_it_is_rejected_and_not_sent(
    connect, paper
):
    other = order(2, messageId="m-1")
    one, taken, again, free = await _outcomes(connect(), order(1), other, order(1), order(3))
    (request,) = paper.messages
    sent = [(each["messageKey"], each["to"]) for each in _recipients(request)]
    assert sent == [("m-1", "c1@example.com"), ("m-3", "c3@example.com")]
    assert [outcome.status for outcome in (one, again, free)] == [Status.DELIVERED] * 3
    assert _says_its_key_is_taken(taken)


@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout("lost"), httpx.Response(404), httpx.Response(503)]
)
@pytest.mark.parametrize("delivery", [{}, ONCE])
async def test_whatever_becomes_of_the_first_one_the_other_was_not_sent(
    connect, paper, answer, delivery
):
    paper.answers += [answer] * 3
    one, taken = await _outcomes(connect(delivery), order(1), order(2, messageId="m-1"))
    assert one.status is not Status.DELIVERED
    assert _says_its_key_is_taken(taken)
    assert all(len(_recipients(request)) == 1 for request in paper.messages)


async def test_what_is_tried_again_for_want_of_an_answer_is_the_first_one_alone(connect, paper):
    paper.answers.append(httpx.Response(503))
    one, taken = await _outcomes(connect(), order(1), order(2, messageId="m-1"))
    assert (one.status, one.attempts) == (Status.DELIVERED, 2)
    assert _says_its_key_is_taken(taken)
    assert [_recipients(request)[0]["to"] for request in paper.messages] == ["c1@example.com"] * 2


async def test_a_refused_recipient_is_rejected_and_the_others_are_delivered(connect, paper):
    paper.answers.append(partial(accepted, m_2=109121))
    one, refused, other = await _outcomes(connect(), order(1), order(2), order(3))
    assert (one.status, other.status) == (Status.DELIVERED, Status.DELIVERED)
    assert (refused.status, refused.code) == (Status.REJECTED, "recipient-refused")
    assert "109121" in refused.message
    assert refused.vendor_message.startswith("MCMS_UTM_Validation_InvalidValue_to")


async def test_a_message_that_was_taken_before_its_answer_was_lost_is_delivered_once(
    connect, paper
):
    paper.answers += [httpx.ReadTimeout("lost"), partial(accepted, m_1=109110)]
    (outcome,) = await _outcomes(connect())
    assert (outcome.status, outcome.code) == (Status.DELIVERED, "accepted-before")
    assert outcome.attempts == 2
    first, second = paper.messages
    assert first.content == second.content


async def test_where_once_was_asked_for_a_lost_answer_is_unknown(connect, paper):
    paper.answers.append(httpx.ReadTimeout("lost"))
    (outcome,) = await _outcomes(connect(ONCE))
    assert outcome.status is Status.UNKNOWN
    assert len(paper.messages) == 1


def _json(status: int, /, **body: Any) -> httpx.Response:
    return httpx.Response(status, json=body)


UNREADABLE = [
    _json(202, requestId="r"),
    _json(202, responses=[]),
    _json(202, responses={"messageKey": "m-1"}),
    _json(202, responses=[{"messageKey": "m-9"}]),
    _json(202, responses=[{"messageKey": 1}, None, "m-1"]),
    _json(400, responses=[{"messageKey": "m-1"}]),
    httpx.Response(202, content=b"<html>"),
    httpx.Response(200, content=b"[]"),
    httpx.Response(302),
    httpx.Response(500),
    httpx.Response(503),
]


@pytest.mark.parametrize("answer", UNREADABLE, ids=lambda answer: f"{answer!r}{answer.content!r}")
async def test_a_reply_without_evidence_is_never_a_success(connect, paper, answer):
    paper.answers += [answer] * 4
    (again,) = await _outcomes(connect())
    (once,) = await _outcomes(connect(ONCE))
    assert (again.status, again.code) == (Status.RETRY, "no-evidence")
    assert (once.status, once.code) == (Status.UNKNOWN, "no-evidence")
    assert len(paper.messages) == 4


@pytest.mark.parametrize("code", ["E109110", -1, 1.5, True, [109110], {"code": 109110}, "1" * 20])
async def test_a_code_that_cannot_be_read_is_never_a_success(connect, paper, code):
    paper.answers += [_json(202, responses=[{"messageKey": "m-1", "errorcode": code}])] * 3
    (outcome,) = await _outcomes(connect(ONCE))
    assert (outcome.status, outcome.code) == (Status.UNKNOWN, "no-evidence")


async def test_a_message_that_the_reply_forgets_is_tried_again_alone(connect, paper):
    paper.answers.append(_json(202, responses=[{"messageKey": "m-1"}]))
    one, other = await _outcomes(connect(), order(1), order(2))
    assert (one.status, other.status) == (Status.DELIVERED, Status.DELIVERED)
    again = _recipients(paper.messages[1])
    assert [recipient["messageKey"] for recipient in again] == ["m-2"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (_json(400, errorcode=109107, message="m"), Status.HALTED, "definition-missing"),
        (_json(400, errorcode="109111", message="m"), Status.HALTED, "definition-missing"),
        (
            _json(400, responses=[{"messageKey": "m-1", "errorcode": 109111}]),
            Status.HALTED,
            "definition-missing",
        ),
        (_json(404), Status.HALTED, "definition-missing"),
        (_json(403, errorcode=20002, message="m"), Status.HALTED, "permission-missing"),
        (_json(400, errorcode=109101, message="m"), Status.HALTED, "batch-too-large"),
        (_json(400, errorcode=10003, message="m"), Status.REJECTED, "request-refused"),
        (
            _json(400, responses=[{"messageKey": "m-1", "errorcode": 109106}]),
            Status.REJECTED,
            "recipient-refused",
        ),
    ],
)
async def test_a_refusal_says_who_has_to_do_what(connect, paper, answer, status, code):
    paper.answers.append(answer)
    (outcome,) = await _outcomes(connect())
    assert (outcome.status, outcome.code) == (status, code)
    assert outcome.http_status == answer.status_code
    assert len(paper.messages) == 1


async def test_throttling_is_obeyed(connect, paper):
    paper.answers.append(httpx.Response(429, headers={"Retry-After": "600"}))
    (outcome,) = await _outcomes(connect())
    assert (outcome.status, outcome.code) == (Status.RETRY, "rate-limited")
    assert outcome.retry_after_s == 600


async def test_refused_credentials_halt_the_connection(connect, paper):
    paper.answers += [httpx.Response(401)] * 3
    (outcome,) = await _outcomes(connect())
    assert outcome.status is Status.HALTED


async def test_secrets_that_the_vendor_repeats_are_hidden(connect, paper):
    text = f"{SECRET} {TOKEN}"
    paper.answers.append(_json(400, errorcode=10003, message=text, requestId=text))
    (outcome,) = await _outcomes(connect())
    assert SECRET not in str(outcome)
    assert TOKEN not in str(outcome)


@pytest.mark.parametrize(
    ("event", "label"),
    [
        (order(context={}), "To"),
        (order(context={"traits": {"email": "nobody"}}), "To"),
        (order(userId=None), "Contact Key"),
        (order(messageId=None), "Message Key"),
        (order(messageId="m" * 101), "Message Key"),
    ],
)
async def test_a_message_that_could_not_be_sent_is_rejected_by_its_label(
    connect, paper, event, label
):
    (outcome,) = await _outcomes(connect(), event)
    assert (outcome.status, outcome.code) == (Status.REJECTED, "payload-invalid")
    assert outcome.message.startswith(label)
    assert paper.messages == []


async def test_what_json_cannot_say_is_rejected(connect, paper):
    (outcome,) = await _outcomes(connect(ATTRIBUTES), order(properties={"total": 2**70}))
    assert (outcome.status, outcome.code) == (Status.REJECTED, "payload-invalid")
    assert "cannot be written as JSON" in outcome.message


@pytest.mark.parametrize(
    ("reply", "level", "code"),
    [
        (_json(404), "error", "definition-missing"),
        (_json(400, errorcode=30003), "error", "definition-missing"),
        (_json(403, errorcode=20002), "warning", "permission-missing"),
        (_json(200, status="Inactive"), "warning", "definition-inactive"),
    ],
)
async def test_a_definition_is_looked_up_when_the_connection_opens(
    connect, paper, reply, level, code
):
    paper.definition = reply
    connection = connect({"definitionKey": "order/receipt"})
    async with connection:
        (receipt,) = await connection.deliver([order()])
    (finding,) = connection.findings
    assert (finding.level, finding.code) == (level, code)
    assert finding.fix
    (lookup,) = paper.lookups
    assert lookup.url.raw_path == b"/messaging/v1/email/definitions/order%2Freceipt"
    halted = receipt.outcomes["mails"].status is Status.HALTED
    assert halted == (level == "error")


async def test_a_key_of_dots_climbs_no_path(connect, paper):
    async with connect({"definitionKey": ".."}):
        (lookup,) = paper.lookups
    assert lookup.url.raw_path == b"/messaging/v1/email/definitions/%2E%2E"


@pytest.mark.parametrize("reply", [_json(200, status="active"), _json(500), httpx.Response(200)])
async def test_a_definition_that_is_there_or_cannot_be_looked_up_is_no_finding(
    connect, paper, reply
):
    paper.definition = reply
    async with connect() as connection:
        assert connection.findings == ()
