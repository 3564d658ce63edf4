"""Dead letters by cause, one by one, and their replay."""

from __future__ import annotations

from typing import Any

import pytest

CAUSE = "connection=main&mapping=notes&status=rejected&code=acme-refused"


def replayed(shown: Any, form: dict[str, str], on: str) -> str:
    """Send a replay, and return what its page says once it is over."""
    reply = shown.send("/letters/replay", form, on)
    assert reply.status_code == 303, reply.text
    path = reply.headers["location"].removeprefix("/dashboard")
    text = ""
    while not text or "under way" in text:
        text = str(shown.page(path).text)
    return text


def test_letters_are_grouped_by_their_cause(used, show, id_of) -> None:
    page = show().page("/letters")
    assert "2 main.notes acme-refused rejected" in page.text
    assert "1 main.notes payload-invalid rejected" in page.text
    assert id_of(page) == []


def test_the_letters_of_one_cause_are_listed(used, show, id_of) -> None:
    page = show().page(f"/letters?{CAUSE}")
    assert len(id_of(page)) == 2
    assert "too <rude>" in page.text
    assert "u2" in page.text
    assert "u3" in page.text


def test_many_letters_come_in_pages(host, show, id_of) -> None:
    host.vendor.reply = lambda _: (422, "")
    host.deliver(*(host.events.track(number) for number in range(120)))
    shown = show()
    found, path = [], f"/letters?{CAUSE}"
    while path:
        page = shown.page(path)
        found += id_of(page)
        following = [each["href"] for each in page.all("a") if each.get("rel") == "next"]
        path = following[0].removeprefix("/dashboard") if following else ""
    assert len(found) == 120
    assert sorted(map(int, found)) == list(map(int, found))


def test_one_letter_is_shown_whole(used, show, id_of) -> None:
    shown = show()
    (number,) = id_of(shown.page("/letters?contact=u2"))
    text = shown.page(f"/letters/{number}").text
    assert "acme-refused. Acme refused this one." in text
    assert "The vendor said: too <rude>" in text
    assert '"text": "rude"' in text
    assert '"to": "u2"' in text
    assert "Sent once" in text
    assert "r-1" in text


def test_a_replay_is_shown_with_its_difference_and_sends_nothing_by_that(used, show) -> None:
    used.edit("$.properties.text", "$.properties.polite")
    before = len(used.vendor.requests)
    text = show().page(f"/letters/replay?{CAUSE}").text
    assert "2 main.notes will be sent, with another payload than then" in text
    assert 'text "rude"' in text
    assert "Replay 2 letters" in text
    assert "read-only" in text
    assert len(used.vendor.requests) == before


def test_a_replay_sends_what_was_looked_at_and_tells_how_it_ended(used, show, token, id_of) -> None:
    shown = show(token)
    shown.sign_in()
    used.vendor.reply = lambda _: (200, "ok")
    on = f"/letters/replay?{CAUSE}"
    hidden = {each["name"]: each["value"] for each in shown.page(on).all("input")}
    assert hidden.keys() == {"proof", "connection", "mapping", "status", "code", "until_ms"}
    before = len(used.vendor.bodies("/notes"))
    text = replayed(shown, {**hidden, "proof": shown.proof("/letters/replay", on)}, on)
    assert "2 dead letters of main.notes (acme-refused)" in text
    assert "delivered 2" in text
    sent = used.vendor.bodies("/notes")[before:]
    assert sorted(body["to"] for body in sent) == ["u2", "u3"]
    assert len(id_of(shown.page("/letters?connection=main"))) == 1
    assert "delivered" in shown.page("/trace?message_id=m-2").text


def test_letters_that_came_after_the_look_are_not_sent(used, show, token) -> None:
    shown = show(token)
    shown.sign_in()
    on = f"/letters/replay?{CAUSE}"
    hidden = {each["name"] or "": each["value"] or "" for each in shown.page(on).all("input")}
    shown.desk.store.write(
        lambda db: db.execute("UPDATE letters SET at_ms = at_ms + 60000 WHERE message_id = 'm-3'")
    ).result()
    assert "rejected 1" in replayed(shown, hidden, on)


def test_one_letter_can_be_replayed_by_itself(used, show, token, id_of) -> None:
    shown = show(token)
    shown.sign_in()
    used.vendor.reply = lambda _: (200, "ok")
    number = id_of(shown.page(f"/letters?{CAUSE}"))[1]
    on = f"/letters/replay?ids={number}"
    assert "delivered 1" in replayed(shown, {"ids": number}, on)
    assert shown.client.get(f"/dashboard/letters/{number}").status_code == 404


def test_what_may_have_been_delivered_is_sent_only_when_asked_for(used, show, token) -> None:
    shown = show(token)
    shown.sign_in()
    shown.desk.store.write(
        lambda db: db.execute("UPDATE letters SET status = 'unknown' WHERE message_id = 'm-2'")
    ).result()
    on = "/letters/replay?connection=main&status=unknown"
    assert "skipped: may have been delivered" in shown.page(on).text
    assert not [each for each in shown.page(on).all("form") if "replay" in (each["action"] or "")]
    assert "will be sent as then" in shown.page(f"{on}&unknown=yes").text
    used.vendor.reply = lambda _: (200, "ok")
    form = {"status": "unknown", "unknown": "yes"}
    assert "delivered 1" in replayed(shown, form, f"{on}&unknown=yes")


def test_a_replay_that_breaks_off_says_why(used, show, token) -> None:
    shown = show(token)
    shown.sign_in()
    shown.desk.clock = lambda: 100.0
    on = f"/letters/replay?{CAUSE}"
    shown.desk.store.write(
        lambda db: db.execute("INSERT INTO lanes VALUES ('main', -1, 0, 1, 'another', 110.0)")
    ).result()
    text = replayed(shown, {"connection": "main"}, on)
    assert "broken off" in text
    assert "being replayed by another process" in text


def test_with_problems_in_the_configuration_nothing_is_replayed(used, show, token) -> None:
    shown = show(token)
    shown.sign_in()
    on = f"/letters/replay?{CAUSE}"
    proof = shown.proof("/letters/replay", on)
    used.edit('action = "send-note"', 'action = "send-notes"')
    assert "has problems" in shown.page(on).text
    reply = shown.client.post("/dashboard/letters/replay", data={"proof": proof})
    assert reply.status_code == 409


@pytest.mark.parametrize("given", ["contact=u2", "message_id=m-2"])
def test_a_trace_tells_what_became_of_a_person_or_an_event(used, show, given: str) -> None:
    text = show().page(f"/trace?{given}").text
    assert "1 event track" in text
    assert "main.notes" in text
    assert "rejected acme-refused 1 Acme refused this one. too <rude>" in text


def test_a_trace_tells_what_has_not_come_to_an_event(used, show) -> None:
    used.accept({**used.events.track(77), "messageId": "m-77"})
    assert "main has not come to it yet" in show().page("/trace?message_id=m-77").text
    assert "knows no such event" in show().page("/trace?contact=nobody").text
