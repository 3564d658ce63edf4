"""`accept` and `run --once`: from a file of events to outcomes on disk."""

from __future__ import annotations

import time
from typing import Any

import pytest

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.leases import acquire
from wharfinger_host.store.store import Store
from wharfinger_host.working import recorder


def named(event: dict[str, Any], name: str) -> dict[str, Any]:
    return {**event, "messageId": name}


def receivers(host: Any) -> list[str]:
    return sorted(body["to"] for body in host.vendor.bodies("/notes"))


def test_what_is_accepted_is_delivered_once(host: Any) -> None:
    lines = [host.events.track(n) for n in range(5)] + [host.events.identify(n) for n in range(7)]
    assert (host.accept(*lines)["accepted"]) == 12
    first = host.run()
    assert (first["ok"], first["waiting"], first["letters"]) == (True, 0, 0)
    assert receivers(host) == [f"u{n}" for n in range(5)]
    rows = [row for body in host.vendor.bodies("/rows") for row in body]
    assert sorted(row["key"] for row in rows) == [f"u{n}" for n in range(7)]
    assert host.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 12)]
    assert host.sql("SELECT count(*) FROM intents") == [(0,)]
    asked = len(host.vendor.requests)
    assert host.run()["ok"]
    assert len(host.vendor.requests) == asked


def test_a_message_id_is_accepted_once(host: Any) -> None:
    track = host.events.track
    assert host.accept(named(track(1), "a"), named(track(2), "b"), named(track(3), "a")) == {
        **host.accept(),
        "accepted": 2,
        "duplicates": 1,
        "last_line": 3,
    }
    found = host.accept(named(track(2), "b"), named(track(4), "c"))
    assert (found["accepted"], found["duplicates"]) == (1, 1)
    host.run()
    assert receivers(host) == ["u1", "u2", "u4"]


def test_what_is_rejected_is_a_dead_letter_with_the_vendors_words(host: Any) -> None:
    host.vendor.reply = lambda body: (422, "no such one") if body["to"] == "u2" else (200, "")
    host.accept(*(host.events.track(n) for n in range(4)))
    found = host.run()
    assert (found["ok"], found["letters"]) == (False, 1)
    ((contact, status, attempts, said, payload),) = host.sql(
        "SELECT contact, status, attempts, vendor_message, payload FROM letters"
    )
    assert (contact, status, attempts, said) == ("u2", "rejected", 1, "no such one")
    assert b'"to":"u2"' in payload
    statuses = host.sql("SELECT status, count(*) FROM ledger GROUP BY 1 ORDER BY 1")
    assert statuses == [("delivered", 3), ("rejected", 1)]


def test_what_is_to_be_tried_again_leaves_the_way(host: Any) -> None:
    host.vendor.answer = lambda _, path, __: (503, "") if path == "/notes" else (200, "")
    host.accept(host.events.track(1), host.events.identify(1))
    found = host.run()
    assert (found["ok"], found["waiting"]) == (False, 1)
    assert found["next_try"] is not None
    assert host.sql("SELECT contact, status, tries FROM deferred") == [("u1", "retry", 1)]
    assert len(host.vendor.bodies("/rows")) == 1
    asked = len(host.vendor.requests)
    host.run()
    assert len(host.vendor.requests) == asked  # its time has not come
    host.vendor.answer = lambda *_: (200, "")
    host.change("UPDATE deferred SET due_ms = 0")
    assert host.run()["ok"]
    assert host.sql("SELECT status, attempts FROM ledger WHERE seq = 1") == [("delivered", 1)]
    assert host.sql("SELECT status, attempts FROM tries") == [("retry", 1)]


def test_what_is_never_accepted_is_given_up_in_the_end(host: Any) -> None:
    host.vendor.answer = lambda *_: (503, "")
    host.accept(host.events.track(1))
    host.run()
    host.change("UPDATE deferred SET due_ms = 0, since_ms = 0")
    assert host.run()["letters"] == 1
    assert host.sql("SELECT status, code FROM letters") == [("retry", "acme-down")]
    assert host.sql("SELECT count(*) FROM deferred") == [(0,)]


def test_what_halts_keeps_its_events_until_it_is_put_right(host: Any) -> None:
    host.vendor.answer = lambda *_: (401, "")
    lines = [host.events.track(n) for n in range(30)] + [host.events.identify(n) for n in range(30)]
    host.accept(*lines)
    result = host("run", "--once")
    assert result.exit_code == 1
    assert "main.notes is halted: Acme refused the API Key." in result.stderr
    assert host.sql("SELECT status, count(*) FROM deferred GROUP BY 1") == [("halted", 60)]
    assert host.sql("SELECT count(*) FROM ledger") == [(0,)]
    host.vendor.requests.clear()
    host.run()
    assert len(host.vendor.requests) <= 2  # one of each mapping is tried, and no other
    host.vendor.answer = lambda *_: (200, "")
    host.vendor.requests.clear()
    assert host.run()["ok"]
    assert receivers(host) == sorted(f"u{n}" for n in range(30))
    assert host.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 60)]


def test_lines_that_hold_no_event_are_kept_aside(host: Any) -> None:
    lines = host.events.track(1), b"nonsense", host.events.track(2)
    file = host.events.write(host.config.parent / "events.jsonl", *lines)
    found = host.json("accept", file)
    assert (found["ok"], found["accepted"], found["unreadable"]) == (False, 2, 1)
    assert host.events.read(host.config.parent / found["undelivered"])[0]["raw"] == "nonsense"


def test_an_inbox_that_is_full_refuses_and_keeps_what_it_has(host: Any) -> None:
    host.config.write_text(host.config.read_text().replace("[inbox]", "[inbox]\nmost_waiting = 10"))
    lines = [host.events.track(n) for n in range(16)]
    file = host.events.write(host.config.parent / "events.jsonl", *lines)
    result = host("accept", file, "--chunk", "8")
    assert result.exit_code == 3
    assert "8 events wait in the inbox, and 10 may" in result.stdout
    assert "go on there with --from-line 9" in result.stdout
    host.run()
    assert host.json("accept", file, "--from-line", "9")["accepted"] == 8
    host.run()
    assert len(receivers(host)) == 16


def test_a_connection_gets_what_is_accepted_after_it_was_added(host: Any) -> None:
    host.accept(host.events.track(1))
    text = host.config.read_text()
    second = text[text.index("[connections.main]") :].replace("connections.main", "connections.two")
    host.config.write_text(text + second)
    host.accept(host.events.track(2))
    assert host.run()["ok"]
    assert receivers(host) == ["u1", "u2", "u2"]


def test_an_inbox_table_is_checked_with_everything_else(host: Any) -> None:
    text = host.config.read_text().replace('file = "inbox.db"', "partitons = 0")
    host.config.write_text(text)
    result = host("check")
    assert result.exit_code == 2
    assert "inbox.partitons: is not known here" in result.stderr + result.stdout
    assert "needs file" in result.stderr + result.stdout


def test_without_an_inbox_the_way_to_one_is_named(host: Any) -> None:
    host.config.write_text(host.config.read_text().replace('[inbox]\nfile = "inbox.db"\n', ""))
    file = host.events.write(host.config.parent / "events.jsonl", host.events.track(1))
    for result in (host("accept", file), host("run", "--once")):
        assert result.exit_code == 2
        assert 'Write a table [inbox] with file = "wharfinger.db"' in result.stderr


def test_partitions_cannot_change_while_the_inbox_is_in_use(host: Any) -> None:
    host.accept(host.events.track(1))
    host.config.write_text(host.config.read_text().replace("[inbox]", "[inbox]\npartitions = 3"))
    result = host("run", "--once")
    assert result.exit_code == 3
    assert "was made with 8 partitions" in result.stderr


def test_order_of_a_contact_is_kept_behind_what_is_tried_again(host: Any) -> None:
    host.keep_rows_in_order()

    def version(number: int) -> dict[str, Any]:
        event: dict[str, Any] = host.events.identify(1)
        return {**event, "traits": {"email": f"{number}"}}

    host.vendor.answer = lambda *_: (503, "")
    host.accept(*map(version, range(4)))
    host.run()
    held = host.sql("SELECT code FROM deferred ORDER BY seq")
    assert held == [("acme-down",)] * 3 + [("held-back",)]
    # The later ones come while the earlier ones wait, and the vendor is well again.
    host.vendor.answer = lambda *_: (200, "")
    host.vendor.requests.clear()
    host.accept(*map(version, range(4, 9)))
    host.run()
    assert host.vendor.bodies("/rows") == []
    host.change("UPDATE deferred SET due_ms = 0 WHERE seq <= 3")
    assert host.run()["ok"]
    sent = [row["values"]["mail"] for body in host.vendor.bodies("/rows") for row in body]
    assert sent == [f"{number}" for number in range(9)]


def test_an_intent_without_an_outcome_is_unknown_and_never_sent(host: Any) -> None:
    host.accept(*(host.events.track(n) for n in range(4)))
    (target,) = host.sql("SELECT 1")[0]
    host.change("INSERT INTO targets VALUES (?, 'main', 'notes')", target)
    host.change(
        "INSERT INTO intents SELECT seq, ?, 'main', partition, 0 FROM inbox WHERE contact = 'u2'",
        target,
    )
    result = host("run", "--once")
    assert "1 event may have been delivered when the program ended last time" in result.stderr
    assert receivers(host) == ["u0", "u1", "u3"]
    assert host.sql("SELECT contact, status, code FROM letters") == [
        ("u2", "unknown", "interrupted")
    ]
    assert host.sql("SELECT count(*) FROM intents") == [(0,)]


def test_what_is_known_beyond_the_position_is_not_sent_again(host: Any) -> None:
    host.accept(*(host.events.track(n) for n in range(6)))
    host.run()
    host.change("UPDATE lanes SET position = 0")
    host.vendor.requests.clear()
    assert host.run()["ok"]
    assert host.vendor.requests == []


def test_a_lane_that_another_process_holds_is_left_alone(host: Any) -> None:
    host.accept(host.events.track(1))
    with Store(host.config.parent / "inbox.db") as store:
        store.write(acquire, "another", "main", 8, time.monotonic()).result()
    found = host.run()
    assert (found["waiting"], host.vendor.requests) == (1, [])


def test_a_disk_that_fills_up_ends_the_worker_and_loses_nothing(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.accept(*(host.events.identify(n) for n in range(6)), host.events.track(1))

    def full(db: Database, _work: Any) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        db.execute("INSERT INTO facts VALUES ('more', zeroblob(1000000))")

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "settle", full)
        result = host("run", "--once")
    assert result.exit_code == 3
    assert "Make room and start again" in result.stderr
    assert "Traceback" not in result.stderr
    assert host.sql("SELECT count(*) FROM ledger") == [(0,)]
    host.run()
    statuses = host.sql("SELECT status, count(*) FROM ledger GROUP BY 1 ORDER BY 1")
    # What may be repeated was sent again; the note may not, so nobody knows.
    assert sum(count for _, count in statuses) == 7
    assert len(host.vendor.bodies("/notes")) == 1
    rows = [row["key"] for body in host.vendor.bodies("/rows") for row in body]
    assert set(rows) == {f"u{n}" for n in range(6)}


def test_what_is_old_enough_is_let_go_and_what_waits_is_not(host: Any) -> None:
    text = host.config.read_text().replace("[inbox]", "[inbox]\nkeep_events_days = 0")
    host.config.write_text(text)
    host.vendor.reply = lambda body: (503, "") if body["to"] == "u1" else (200, "")
    host.accept(*(host.events.track(n) for n in range(4)))
    host.run()
    host.run()
    assert host.sql("SELECT contact FROM inbox") == [("u1",)]
    assert host.sql("SELECT count(*) FROM ledger") == [(0,)]
    assert host.sql("SELECT value FROM facts WHERE name = 'last_seq'") == [(4,)]
