"""`run` as a process: killed, stopped, reloaded, and several of them on one inbox."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from typing import Any

import pytest


@pytest.mark.parametrize("contact", ["u0", "u150", "u299"])
def test_after_a_kill_nothing_is_lost_and_what_may_happen_once_happens_once(
    host: Any, start: Any, contact: str
) -> None:
    host.accept(*(host.events.track(n) for n in range(300)))
    stuck, release = host.stuck_at(contact)
    process = start()
    assert stuck.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    release.set()
    host.change("UPDATE lanes SET deadline_s = 0")  # as if the leases had run out
    found = host.run()
    # A request that was cut off by the kill has no body.
    sent = Counter(body["to"] for body in host.vendor.bodies("/notes") if body)
    unknown = {name for (name,) in host.sql("SELECT contact FROM letters")}
    assert set(sent) | unknown == {f"u{n}" for n in range(300)}
    assert set(sent.values()) == {1}
    assert contact in unknown
    statuses = dict(host.sql("SELECT status, count(*) FROM ledger GROUP BY 1"))
    assert sum(statuses.values()) == 300
    assert statuses["unknown"] == found["letters"] >= 1


def test_a_signal_lets_what_is_under_way_end_and_takes_nothing_more(host: Any, start: Any) -> None:
    host.accept(host.events.track(1))
    stuck, release = host.stuck_at("u1")
    process = start()
    assert stuck.wait(60)
    process.send_signal(signal.SIGTERM)
    assert "Ending what is under way" in process.stderr.readline()
    host.accept(host.events.track(2))
    release.set()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1  # the second event waits
    assert json.loads(output)["waiting"] == 1
    assert host.sql("SELECT seq, status FROM ledger") == [(1, "delivered")]
    assert host.sql("SELECT count(*) FROM lanes WHERE owner != ''") == [(0,)]


def test_a_second_signal_stops_at_once_and_what_was_under_way_is_unknown(
    host: Any, start: Any
) -> None:
    host.accept(host.events.track(1))
    stuck, release = host.stuck_at("u1")
    process = start()
    assert stuck.wait(60)
    process.send_signal(signal.SIGTERM)
    process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    release.set()
    assert process.returncode == 130
    host.run()
    assert host.sql("SELECT status, code FROM letters") == [("unknown", "interrupted")]
    assert len(host.vendor.bodies("/notes")) == 1


def test_what_is_under_way_longer_than_it_may_is_given_up(host: Any, start: Any) -> None:
    host.accept(host.events.track(1))
    stuck, release = host.stuck_at("u1")
    process = start("--drain-s", "0")
    assert stuck.wait(60)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    release.set()
    assert process.returncode == 1
    assert json.loads(output)["failed"] == []
    host.run()
    assert host.sql("SELECT status, code FROM letters") == [("unknown", "interrupted")]
    assert len(host.vendor.bodies("/notes")) == 1


def test_a_new_configuration_is_taken_without_loss(host: Any, start: Any) -> None:
    process = start()
    host.accept(host.events.track(1))
    assert host.vendor.asked.wait(60)
    text = host.config.read_text()
    host.config.write_text(text.replace('"$.properties.text"', '"$.event"'))
    process.send_signal(signal.SIGHUP)
    assert "changed: main" in process.stderr.readline()
    host.vendor.asked.clear()
    host.accept({**host.events.track(2), "event": "Renamed"})
    assert host.vendor.asked.wait(60)
    host.config.write_text(host.config.read_text().replace('"inbox.db"', '"other.db"'))
    process.send_signal(signal.SIGHUP)
    assert "[inbox] has changed, and counts from the next start" in process.stderr.readline()
    assert "nothing changed" in process.stderr.readline()
    host.config.write_text("nonsense")
    process.send_signal(signal.SIGHUP)
    said = [process.stderr.readline() for _ in range(2)]
    assert "was not reloaded; work goes on" in "".join(said)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert json.loads(output)["ok"]
    assert [body["text"] for body in host.vendor.bodies("/notes")] == ["hello", "Renamed"]


def test_a_worker_ends_where_nothing_can_be_let_go_any_more(host: Any, start: Any) -> None:
    host.accept(host.events.track(1))
    host.run()
    host.change("DROP TABLE tries")
    process = start()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "no such table: tries" in said


def test_two_processes_share_an_inbox_and_send_everything_once(host: Any, start: Any) -> None:
    host.accept(*(host.events.track(n) for n in range(400)))
    first, second = start(), start()
    assert host.vendor.asked.wait(60)
    done = threading.Event()
    everything = threading.Lock()

    def reply(_body: Any) -> tuple[int, str]:
        with everything:
            if len(host.vendor.requests) >= 401:
                done.set()
        return 200, ""

    host.vendor.reply = reply
    host.accept(host.events.track(1_000))
    assert done.wait(60)
    for process in (first, second):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    sent = Counter(body["to"] for body in host.vendor.bodies("/notes"))
    assert (len(sent), set(sent.values())) == (401, {1})
    assert host.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 401)]


def test_a_worker_that_shares_with_a_new_one_ends_although_something_is_given_up(
    host: Any, start: Any
) -> None:
    contacts = [f"u{n}" for n in range(100)]
    stuck, release = host.stuck_at(*contacts)
    host.accept(*(host.events.track(n) for n in range(100)))
    first = start("--drain-s", "0")
    assert stuck.wait(60)
    # Every lane has something under way, so half of them are about to be let go and cannot be.
    start()
    held = "SELECT count(*) FROM workers"
    while host.sql(held) != [(2,)]:
        pass
    before = host.sql("SELECT sum(deadline_s) FROM lanes")
    while host.sql("SELECT sum(deadline_s) FROM lanes") == before:
        pass  # the next sign of life is the one at which the first learns of the second
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    release.set()
    assert first.returncode == 1


def test_events_of_a_halted_connection_stay_in_the_log_and_follow_in_order_once_it_is_mended(
    host: Any, start: Any
) -> None:
    host.keep_rows_in_order()

    def version(number: int) -> dict[str, Any]:
        event: dict[str, Any] = host.events.identify(number % 10)
        return {**event, "traits": {"email": f"{number}"}}

    host.vendor.answer = lambda *_: (401, "")
    host.accept(version(0))
    process = start()
    assert "main.rows is halted: Acme refused the API Key." in process.stderr.readline()
    host.accept(*map(version, range(1, 500)))
    asked = len(host.vendor.requests)
    assert host.sql("SELECT seq, status FROM deferred") == [(1, "halted")]
    done = threading.Event()

    def answer(*_: Any) -> tuple[int, str]:
        if sum(map(len, host.vendor.bodies("/rows")[asked:])) >= 500:
            done.set()
        return 200, ""

    host.vendor.answer = answer
    process.send_signal(signal.SIGHUP)
    assert done.wait(60)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    sent = [row for body in host.vendor.bodies("/rows")[asked:] for row in body]
    assert len(sent) == 500
    for contact in range(10):
        mails = [int(row["values"]["mail"]) for row in sent if row["key"] == f"u{contact}"]
        assert mails == list(range(contact, 500, 10))
    assert host.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 500)]
    assert host.sql("SELECT count(*) FROM deferred") == [(0,)]
