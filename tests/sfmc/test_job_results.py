"""Pages of a job's results that are not what they seem."""

from __future__ import annotations

from typing import Any

import pytest

ACTION = "send-rows-asynchronously"
JOB = "0b7f0c0e-0000-4000-8000-000000000001"
FIELDS = {
    "key": "orders",
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": 1},
}
STORED = {"message": "Upserted DataExtensionObject", "status": "OK"}
BAD = {"message": "Bad.\r\nThe statement has been terminated.", "status": "Error", "errorCode": 2}
DEADLOCK = {"message": "... deadlock victim. Rerun the transaction.", "status": "Error"}


@pytest.fixture
def send(cloud, deliver):
    """Send rows as a job whose results are these pages."""

    async def send(rows: int, *pages: Any, **status: Any) -> Any:
        over = {"requestStatus": "Complete", "resultStatus": "Has Errors", "hasErrors": True}
        cloud.answers(202, json={"requestId": JOB})
        cloud.answers(200, json={"status": {**over, **status}})
        for page in pages:
            cloud.answers(200, json=page)
        events = [{"type": "track", "properties": {"order_id": f"o-{n}"}} for n in range(rows)]
        return await deliver(events, ACTION, FIELDS, trigger='type = "track"')

    return send


@pytest.mark.parametrize(
    "again",
    [{"page": 1}, {"page": "1"}, {"page": None}, {}, {"page": "two"}, {"page": [2]}],
)
async def test_a_second_page_that_does_not_say_so_tells_of_no_row(send, again):
    items = [BAD, STORED]
    outcomes = await send(
        4,
        {"page": 1, "count": 4, "items": items},
        {"count": 4, "items": items, **again},
    )

    assert {outcome.code for outcome in outcomes} == {"results-incomplete"}


@pytest.mark.parametrize("write", [int, str])
async def test_numbers_of_pages_may_be_texts(send, write):
    outcomes = await send(
        4,
        {"page": write(1), "count": write(4), "items": [BAD, STORED]},
        {"page": write(2), "count": write(4), "items": [STORED, DEADLOCK]},
    )

    assert [o.status.value for o in outcomes] == ["rejected", "delivered", "delivered", "retry"]


async def test_a_count_that_is_a_text_counts(send):
    outcomes = await send(2, {"page": "1", "count": "3", "items": [STORED, BAD]})

    assert {outcome.code for outcome in outcomes} == {"results-incomplete"}


async def test_results_that_grow_between_pages_tell_of_no_row(send):
    outcomes = await send(
        4,
        {"page": 1, "count": 4, "items": [BAD, STORED]},
        {"page": 2, "count": 5, "items": [STORED, STORED]},
    )

    assert {outcome.code for outcome in outcomes} == {"results-incomplete"}


async def test_sfmcs_words_about_a_row_stand_on_one_line(send):
    (outcome,) = await send(1, {"page": 1, "count": 1, "items": [BAD]})

    assert outcome.vendor_message == "Bad. The statement has been terminated."
    assert "\n" not in outcome.message


@pytest.mark.parametrize("has_errors", [True, "True", 1, "1"])
async def test_a_job_that_reports_errors_is_not_believed_to_be_well(send, has_errors):
    page = {"page": 1, "count": 2, "items": [STORED, BAD]}

    outcomes = await send(2, page, resultStatus="OK", hasErrors=has_errors)

    assert [outcome.status.value for outcome in outcomes] == ["delivered", "rejected"]


async def test_a_million_results_for_one_row_tell_of_no_row(send):
    page = {"page": 1, "count": 1, "items": [STORED] * 1_000_000}

    (outcome,) = await send(1, page)

    assert outcome.code == "results-incomplete"
