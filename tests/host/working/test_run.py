"""`accept` and `run --once`: from a file of events to outcomes on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest


def named(event: dict[str, Any], name: str) -> dict[str, Any]:
    return {**event, "messageId": name}


@pytest.fixture
def accept(cli: Any, durable: Path, events: Any, tmp_path: Path) -> Any:
    """Takes events into the inbox."""

    def take(*lines: Any) -> Any:
        file = events.write(tmp_path / "events.jsonl", *lines)
        result = cli("accept", durable, file, "--json")
        assert result.exit_code == 0, result.stderr
        return result

    return take


def test_what_is_accepted_is_delivered_once(
    cli: Any, durable: Path, vendor: Any, events: Any, accept: Any, ask: Any, said: Any
) -> None:
    found = said(accept(*(events.track(n) for n in range(5)), *map(events.identify, range(7))))
    assert (found["accepted"], found["duplicates"]) == (12, 0)
    first = cli("run", durable, "--once", "--json")
    assert (first.exit_code, first.stderr) == (0, "")
    assert said(first)["waiting"] == 0
    assert sorted(body["to"] for body in vendor.bodies("/notes")) == [f"u{n}" for n in range(5)]
    rows = [row for body in vendor.bodies("/rows") for row in body]
    assert sorted(row["key"] for row in rows) == [f"u{n}" for n in range(7)]
    assert ask("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 12)]
    assert ask("SELECT count(*) FROM intents") == [(0,)]
    asked = len(vendor.requests)
    assert cli("run", durable, "--once").exit_code == 0
    assert len(vendor.requests) == asked


def test_a_message_id_is_accepted_once(
    cli: Any, durable: Path, vendor: Any, events: Any, accept: Any, said: Any
) -> None:
    accept(named(events.track(1), "a"), named(events.track(2), "b"), named(events.track(3), "a"))
    found = said(accept(named(events.track(2), "b"), named(events.track(4), "c")))
    assert (found["accepted"], found["duplicates"]) == (1, 1)
    cli("run", durable, "--once")
    assert sorted(body["to"] for body in vendor.bodies("/notes")) == ["u1", "u2", "u4"]


def test_what_is_rejected_is_a_dead_letter_with_the_vendors_words(
    cli: Any, durable: Path, vendor: Any, events: Any, accept: Any, ask: Any, said: Any
) -> None:
    vendor.reply = lambda body: (422, "no such address") if body["to"] == "u2" else (200, "")
    accept(*(events.track(n) for n in range(4)))
    result = cli("run", durable, "--once", "--json")
    assert result.exit_code == 1
    assert said(result)["letters"] == 1
    letters = ask("SELECT contact, status, attempts, vendor_message, payload FROM letters")
    assert letters[0][:3] == ("u2", "rejected", 1)
    assert b'"to":"u2"' in letters[0][4]
    statuses = ask("SELECT status, count(*) FROM ledger GROUP BY 1 ORDER BY 1")
    assert statuses == [("delivered", 3), ("rejected", 1)]


def test_what_is_to_be_tried_again_leaves_the_way_and_keeps_its_order(
    cli: Any, durable: Path, vendor: Any, events: Any, accept: Any, ask: Any, said: Any
) -> None:
    vendor.answer = lambda _method, path, _body: (503, "") if path == "/notes" else (200, "")
    accept(events.track(1), events.identify(1))
    result = cli("run", durable, "--once", "--json")
    assert result.exit_code == 1
    assert said(result)["waiting"] == 1
    assert said(result)["next_try"] is not None
    assert ask("SELECT contact, status, tries FROM deferred") == [("u1", "retry", 1)]
    assert len(vendor.bodies("/rows")) == 1
    # Its time has not come, so nothing is sent.
    asked = len(vendor.requests)
    cli("run", durable, "--once")
    assert len(vendor.requests) == asked


def test_what_halts_keeps_its_events_until_it_is_put_right(
    cli: Any, durable: Path, vendor: Any, events: Any, accept: Any, ask: Any
) -> None:
    vendor.answer = lambda _method, _path, _body: (401, "")
    accept(*(events.track(n) for n in range(30)), *map(events.identify, range(30)))
    result = cli("run", durable, "--once")
    assert result.exit_code == 1
    assert "main.notes is halted: Acme refused the API Key." in result.stderr
    assert ask("SELECT status, count(*) FROM deferred GROUP BY 1") == [("halted", 60)]
    assert ask("SELECT count(*) FROM ledger") == [(0,)]
    vendor.requests.clear()
    cli("run", durable, "--once")
    assert len(vendor.requests) == 1  # one of them is tried, and no other while it fails
    vendor.answer = lambda _method, _path, _body: (200, "")
    vendor.requests.clear()
    assert cli("run", durable, "--once").exit_code == 0
    assert sorted(body["to"] for body in vendor.bodies("/notes")) == sorted(
        f"u{n}" for n in range(30)
    )
    assert ask("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 60)]
    assert ask("SELECT count(*) FROM deferred") == [(0,)]


def test_lines_that_hold_no_event_are_kept_aside(
    cli: Any, durable: Path, events: Any, tmp_path: Path, said: Any
) -> None:
    file = events.write(tmp_path / "events.jsonl", events.track(1), b"nonsense", events.track(2))
    result = cli("accept", durable, file, "--json")
    found = said(result)
    assert (result.exit_code, found["accepted"], found["unreadable"]) == (1, 2, 1)
    assert events.read(Path(found["undelivered"]))[0]["raw"] == "nonsense"


def test_an_inbox_that_is_full_refuses_and_keeps_what_it_has(
    cli: Any, durable: Path, vendor: Any, events: Any, tmp_path: Path, said: Any
) -> None:
    durable.write_text(durable.read_text().replace("[inbox]", "[inbox]\nmost_waiting = 10"))
    file = events.write(tmp_path / "events.jsonl", *(events.track(n) for n in range(16)))
    result = cli("accept", durable, file, "--chunk", "8", "--json")
    found = said(result)
    assert (result.exit_code, found["accepted"], found["last_line"]) == (3, 8, 8)
    assert "may" in found["stopped"]["message"]
    cli("run", durable, "--once")
    cli("accept", durable, file, "--from-line", "9")
    cli("run", durable, "--once")
    assert len(vendor.bodies("/notes")) == 16


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_inbox_is_said_clearly(
    cli: Any, durable: Path, events: Any, accept: Any, tmp_path: Path
) -> None:
    accept(events.track(1))
    (tmp_path / "inbox.db").chmod(0o400)
    file = events.write(tmp_path / "more.jsonl", events.track(2))
    result = cli("accept", durable, file)
    assert result.exit_code == 3
    assert "Give this user the right" in result.stderr or "denied" in result.stderr


def test_a_connection_gets_what_is_accepted_after_it_was_added(
    cli: Any, durable: Path, vendor: Any, events: Any, accept: Any
) -> None:
    accept(events.track(1))
    text = durable.read_text()
    second = text[text.index("[connections.main]") :].replace("connections.main", "connections.two")
    durable.write_text(text + second)
    accept(events.track(2))
    assert cli("run", durable, "--once").exit_code == 0
    assert sorted(body["to"] for body in vendor.bodies("/notes")) == ["u1", "u2", "u2"]


def test_an_inbox_table_is_checked_with_everything_else(cli: Any, durable: Path) -> None:
    durable.write_text(durable.read_text().replace('file = "inbox.db"', "partitons = 0"))
    result = cli("check", durable)
    assert result.exit_code == 2
    assert "inbox.partitons: is not known here" in result.stderr + result.stdout
    assert "needs file" in result.stderr + result.stdout


def test_without_an_inbox_the_way_to_one_is_named(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "events.jsonl", events.track(1))
    for arguments in (("accept", config, file), ("run", config, "--once")):
        result = cli(*arguments)
        assert result.exit_code == 2
        assert 'Write a table [inbox] with file = "wharfinger.db"' in result.stderr
