"""Every answer means one thing, for one event and for a batch as a whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.webhook.conftest import track

from wharfinger import Status
from wharfinger_webhook.verdicts import _retry_after_s

HALTED, REJECTED, RETRY, UNKNOWN = Status.HALTED, Status.REJECTED, Status.RETRY, Status.UNKNOWN
# Status, the status where twice is harmless, the one where it is not, code.
TABLE = [
    *((status, Status.DELIVERED, Status.DELIVERED, "delivered") for status in (200, 201, 202, 204)),
    *((status, HALTED, HALTED, "redirected") for status in (301, 302, 303, 307, 308)),
    (401, HALTED, HALTED, "credentials-refused"),
    (403, HALTED, HALTED, "access-refused"),
    (404, HALTED, HALTED, "endpoint-missing"),
    (405, HALTED, HALTED, "method-refused"),
    (407, HALTED, HALTED, "access-refused"),
    (410, HALTED, HALTED, "endpoint-missing"),
    (415, HALTED, HALTED, "content-type-refused"),
    (408, RETRY, RETRY, "try-again"),
    (425, RETRY, RETRY, "try-again"),
    (429, RETRY, RETRY, "rate-limited"),
    *((status, RETRY, UNKNOWN, "server-failed") for status in (500, 502, 503, 504, 599)),
    *((status, REJECTED, REJECTED, "refused") for status in (400, 402, 409, 413, 418, 422, 451)),
]


@pytest.mark.parametrize("delivery", ["at-least-once", "at-most-once"])
@pytest.mark.parametrize(("status", "harmless", "once", "code"), TABLE)
async def test_a_status_means_one_thing(connect, paper, status, harmless, once, code, delivery):  # noqa: PLR0917  # the row of a table
    paper.answers += [httpx.Response(status)] * 3
    async with connect(fields={"delivery": delivery}) as connection:
        (receipt,) = await connection.deliver([track()])
    outcome = receipt.outcomes["hook"]
    wanted = harmless if delivery == "at-least-once" else once
    assert (outcome.status, outcome.code, outcome.http_status) == (wanted, code, status)
    assert len(paper.requests) == (3 if wanted is RETRY else 1)
    assert outcome.message or outcome.status is Status.DELIVERED


async def test_a_service_that_names_a_wait_took_nothing_even_where_twice_is_not_harmless(
    connect, paper
):
    paper.answers.append(httpx.Response(503, headers={"Retry-After": "0"}))
    async with connect(fields={"delivery": "at-most-once"}) as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].status is Status.DELIVERED
    assert len(paper.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_long_wait_that_is_asked_for_is_given_to_the_host(connect, paper, status):
    paper.answers.append(httpx.Response(status, headers={"Retry-After": "600"}))
    async with connect() as connection:
        first, second = await connection.deliver([track(1), track(2)])
        assert connection.usage.paused_s > 500
    assert first.outcomes["hook"].status is RETRY
    assert first.outcomes["hook"].retry_after_s == 600
    assert second.outcomes["hook"].status is RETRY
    assert len(paper.requests) == 1


@pytest.mark.parametrize(
    ("status", "wanted", "code"),
    [
        (200, Status.DELIVERED, "delivered"),
        (400, REJECTED, "refused"),
        (413, HALTED, "batch-too-large"),
        (500, RETRY, "server-failed"),
    ],
)
async def test_a_batch_is_judged_as_a_whole(connect, paper, status, wanted, code):
    paper.answers += [httpx.Response(status)] * 3
    async with connect("send-batch") as connection:
        receipts = await connection.deliver([track(n) for n in range(3)])
    found = {(r.outcomes["hook"].status, r.outcomes["hook"].code) for r in receipts}
    assert found == {(wanted, code)}


async def test_a_redirect_names_its_target_and_is_not_followed(connect, paper):
    target = "https://new.shop.example/in"
    paper.answers.append(httpx.Response(308, headers={"location": target}))
    async with connect() as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].vendor_message == target
    assert len(paper.requests) == 1


@pytest.mark.parametrize(
    ("error", "harmless", "once"),
    [
        (httpx.ConnectError("no"), RETRY, RETRY),
        (httpx.ReadTimeout("no"), RETRY, UNKNOWN),
        (httpx.RemoteProtocolError("no"), RETRY, UNKNOWN),
    ],
)
@pytest.mark.parametrize("delivery", ["at-least-once", "at-most-once"])
async def test_no_answer_means_what_delivery_says(connect, paper, error, harmless, once, delivery):  # noqa: PLR0917  # the row of a table
    paper.answers += [error] * 3
    async with connect(fields={"delivery": delivery}) as connection:
        (receipt,) = await connection.deliver([track()])
    wanted = harmless if delivery == "at-least-once" else once
    assert receipt.outcomes["hook"].status is wanted


async def test_what_the_endpoint_says_is_kept_short_and_printable(connect, paper):
    body = "no\x00\x1b[31m such\r\nthing " + "x" * 10_000
    headers = {"content-type": "text/plain; charset=hex", "x-request-id": "req-7"}
    paper.answers.append(httpx.Response(422, content=body.encode(), headers=headers))
    async with connect() as connection:
        (receipt,) = await connection.deliver([track()])
    outcome = receipt.outcomes["hook"]
    assert outcome.vendor_message.startswith("no [31m such thing xxx")
    assert len(outcome.vendor_message) == 300
    assert outcome.request_id == "req-7"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("0", 0.0), ("7", 7.0), (" 7 ", 7.0), ("9999999999", 86_400.0), ("", None)),
        *(("-1", None), ("1.5", None), ("soon", None), ("nan", None), ("1e9", None)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        pytest.param(
            format_datetime(datetime.now(UTC) + timedelta(days=9)), 86_400.0, id="in nine days"
        ),
    ],
)
def test_a_wait_is_read_as_seconds_or_as_a_date_and_never_longer_than_a_day(text, seconds):
    assert _retry_after_s(text) == seconds


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_wait(text):
    wait_s = _retry_after_s(text)
    assert wait_s is None or 0 <= wait_s <= 86_400


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, "ok"), (204, "ok"), (400, "ok"), (405, "ok"), (301, "error")]
    + [(status, "warning") for status in (401, 403, 404, 410, 500, 503)],
)
async def test_the_test_of_an_endpoint_sends_no_event(connect, paper, status, level):
    paper.answers.append(httpx.Response(status))
    async with connect() as connection:
        (finding,) = await connection.test()
    assert paper.request.method == "HEAD"
    assert paper.request.content == b""
    assert (finding.level, bool(finding.fix)) == (level, level != "ok")
