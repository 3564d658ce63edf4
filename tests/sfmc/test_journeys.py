"""Journey events whose reply was lost: what SFMC's list of events proves, and what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

import wharfinger
from wharfinger_sfmc.journeys import settling as module
from wharfinger_sfmc.journeys.settling import Journeys
from wharfinger_sfmc.journeys.statuses import UnclearError

ACTION = "send-api-event"
FIELDS = {"eventDefinitionKey": "welcome"}
ALL_TRACKS = 'type = "track"'
SLOW = httpx.ReadTimeout("slow")


def track(contact: str = "c-1") -> dict[str, Any]:
    return {"type": "track", "userId": contact, "properties": {}}


def item(instance: str = "i-1", status: str | None = "queued", **other: Any) -> dict[str, Any]:
    return {
        "eventInstanceId": instance,
        "requestId": None,
        "contactKey": "c-1",
        "eventDefinitionKey": "welcome",
        "status": status,
        "modifiedDate": datetime.now(UTC).isoformat(),
        **other,
    }


def listing(*items: Any, **other: Any) -> dict[str, Any]:
    return {"page": 1, "pageSize": 50, "count": len(items), "items": list(items), **other}


@pytest.fixture
def settle(cloud, deliver, statuses) -> Callable[..., Any]:
    """Lose the reply to one event, and answer the questions that follow."""

    async def settle(*answers: Any, lost: Any = SLOW, **other: Any) -> Any:
        asked = statuses(*answers)
        if isinstance(lost, Exception):
            cloud.fails(lost)
        else:
            cloud.answers(**lost)
        fields = {**FIELDS, **other.pop("fields", {})}
        (outcome,) = await deliver([track()], ACTION, fields, trigger=ALL_TRACKS, **other)
        return outcome, asked

    return settle


def assert_unknown(outcome: wharfinger.Outcome, words: str) -> None:
    assert outcome.status is wharfinger.Status.UNKNOWN
    assert words in outcome.message
    assert "only if it is not there" in outcome.message


@pytest.mark.parametrize("status", ["queued", "processed", "Processed"])
@pytest.mark.parametrize(
    "lost",
    [SLOW, httpx.RemoteProtocolError("torn"), {"status": 500}, {"status": 201}, {"status": 503}],
    ids=["timeout", "torn", "500", "201-empty", "503"],
)
async def test_one_listed_event_that_is_not_known_proves_the_entry(settle, status, lost):
    outcome, asked = await settle(listing(item(status=status)), lost=lost)

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.request_id == "i-1"
    assert len(asked) == 1


async def test_an_instance_beside_errors_is_no_evidence(settle):
    said = {"eventInstanceId": "i-1", "hasErrors": True, "resultMessages": [{"message": "No."}]}

    outcome, asked = await settle(listing(), lost={"status": 201, "json": said})

    assert_unknown(outcome, "did not clearly name")
    assert asked


async def test_the_state_may_be_called_type(settle):
    entry = item()
    entry["type"] = entry.pop("status")

    outcome, _ = await settle(listing(entry))

    assert outcome.status is wharfinger.Status.DELIVERED


async def test_a_listed_event_that_is_errored_was_refused(settle):
    outcome, _ = await settle(
        listing(item(status="errored", errorcode="10000", message="Contact is not active"))
    )

    assert outcome.status is wharfinger.Status.REJECTED
    assert outcome.code == "event-refused"
    assert outcome.vendor_message == "Contact is not active"
    assert outcome.request_id == "i-1"


async def test_words_of_the_list_hold_no_secret(settle, raw_settings):
    secret = raw_settings["client_secret"]

    outcome, _ = await settle(listing(item(status="errored", message=f"x {secret} {'y' * 900}")))

    assert secret not in repr(outcome)
    assert len(outcome.vendor_message) <= 500


async def test_what_is_asked_for_is_this_contact_since_a_little_before_it_was_sent(settle):
    before = datetime.now(UTC)

    _, (request,) = await settle(listing(item()))

    query = dict(request.url.params)
    assert request.url.path == "/interaction/v1/async/events/status"
    assert query["contactKey"] == "c-1"
    assert query["eventDefinitionKey"] == "welcome"
    since = datetime.fromisoformat(query["startDate"])
    assert timedelta(0) < before - since < timedelta(minutes=1)


async def test_an_event_that_is_not_listed_stays_unknown_and_is_never_sent_again(settle, cloud):
    outcome, asked = await settle(listing(), attempts=5)

    assert_unknown(outcome, "does not show it, which proves nothing")
    assert outcome.code == "timed-out"
    assert len(asked) == 3
    assert len(cloud.requests) == 1


async def test_a_list_without_entries_may_have_no_items_at_all(settle):
    outcome, _ = await settle({"page": 1, "count": 0})

    assert_unknown(outcome, "does not show it")


async def test_an_event_that_is_listed_late_is_found(settle):
    outcome, asked = await settle(listing(), httpx.Response(500), listing(item()))

    assert outcome.status is wharfinger.Status.DELIVERED
    assert len(asked) == 3


async def test_two_events_that_it_could_be_prove_nothing(settle):
    outcome, asked = await settle(listing(item("i-1"), item("i-2")))

    assert_unknown(outcome, "shows 2 events")
    assert len(asked) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"contactKey": "c-2"},
        {"contactKey": "C-1"},
        {"eventDefinitionKey": "goodbye"},
        {"modifiedDate": "2020-01-05T04:50:11.8"},
        {"modifiedDate": "2020-01-05T04:50:11Z"},
    ],
)
async def test_an_event_that_is_listed_although_nobody_asked_for_it_is_not_ours(settle, other):
    outcome, _ = await settle(listing(item(**other)))

    assert_unknown(outcome, "does not show it")


async def test_times_without_an_offset_are_server_time(settle):
    server_time = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=6)

    outcome, _ = await settle(listing(item(modifiedDate=server_time.isoformat())))

    assert outcome.status is wharfinger.Status.DELIVERED


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(200, content=b"<html>"), "cannot be read"),
        (httpx.Response(200, content=b""), "cannot be read"),
        (httpx.Response(200, json=[]), "cannot be read"),
        ({"items": [item()]}, "cannot be read"),
        ({"count": 1}, "cannot be read"),
        (listing(item(), count=2), "cannot be read to its end"),
        (listing(None, count=1), "cannot be read"),
        (listing(item(eventInstanceId=None)), "entries that cannot be read"),
        (listing(item(contactKey=7)), "entries that cannot be read"),
        (listing(item(status=None)), "entries that cannot be read"),
        (listing(item(status="lost")), "entries that cannot be read"),
        (listing(item(), item("i-2", status="odd", contactKey="c-9")), "entries that cannot"),
        (listing(item(modifiedDate=None)), "gives no dates"),
        (listing(item(modifiedDate="yesterday")), "gives no dates"),
        (httpx.Response(200, json={**listing(item()), "hasErrors": True}), "was refused"),
        (httpx.Response(403, json={"errorcode": 20002}), "was refused with HTTP status 403"),
        (httpx.Response(404), "was refused"),
        (httpx.Response(429), "was refused"),
        (httpx.Response(500), "was refused"),
        (httpx.Response(302), "was refused"),
        (SLOW, "cannot be had (timed-out)"),
        (httpx.ConnectError("no route"), "cannot be had (unreachable)"),
    ],
)
async def test_a_list_that_is_not_whole_and_clear_proves_nothing(settle, answer, words):
    outcome, asked = await settle(answer)

    assert_unknown(outcome, words)
    assert len(asked) <= 3 * 5


@pytest.mark.parametrize(("apart_s", "status"), [(3, "delivered"), (60, "unknown")])
@pytest.mark.parametrize("direction", [1, -1])
async def test_clocks_that_differ_settle_nothing(settle, apart_s, status, direction):
    date = datetime.now(UTC) + direction * timedelta(seconds=apart_s)
    answer = httpx.Response(
        200,
        json=listing(item(modifiedDate=date.isoformat())),
        headers={"Date": format_datetime(date, usegmt=True)},
    )

    outcome, _ = await settle(answer)

    assert outcome.status == status
    assert ("clock" in outcome.message) == (status == "unknown")


@pytest.mark.parametrize("apart_s", [-5, 0, 5])
@pytest.mark.parametrize(("before_s", "status"), [(0, "delivered"), (4, "unknown")])
async def test_an_event_of_a_connection_before_this_one_is_not_taken_for_the_lost_one(
    settle, apart_s, before_s, status
):
    date = datetime.now(UTC) + timedelta(seconds=apart_s)
    modified = date - timedelta(seconds=before_s)
    answer = httpx.Response(
        200,
        json=listing(item(modifiedDate=modified.isoformat())),
        headers={"Date": format_datetime(date, usegmt=True)},
    )

    outcome, _ = await settle(answer)

    assert outcome.status == status


async def test_a_long_list_is_read_to_its_end(settle):
    others = [item(f"x-{n}", contactKey="c-9") for n in range(100)]

    outcome, asked = await settle(listing(*others, count=101), listing(item(), count=101))

    assert outcome.status is wharfinger.Status.DELIVERED
    assert [request.url.params["$page"] for request in asked] == ["1", "2"]


async def test_our_own_events_are_not_taken_for_the_lost_one(cloud, connect, statuses):
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        cloud.answers(201, json={"eventInstanceId": "I-1"})
        await connection.deliver([track()])
        statuses(listing(item("i-1")))
        cloud.fails(SLOW)
        (receipt,) = await connection.deliver([track()])

    assert_unknown(receipt.outcomes["only"], "does not show it")


async def test_a_settled_event_is_known_from_then_on(cloud, connect, statuses):
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        statuses(listing(item("i-1")), listing(item("i-1"), item("i-2")))
        instances = []
        for _ in range(2):
            cloud.fails(SLOW)
            (receipt,) = await connection.deliver([track()])
            instances.append(receipt.outcomes["only"].request_id)

    assert instances == ["i-1", "i-2"]


async def test_an_event_that_stays_unknown_settles_no_later_one_of_its_contact(
    cloud, connect, statuses
):
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        statuses(listing())
        cloud.fails(SLOW)
        await connection.deliver([track()])
        asked = statuses(listing(item("i-1")))
        cloud.fails(SLOW)
        (receipt,) = await connection.deliver([track()])
        cloud.fails(SLOW)
        statuses(listing(item("i-2", contactKey="c-2")))
        (other,) = await connection.deliver([track("c-2")])

    assert_unknown(receipt.outcomes["only"], "another event of this contact")
    assert asked == []
    assert other.outcomes["only"].status is wharfinger.Status.DELIVERED


async def test_an_event_that_proved_not_to_enter_is_in_nobodys_way(cloud, connect, statuses):
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        for status in (400, 403, 429):
            cloud.answers(status)
            await connection.deliver([track()])
        statuses(listing(item()))
        cloud.fails(SLOW)
        (receipt,) = await connection.deliver([track()])

    assert receipt.outcomes["only"].status is wharfinger.Status.DELIVERED


async def test_two_mappings_that_lose_events_of_one_contact_settle_neither(
    cloud, connect, statuses
):
    mapping = {"action": ACTION, "fields": FIELDS, "trigger": ALL_TRACKS}
    statuses(listing(item()))
    cloud.fails(SLOW).fails(SLOW)

    async with connect(mappings={"a": mapping, "b": mapping}) as connection:
        (receipt,) = await connection.deliver([track()])

    assert {outcome.status.value for outcome in receipt.outcomes.values()} == {"unknown"}


async def test_an_event_that_starts_while_the_list_is_read_may_be_on_it(cloud, connect, statuses):
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        later: list[asyncio.Task[Any]] = []

        def listed() -> dict[str, Any]:
            later.append(asyncio.get_running_loop().create_task(connection.deliver([track()])))
            return listing(item())

        statuses(listed)
        original = cloud.handle_async_request

        async def handle(request: httpx.Request) -> httpx.Response:
            response: httpx.Response = await original(request)
            if request.url.path.endswith("/status"):
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            return response

        cloud.handle_async_request = handle
        cloud.fails(SLOW).fails(SLOW)
        (receipt,) = await connection.deliver([track()])
        await asyncio.gather(*later)

    assert_unknown(receipt.outcomes["only"], "another event of this contact")


async def test_a_preview_leaves_nothing_undecided_behind(cloud, connect, statuses):
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        await connection.preview([track()])
        statuses(listing(item()))
        cloud.fails(SLOW)
        (receipt,) = await connection.deliver([track()])

    assert receipt.outcomes["only"].status is wharfinger.Status.DELIVERED


def test_what_was_forgotten_settles_nothing(monkeypatch):
    monkeypatch.setattr(module, "_MOST_INSTANCES", 2)
    journeys = Journeys()
    sent = [journeys.send("welcome", f"c-{n}") for n in range(4)]
    journeys.check_alone(sent[3])
    for number in range(3):
        journeys.decide(sent[number], f"i-{number}")

    assert not journeys.knows("i-0")
    assert journeys.knows("i-2")
    with pytest.raises(UnclearError, match="too many"):
        journeys.check_alone(sent[3])


def test_more_undecided_events_than_can_be_remembered_settle_nothing(monkeypatch):
    monkeypatch.setattr(module, "_MOST_UNDECIDED", 2)
    journeys = Journeys()
    first, *_ = [journeys.send("welcome", f"c-{n}") for n in range(2)]
    journeys.check_alone(first)

    journeys.send("welcome", "c-3")

    with pytest.raises(UnclearError, match="too many"):
        journeys.check_alone(first)


@pytest.mark.parametrize(("one", "other"), [("c-1", "C-1"), ("c-1", "c-1 "), ("É", "é")])
def test_two_spellings_of_a_contact_are_in_each_others_way(one, other):
    journeys = Journeys()
    sent = journeys.send("welcome", one)
    again = journeys.send("welcome", other)
    with pytest.raises(UnclearError):
        journeys.check_alone(sent)

    journeys.decide(again)

    journeys.check_alone(sent)
