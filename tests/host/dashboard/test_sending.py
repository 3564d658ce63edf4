"""Sending an event from the workbench: into the inbox, like any other."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

BENCH = "/workbench?connection=main&mapping=notes"
EVENT = {
    "type": "track",
    "userId": "u7",
    "messageId": "m-1",
    "sentAt": "2020-01-01T00:00:00Z",
    "receivedAt": "2020-01-01T00:00:00Z",
    "timestamp": "2026-03-01T10:00:00Z",
    "event": "Noted",
    "properties": {"text": "hello"},
}


@pytest.fixture
def inside(used, show, token) -> Any:
    """A dashboard that somebody is signed in to."""
    shown = show(token)
    shown.sign_in()
    return shown


def send(shown: Any, event: Any, on: str = BENCH) -> Any:
    text = event if isinstance(event, str) else orjson.dumps(event).decode()
    form = {"connection": "main", "mapping": "notes", "event": text, "trigger": "", "fields": "{}"}
    return shown.send("/workbench/send", form, on)


def kept(shown: Any, message_id: str) -> Any:
    rows = shown.desk.store.read(
        lambda db: db.execute(
            "SELECT event FROM inbox WHERE message_id = ?", (message_id,)
        ).fetchall()
    ).result()
    return [orjson.loads(event) for (event,) in rows]


def message_id_of(reply: Any) -> str:
    assert reply.status_code == 303, reply.text
    (found,) = parse_qs(urlsplit(reply.headers["location"]).query)["message_id"]
    return str(found)


def test_an_event_is_in_the_inbox_as_a_source_would_have_sent_it(inside) -> None:
    message_id = message_id_of(send(inside, EVENT))
    (event,) = kept(inside, message_id)
    assert message_id.startswith("dashboard-")
    assert event["messageId"] == message_id
    assert event["timestamp"] == "2026-03-01T10:00:00.000Z"
    assert event["receivedAt"] > "2026"
    assert "sentAt" not in event
    assert event["properties"] == {"text": "hello"}
    assert inside.desk.intake.counts.events == 1


def test_an_event_that_was_sent_before_can_be_sent_again(inside) -> None:
    first, second = (message_id_of(send(inside, EVENT)) for _ in range(2))
    assert first != second
    assert kept(inside, first)
    assert kept(inside, second)


def test_what_becomes_of_it_is_shown_with_the_way_to_where_it_went(used, inside) -> None:
    there = send(inside, EVENT).headers["location"].removeprefix("/dashboard")
    page = inside.page(there)
    assert "The event is in the inbox." in page.text
    assert "main has not come to it yet" in page.text
    assert [each for each in page.all("span") if each.get("data-refresh") == "1"]
    used("run --once --json")
    page = inside.page(there)
    assert "delivered" in page.text
    links = [each["href"] for each in page.all("a") if each.get("rel") == "noreferrer"]
    assert links == [inside.desk.routes()["main"]]
    assert [each for each in page.all("span") if each.get("data-refresh") == "5"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ({**EVENT, "type": "trak"}, "type of an event must be one of"),
        ({"type": "track", "event": "A"}, "needs a userId or an anonymousId"),
        ({**EVENT, "event": ""}, "A track event needs its name"),
        ({**EVENT, "x": "y" * 40_000}, "larger than"),
    ],
)
def test_what_is_no_event_is_told_and_stays_to_be_corrected(
    inside, tree, event: Any, words: str
) -> None:
    before = inside.desk.intake.counts.events
    reply = send(inside, event)
    assert reply.status_code == 409
    page = tree(reply.text)
    assert "The event was not taken in" in page.text
    assert words in page.text
    assert inside.desk.intake.counts.events == before


def test_nobody_sends_who_may_only_look(used, show) -> None:
    shown = show()
    assert send(shown, EVENT).status_code == 403
    buttons = shown.page(BENCH).all("button")
    assert ["disabled" in each for each in buttons if "send" in (each.get("formaction") or "")] == [
        True
    ]


def test_a_foreign_page_cannot_send(inside) -> None:
    form = {"event": orjson.dumps(EVENT).decode(), "connection": "main", "mapping": "notes"}
    assert inside.client.post("/dashboard/workbench/send", data=form).status_code == 403
    form["proof"] = inside.proof("/workbench/send", BENCH)
    foreign = {"Origin": "https://elsewhere.example"}
    reply = inside.client.post("/dashboard/workbench/send", data=form, headers=foreign)
    assert reply.status_code == 403
