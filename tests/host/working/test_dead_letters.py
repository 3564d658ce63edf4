"""Dead letters: looked at, replayed with a diff, dropped; and what became of whom."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from wharfinger_host.store.leases import acquire_one
from wharfinger_host.store.store import Store
from wharfinger_host.working.replay import REPLAYS


@pytest.fixture
def refused(host: Any) -> Any:
    """A host with four letters: u1 and u2 were refused, u3 may have arrived, u4 has no text."""
    host.vendor.reply = lambda body: (
        (422, "no such one") if body["to"] in ("u1", "u2") else (200, "")
    )
    events = [{**host.events.track(n), "messageId": f"m{n}"} for n in range(5)]
    events[4]["properties"] = {"text": {"not": "text"}}
    host.accept(*events)
    host.change("INSERT INTO targets VALUES (1, 'main', 'notes')")
    host.change(
        "INSERT INTO intents SELECT seq, 1, 'main', partition, 0 FROM inbox WHERE contact = 'u3'"
    )
    assert host.run()["letters"] == 4
    host.vendor.requests.clear()
    host.vendor.reply = lambda _body: (200, "")
    return host


def by_contact(host: Any) -> dict[str, str]:
    return dict(host.sql("SELECT contact, status FROM letters ORDER BY contact"))


def test_letters_are_listed_by_cause_and_by_filter(refused: Any) -> None:
    found = refused.json("dead-letters list")
    assert found["count"] == 4
    assert [(cause["code"], cause["count"]) for cause in found["causes"]] == [
        ("acme-refused", 2),
        ("payload-invalid", 1),
        ("interrupted", 1),
    ]
    for arguments, contacts in (
        (["--code", "acme-refused"], {"u1", "u2"}),
        (["--status", "unknown"], {"u3"}),
        (["--contact", "u2"], {"u2"}),
        (["--message", "m1"], {"u1"}),
        (["--mapping", "rows"], set()),
        (["--connection", "main", "--mapping", "notes"], {"u1", "u2", "u3", "u4"}),
        (["--since", "1h"], {"u1", "u2", "u3", "u4"}),
        (["--until", "2020-01-01"], set()),
    ):
        letters = refused.json("dead-letters list", *arguments)["letters"]
        assert {letter["contact"] for letter in letters} == contacts
    shown = refused("dead-letters list").stdout
    assert "rejected: acme-refused" in shown
    assert "no such one" in shown
    wrong = refused("dead-letters list", "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "90m, 24h or 3d ago" in wrong.stderr


def test_a_letter_is_shown_whole(refused: Any) -> None:
    (number,) = refused.sql("SELECT id FROM letters WHERE contact = 'u1'")[0]
    found = refused.json("dead-letters show", number)
    assert found["event"] == {**refused.events.track(1), "messageId": "m1"}
    assert found["payload"] == {"to": "u1", "text": "hello"}
    assert (found["vendor_message"], found["http_status"]) == ("no such one", 422)
    shown = refused("dead-letters show", number).stdout
    assert "Payload then" in shown
    assert '"text": "hello"' in shown
    assert refused("dead-letters show", 99).exit_code == 2


def test_a_replay_goes_through_the_present_mapping_and_shows_what_changes(refused: Any) -> None:
    text = refused.config.read_text().replace(
        'text = { "@path" = "$.properties.text" }', 'text = { "@template" = "Dear {{userId}}" }'
    )
    refused.config.write_text(text)
    planned = refused("dead-letters replay", "--dry-run")
    assert planned.exit_code == 0
    assert '- text: "hello"' in planned.stdout
    assert '+ text: "Dear u1"' in planned.stdout
    assert "skipped: may have been delivered" in planned.stdout
    assert refused.vendor.requests == []
    assert len(by_contact(refused)) == 4

    done = refused.json("dead-letters replay", "--yes")
    fates = {row["fate"]: row["count"] for row in done["plan"]}
    assert fates == {"changed": 3, "maybe-delivered": 1}
    assert done["outcomes"] == {"delivered": 3, "skipped": 1}
    texts = sorted(body["text"] for body in refused.vendor.bodies("/notes"))
    assert texts == ["Dear u1", "Dear u2", "Dear u4"]
    assert by_contact(refused) == {"u3": "unknown"}
    statuses = refused.sql("SELECT status, count(*) FROM ledger GROUP BY 1 ORDER BY 1")
    assert statuses == [("delivered", 4), ("unknown", 1)]


def test_what_may_have_been_delivered_is_replayed_only_where_a_person_asks(refused: Any) -> None:
    done = refused.json("dead-letters replay", "--status", "unknown", "--unknown", "--yes")
    assert done["outcomes"] == {"delivered": 1}
    assert [body["to"] for body in refused.vendor.bodies("/notes")] == ["u3"]
    assert "u3" not in by_contact(refused)


def test_what_is_refused_again_stays_a_letter_with_its_new_reason(refused: Any) -> None:
    refused.vendor.reply = lambda _body: (422, "still no such one")
    done = refused.json("dead-letters replay", "--code", "acme-refused", "--yes")
    assert done["outcomes"] == {"rejected": 2}
    said = refused.sql("SELECT vendor_message, attempts FROM letters WHERE code = 'acme-refused'")
    assert said == [("still no such one", 2)] * 2


def test_what_cannot_be_sent_at_present_stays_the_letter_it_was(refused: Any) -> None:
    refused.vendor.reply = lambda _body: (503, "")
    result = refused("dead-letters replay", "--code", "acme-refused", "--yes")
    assert result.exit_code == 1
    assert by_contact(refused)["u1"] == "rejected"
    assert refused.sql("SELECT count(*) FROM intents") == [(0,)]
    assert refused.sql("SELECT count(*) FROM deferred") == [(0,)]


def test_what_the_ledger_says_is_delivered_is_skipped(refused: Any) -> None:
    # u1 was let go from the log, and its producer sent the same event anew.
    refused.change("DELETE FROM ledger WHERE seq = (SELECT seq FROM inbox WHERE message_id = 'm1')")
    refused.change("DELETE FROM inbox WHERE message_id = 'm1'")
    refused.accept({**refused.events.track(1), "messageId": "m1"})
    refused.run()
    refused.change("UPDATE ledger SET status = 'delivered' WHERE seq = 3")
    refused.vendor.requests.clear()
    done = refused.json("dead-letters replay", "--code", "acme-refused", "--yes")
    assert {row["fate"]: row["count"] for row in done["plan"]} == {"delivered": 2}
    assert refused.vendor.requests == []


def test_a_letter_older_than_what_was_delivered_since_is_pointed_out(refused: Any) -> None:
    refused.accept({**refused.events.track(1, "newer"), "messageId": "later"})
    refused.run()
    planned = refused("dead-letters replay", "--code", "acme-refused", "--dry-run")
    assert "1 dead letter older than what has been delivered" in planned.stdout


def test_a_letter_the_trigger_takes_no_more_is_closed_and_one_without_mapping_left(
    refused: Any,
) -> None:
    text = refused.config.read_text()
    refused.config.write_text(
        text.replace('action = "send-note"', 'action = "send-note"\ntrigger = \'type = "page"\'')
    )
    done = refused.json("dead-letters replay", "--contact", "u1", "--yes")
    assert done["outcomes"] == {"filtered": 1}
    assert "u1" not in by_contact(refused)
    refused.config.write_text(text.replace("mappings.notes", "mappings.others"))
    done = refused.json("dead-letters replay", "--contact", "u2", "--yes")
    assert [row["fate"] for row in done["plan"]] == ["no-mapping"]


def test_a_replay_that_was_killed_leaves_what_was_under_way_unknown(refused: Any) -> None:
    refused.change(
        "INSERT INTO intents SELECT seq, target, 'main', ?, 0 FROM letters WHERE contact = 'u1'",
        REPLAYS,
    )
    done = refused.json("dead-letters replay", "--code", "acme-refused", "--yes")
    assert done["outcomes"] == {"delivered": 1}
    assert by_contact(refused)["u1"] == "unknown"
    assert [body["to"] for body in refused.vendor.bodies("/notes")] == ["u2"]


def test_two_replays_at_once_are_kept_apart(refused: Any) -> None:
    with Store(refused.config.parent / "inbox.db") as store:
        store.write(acquire_one, "other", ("main", REPLAYS), time.monotonic()).result()
    result = refused("dead-letters replay", "--yes", "--contact", "u1")
    assert result.exit_code == 3
    assert "being replayed by another process" in result.stderr
    assert refused.vendor.requests == []


def test_nobody_is_asked_where_nobody_can_answer(refused: Any) -> None:
    for command in ("replay", "drop"):
        result = refused(f"dead-letters {command}", "--contact", "u1")
        assert result.exit_code == 2
        assert "give --yes" in result.stderr
        assert refused(f"dead-letters {command}", "--contact", "u1", "--json").exit_code == 2
    assert len(by_contact(refused)) == 4


def test_letters_are_dropped_and_the_ledger_goes_on_knowing(refused: Any) -> None:
    assert refused("dead-letters drop", "--yes").exit_code == 2
    assert refused.json("dead-letters drop", "--code", "acme-refused", "--yes")["dropped"] == 2
    assert set(by_contact(refused)) == {"u3", "u4"}
    statuses = dict(refused.sql("SELECT status, count(*) FROM ledger GROUP BY 1"))
    assert statuses == {"delivered": 1, "rejected": 3, "unknown": 1}


def test_a_trace_tells_every_try_of_a_contact_and_of_an_event(refused: Any) -> None:
    refused.vendor.reply = lambda _body: (503, "")
    refused.accept({**refused.events.track(1), "messageId": "again"})
    refused.run()
    first, second = refused.json("trace", "--contact", "u1")
    assert [(each["mapping"], each["status"]) for each in first["happened"]] == [
        ("notes", "rejected")
    ]
    assert first["happened"][0]["vendor_message"] == "no such one"
    kinds = [(each["kind"], each["status"]) for each in second["happened"]]
    assert kinds == [("try", "retry"), ("waiting", "retry")]
    (only,) = refused.json("trace", "--message", "again")
    assert only["event"]["messageId"] == "again"
    shown = refused("trace", "--contact", "u1").stdout
    assert "tried, retry: acme-down" in shown
    assert refused("trace", "--contact", "nobody").exit_code == 1
    assert refused("trace").exit_code == 2


def test_a_trace_says_who_has_not_come_to_an_event(host: Any) -> None:
    host.accept({**host.events.track(1), "messageId": "m"})
    (event,) = host.json("trace", "--message", "m")
    assert (event["waits_for"], event["happened"]) == (["main"], [])


@pytest.mark.parametrize(("what", "lines"), [("ledger", 5), ("letters", 4), ("events", 5)])
def test_everything_is_exported_as_json_lines(refused: Any, what: str, lines: int) -> None:
    found = [orjson.loads(line) for line in refused("export", what).stdout.splitlines()]
    assert len(found) == lines
    assert [row["seq"] for row in found] == sorted(row["seq"] for row in found)
    file = refused.config.parent / "export.jsonl"
    assert refused.json("export", what, "--output", file)["lines"] == lines
    assert file.read_text() == refused("export", what).stdout
    again = refused("export", what, "--output", file)
    assert again.exit_code == 3
    assert "File exists" in again.stderr


def test_a_connection_that_is_gone_is_kept_for_until_a_person_lets_it_go(host: Any) -> None:
    host.accept(host.events.track(1))
    host.config.write_text(host.config.read_text().replace("connections.main", "connections.new"))
    assert "Events are kept for the connection main" in host("run", "--once").stderr
    assert host("forget", "new").exit_code == 2
    assert host("forget", "mian").exit_code == 2
    refused = host("forget", "main")
    assert refused.exit_code == 1
    assert "1 event still waiting for main" in refused.stderr
    assert host.json("forget", "main", "--yes")["let_go"] == 1
    assert host.run()["ok"]


def test_what_was_put_aside_for_a_mapping_that_is_gone_can_be_let_go_by_itself(host: Any) -> None:
    host.vendor.answer = lambda *_: (503, "")
    host.accept(host.events.track(1), host.events.identify(2))
    host.run()
    used = host("forget", "main", "--mapping", "notes", "--yes")
    assert used.exit_code == 2
    assert "main.notes is in the configuration; take it out there first, or" in used.stderr
    text = host.config.read_text()
    host.config.write_text(
        text.replace('action = "send-note"', 'action = "send-note"\nenabled = false')
    )
    other = host("forget", "main", "--mapping", "note", "--yes")
    assert other.exit_code == 2
    assert 'put nothing aside for "main.note". Did you mean' in other.stderr
    refused = host("forget", "main", "--mapping", "notes")
    assert refused.exit_code == 1
    assert "1 event still waiting for main.notes" in refused.stderr
    assert host.sql("SELECT count(*) FROM deferred") == [(2,)]
    found = host.json("forget", "main", "--mapping", "notes", "--yes")
    assert (found["let_go"], found["mapping"]) == (1, "notes")
    host.config.write_text(text)
    host.vendor.answer = lambda *_: (200, "")
    host.change("UPDATE deferred SET due_ms = 0")
    assert host.run()["ok"]
    assert host.sql("SELECT contact, status FROM ledger JOIN inbox USING (seq)") == [
        ("u2", "delivered")
    ]


def test_what_waits_for_a_mapping_that_is_gone_is_pointed_out(host: Any) -> None:
    host.vendor.answer = lambda *_: (503, "")
    host.accept(host.events.track(1))
    host.run()
    text = host.config.read_text()
    host.config.write_text(
        text.replace('action = "send-note"', 'action = "send-note"\nenabled = false')
    )
    result = host("run", "--once")
    assert "1 event put aside for the mapping main.notes, which the configuration" in result.stderr
    assert result.exit_code == 1
    host.config.write_text(text)
    host.vendor.answer = lambda *_: (200, "")
    host.change("UPDATE deferred SET due_ms = 0")
    assert host.run()["ok"]
