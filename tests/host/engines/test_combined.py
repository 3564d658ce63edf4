"""A ledger on a server, a budget that workers share, and an engine, all at once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zlib
from typing import Any

import attrs
import httpx
import pytest
from tests.host.engines.test_commands import URL, accepted, line
from tests.host.working.test_metrics import read

from wharfinger_host.store.facts import Layout
from wharfinger_host.store.store import Store

pytestmark = pytest.mark.stores


@pytest.fixture
def tide(config, harbour, ledgers, monkeypatch):
    """A configuration with all of it, over a file from the time before."""
    monkeypatch.setenv("BOOKS", ledgers.url())
    before = config.with_name("before.toml")
    before.write_text(f'[inbox]\nfile = "inbox.db"\n\n{config.read_text()}')
    text = config.read_text().replace(
        "retry = { attempts = 1 }", "retry = { attempts = 1 }\nbudget = { per_day = 1000 }"
    )
    config.write_text(
        '[inbox]\nfile = "inbox.db"\nledger = { env = "BOOKS" }\n\n'
        f'[shared]\nstore = "sqlite"\n\n{text}'
    )
    return before, config


@pytest.fixture
def served(environment, vendor, request):
    """Starts ``serve`` as a process, over an engine that is in the memory of that process."""
    environment["BOOKS"] = os.environ["BOOKS"]
    path = (environment["PYTHONPATH"], str(request.config.rootpath))
    environment["PYTHONPATH"] = os.pathsep.join(path)
    begun = Served(environment, vendor)
    yield begun
    begun.stop()


@attrs.define
class Served:
    environment: dict[str, str]
    vendor: Any
    process: Any = None

    def __call__(self, config, *arguments):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        begin = "import tests.host.engines.harbour as h; h.set_up(URL, 8, 'main'); "
        program = begin.replace("URL", repr(URL)) + "from wharfinger_host.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", config, "--port", str(port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            text=True,
        )
        said = ""
        while "Listening" not in (line := self.process.stderr.readline()):
            said += line
            assert line, said
        return f"http://127.0.0.1:{port}"

    def stop(self):
        if self.process is None:
            return "", None
        self.process.terminate()
        said = "".join(self.process.communicate(timeout=60))
        code, self.process = self.process.returncode, None
        return said, code


def _lane_of(contact, lanes):
    return zlib.crc32(contact.encode()) % lanes


@pytest.mark.parametrize("said", [None, 5])
def test_what_is_moved_goes_to_the_lanes_that_the_workers_of_the_ledger_have(
    tide, cli, harbour, tmp_path, said
):
    before, config = tide
    if said:
        config.write_text(config.read_text().replace("[inbox]", f"[inbox]\nlanes = {said}"))
    with Store(tmp_path / "inbox.db", Layout(partitions=3)):
        pass
    assert accepted(cli, before, tmp_path, *(line(n) for n in range(20))).exit_code == 0
    assert cli("engine", "setup", config, "--engine", URL).exit_code == 0
    moved = cli("engine", "migrate", config, "--engine", URL)
    assert moved.exit_code == 0, moved.stderr
    assert "a configuration that has no ledger" in " ".join(moved.stderr.split())
    lanes = harbour[URL].lanes["main"]
    assert len(lanes) == (said or Layout().partitions)
    found = [(n, event.contact) for n, lane in enumerate(lanes) for event in lane.events]
    assert len(found) == 20
    assert all(n == _lane_of(contact, len(lanes)) for n, contact in found)


def test_what_is_moved_is_delivered_once_and_the_ledger_and_the_budget_know(
    tide, cli, harbour, tmp_path, vendor
):
    before, config = tide
    accepted(cli, before, tmp_path, *(line(n) for n in range(6)))
    cli("engine", "setup", config, "--engine", URL)
    assert cli("engine", "migrate", config, "--engine", URL).exit_code == 0
    accepted(cli, config, tmp_path, *(line(n) for n in range(4, 9)), options=("--engine", URL))
    done = cli("run", config, "--once", "--engine", URL, "--json")
    assert done.exit_code == 0, done.stderr
    assert "in the inbox" not in done.stderr
    assert len(vendor.bodies("/notes")) == 9
    again = cli("run", config, "--once", "--engine", URL, "--json")
    assert (again.exit_code, len(vendor.bodies("/notes"))) == (0, 9)
    (tenant,) = json.loads(cli("shared", config, "--json").stdout)["tenants"]
    assert tenant["left_today"] == 1000 - tenant["spent_today"] == 991


def test_serve_takes_in_delivers_and_shows_all_of_it(tide, served):
    _, config = tide
    config.write_text(config.read_text() + '\n[sources.web]\nwrite_key = "website-key"\n')
    url = served(config, "--engine", URL, "--dashboard")
    event = {"userId": "u1", "event": "A", "messageId": "m1", "properties": {"text": "x"}}
    for _ in range(2):
        assert httpx.post(f"{url}/v1/track", json=event, auth=("website-key", "")).is_success
    assert served.vendor.asked.wait(60)
    for path in ("", "/connections/main", "/letters", "/trace?contact=u1"):
        page = httpx.get(f"{url}/dashboard{path}", follow_redirects=True)
        assert page.status_code == 200, page.text
        assert "hunter2" not in page.text
    found = read(httpx.get(f"{url}/metrics").text)
    assert found["wharfinger_shared_up",] == found["wharfinger_engine_up",] == 1
    assert found["wharfinger_shared_calls_today", "main"] == 1
    said, code = served.stop()
    assert code == 0, said
    assert "hunter2" not in said
    assert len(served.vendor.bodies("/notes")) == 1


def test_a_ledger_of_another_order_is_not_moved_to(tide, cli, harbour, tmp_path, ledgers):
    before, config = tide
    with Store(tmp_path / "inbox.db", Layout(order_key=("$.properties.text",))):
        pass
    accepted(cli, before, tmp_path, line(1))
    cli("engine", "setup", config, "--engine", URL)
    moved = cli("engine", "migrate", config, "--engine", URL)
    assert moved.exit_code == 2
    assert "order_key" in moved.stderr
    assert not any(lane.events for lane in harbour[URL].lanes["main"])
