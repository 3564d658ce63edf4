"""Which of the commands share what, and what a new configuration changes of it."""

from __future__ import annotations

import base64
import json
import signal
from typing import Any

import httpx
import pytest
from tests.host.working import conftest as working
from tests.host.working.test_metrics import read

import wharfinger
from wharfinger_host.dashboard.setup import pages_of
from wharfinger_host.serving import setup
from wharfinger_host.store.database import File
from wharfinger_host.tally import Tally

host, start = working.host, working.start

TABLE = '[shared]\nstore = "sqlite"\nkey = { env = "KEY" }\n\n'
BUDGET = ("retry = { attempts = 1 }", "retry = { attempts = 1 }\nbudget = { per_day = 100 }")


@pytest.fixture
def shared(host, monkeypatch, environment):
    key = base64.b64encode(b"k" * 32).decode()
    environment["KEY"] = key
    monkeypatch.setenv("KEY", key)
    host.config.write_text(TABLE + host.config.read_text().replace(*BUDGET))
    return host


@pytest.fixture
def given(monkeypatch):
    """What is given to plugins to be shared."""
    states = []
    share = wharfinger.Plugins.share

    def spied(self, state):
        states.append(state)
        share(self, state)

    monkeypatch.setattr(wharfinger.Plugins, "share", spied)
    return states


def test_what_is_shared_can_be_seen(shared, given):
    plugins = wharfinger.load_plugins()
    assert plugins.shared is None
    state: Any = object()
    plugins.share(state)
    assert plugins.shared is state


def test_doctor_signs_in_itself_and_shares_the_budget(shared, given):
    assert shared("doctor").exit_code == 0
    assert [state.shares_tokens for state in given] == [False]
    shared("run", "--once")
    assert given[-1].shares_tokens


def test_what_the_dashboard_sends_by_hand_counts_though_nothing_is_delivered_here(shared, given):
    shared.config.write_text(shared.config.read_text() + '\n[sources.web]\nwrite_key = "k"\n')
    reading = setup.read(shared.config, deliver=False, as_json=False)
    assert not given
    url = f"sqlite://{shared.inbox.with_name('other.db')}"
    for other, name in (("", "inbox.db.shared"), (url, "other.db")):
        with pages_of(reading, File(shared.inbox), Tally(), None, None, shared=other):
            assert given[-1].store.path.name == name


def test_a_worker_shows_what_is_shared_and_goes_on_with_it_after_a_new_configuration(shared, start):
    shared.accept(shared.events.track(1))
    stuck, release = shared.stuck_at("u1")
    process = start("--metrics-port", "0")
    assert stuck.wait(60)
    while "Metrics at" not in (line := process.stderr.readline()):
        assert line
    found = read(httpx.get(line.split()[2]).text)
    assert found["wharfinger_shared_up",] == 1
    assert found["wharfinger_shared_calls_today", "main"] == 1
    assert found["wharfinger_shared_workers", "main"] == 1
    assert found["wharfinger_vendor_budget_left", "main"] == 99
    release.set()
    text = shared.config.read_text().replace('"$.properties.text"', '"$.event"')
    for changed in (text, text.replace('"sqlite"', '"sqlite:///elsewhere.db"')):
        shared.config.write_text(changed)
        process.send_signal(signal.SIGHUP)
        said = process.stderr.readline()
        if changed is not text:
            assert "[shared] has changed, and counts from the next start" in said
            said = process.stderr.readline()
        assert "read again" in said
    shared.vendor.asked.clear()
    shared.accept(shared.events.track(2))
    assert shared.vendor.asked.wait(60)
    process.terminate()
    assert process.wait(60) == 0
    shared.config.write_text(text)
    (tenant,) = json.loads(shared("shared", "--json").stdout)["tenants"]
    assert tenant["spent_today"] == 2
