"""``wharfinger serve`` as a process: it takes events in, delivers them, and ends well."""

from __future__ import annotations

import json
import resource
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest


def send(served: Any, *numbers: int, key: str = "website-key", **more: Any) -> httpx.Response:
    batch = [
        {
            "type": "track",
            "event": "A",
            "userId": f"u{number}",
            "messageId": f"m-{number}",
            "properties": {"text": "hello"},
            **more,
        }
        for number in numbers
    ]
    body = {"batch": batch}
    return httpx.post(f"{served.url}/v1/batch", json=body, auth=(key, ""), timeout=60)


def test_what_is_accepted_is_delivered_by_the_same_process(vendor: Any, serving: Any) -> None:
    served = serving("--json")
    assert send(served, 1).status_code == 200
    assert vendor.asked.wait(60)
    code, output, _ = served.end()
    assert code == 0
    assert [body["to"] for body in vendor.bodies("/notes")] == ["u1"]
    found = json.loads(output)
    assert found["received"]["events"] == 1
    assert found["received"]["requests"] == {"200": 1}
    assert found["delivery"]["ok"] is True


def test_what_is_under_way_is_answered_and_delivered_before_it_ends(
    vendor: Any, serving: Any
) -> None:
    stuck, release = threading.Event(), threading.Event()

    def reply(_: Any) -> tuple[int, str]:
        stuck.set()
        release.wait(60)
        return 200, ""

    vendor.reply = reply
    served = serving()
    assert send(served, 1).status_code == 200
    assert stuck.wait(60)
    served.process.send_signal(signal.SIGTERM)
    served.line_with("Ending what is under way")
    release.set()
    output, _ = served.process.communicate(timeout=60)
    assert served.process.returncode == 0
    assert "1 event accepted" in output
    assert served.rows("SELECT seq, status FROM ledger") == [(1, "delivered")]


def test_a_second_signal_stops_at_once(vendor: Any, serving: Any) -> None:
    stuck, release = threading.Event(), threading.Event()

    def reply(_: Any) -> tuple[int, str]:
        stuck.set()
        release.wait(60)
        return 200, ""

    vendor.reply = reply
    served = serving()
    assert send(served, 1).status_code == 200
    assert stuck.wait(60)
    served.process.send_signal(signal.SIGTERM)
    served.line_with("Ending what is under way")
    code, _, errors = served.end()
    release.set()
    assert code == 130
    assert "Traceback" not in errors


@pytest.mark.parametrize("arguments", [(), ("--no-deliver",)])
def test_a_signal_reads_keys_and_connections_again(
    vendor: Any, serving: Any, arguments: tuple[str, ...]
) -> None:
    served = serving(*arguments)
    text = served.config.read_text()
    served.config.write_text(text.replace('"website-key"', '"new-key"'))
    served.process.send_signal(signal.SIGHUP)
    served.line_with("Sources: website.")
    assert send(served, 1).status_code == 401
    assert send(served, 1, key="new-key").status_code == 200
    served.config.write_text(text.replace("write_key", "writekey"))
    served.process.send_signal(signal.SIGHUP)
    served.line_with("was not reloaded")
    assert send(served, 2, key="new-key").status_code == 200
    if not arguments:
        assert vendor.asked.wait(60)
    code, _, errors = served.end()
    assert (code, "Traceback" in errors) == (0, False)


@pytest.mark.parametrize("arguments", [(), ("--no-deliver",)])
def test_another_inbox_is_said_to_count_from_the_next_start(
    vendor: Any, serving: Any, arguments: tuple[str, ...]
) -> None:
    served = serving(*arguments, "--log-format", "json")
    text = served.config.read_text().replace('"inbox.db"', '"other.db"')
    served.config.write_text(text)
    served.process.send_signal(signal.SIGHUP)
    told = json.loads(served.line_with("counts from the next start"))
    assert (told["event"], told["section"], told["level"]) == ("next-start", "inbox", "warning")
    served.line_with("Sources: website.")
    assert send(served, 1).status_code == 200
    assert served.rows("SELECT count(*) FROM inbox") == [(1,)]
    assert served.end()[0] == 0
    assert not served.config.with_name("other.db").exists()


def test_a_connection_that_is_new_after_a_signal_gets_events_like_the_others(
    vendor: Any, serving: Any
) -> None:
    both = threading.Event()

    def reply(_: Any) -> tuple[int, str]:
        if len(vendor.bodies("/notes")) == 2:
            both.set()
        return 200, ""

    vendor.reply = reply
    served = serving()
    text = served.config.read_text()
    main = text[text.index("[connections.main]") :]
    other = main.replace("connections.main", "connections.other")
    served.config.write_text(f"{text}\n{other}")
    served.process.send_signal(signal.SIGHUP)
    served.line_with("changed: other.")
    assert send(served, 1).status_code == 200
    assert both.wait(60)
    assert served.end()[0] == 0
    found = served.rows("SELECT DISTINCT connection FROM lanes ORDER BY connection")
    assert found == [("main",), ("other",)]


def test_a_connection_that_is_wrong_keeps_the_keys_as_they_were(vendor: Any, serving: Any) -> None:
    served = serving()
    text = served.config.read_text()
    text = text.replace('"website-key"', '"new-key"').replace("1234", "words")
    served.config.write_text(text)
    served.process.send_signal(signal.SIGHUP)
    served.line_with("was not reloaded")
    assert send(served, 1).status_code == 200
    assert served.end()[0] == 0


def test_a_full_disk_asks_for_events_again_and_goes_on_when_there_is_room(
    vendor: Any, serving: Any
) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (700_000, -1))\n"
    served = serving(prologue=limit)
    number, text = 0, "x" * 25_000
    while (reply := send(served, number, properties={"text": text})).status_code == 200:
        number += 1
    assert (reply.status_code, reply.json()["code"]) == (503, "inbox-broken")
    assert reply.headers["retry-after"] == "5"
    # What has no room for an event may have some for less.
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (100_000, -1))
    assert httpx.get(f"{served.url}/ready", timeout=60).status_code == 503
    assert httpx.get(f"{served.url}/health").status_code == 200
    served.line_with("The inbox")
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (-1, -1))
    assert send(served, number).status_code == 200
    served.line_with("Events are accepted again.")
    assert served.rows("SELECT count(*) FROM inbox") == [(number + 1,)]
    code, _, errors = served.end()
    assert (code, "Traceback" in errors) == (0, False)


def test_without_a_source_it_says_what_to_write(cli: Any, config: Path) -> None:
    text = config.read_text()
    config.write_text('[inbox]\nfile = "inbox.db"\n' + text)
    for arguments in ((), ("--no-deliver",)):
        result = cli("serve", config, *arguments)
        assert result.exit_code == 2
        assert "Write a table [sources.NAME] with write_key = { env =" in result.stderr
    config.write_text('[sources.shop]\nwrite_key = "a"\n' + text)
    result = cli("serve", config)
    assert result.exit_code == 2
    assert "There is no inbox" in result.stderr
    assert cli("serve", config.parent / "nowhere.toml").exit_code == 3


def test_problems_are_told_for_machines_too(cli: Any, config: Path) -> None:
    result = cli("serve", config, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["ok"] is False


def test_a_port_that_is_taken_is_said(cli: Any, config: Path) -> None:
    config.write_text(
        '[inbox]\nfile = "i.db"\n[sources.shop]\nwrite_key = "a"\n' + config.read_text()
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = cli("serve", config, "--port", port, "--no-deliver")
    assert result.exit_code == 2
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in result.stderr
