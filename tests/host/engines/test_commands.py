"""``wharfinger engine``, and what ``run`` and ``serve`` make of ``--engine``."""

from __future__ import annotations

import asyncio
import json

import pytest
from rich.console import Console

from wharfinger_host.engines.at_work import Lanes
from wharfinger_host.engines.contract import EngineDownError
from wharfinger_host.engines.finding import engine_of
from wharfinger_host.looking import failure
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.facts import Layout
from wharfinger_host.store.inbox import Entry
from wharfinger_host.tally import Tally
from wharfinger_host.views.run import Summary, show

URL = "harbour://skipper:hunter2hunter2@quay/"


@pytest.fixture
def shop(config, harbour):
    config.write_text(f'[inbox]\nfile = "inbox.db"\npartitions = 3\n\n{config.read_text()}')
    return config


def test_the_lanes_are_made_and_shown_but_never_the_password(shop, cli):
    before = cli("engine", "status", shop, "--engine", URL, "--json")
    assert before.exit_code == 1
    assert not json.loads(before.stdout)["ok"]
    made = cli("engine", "setup", shop, "--engine", URL)
    assert made.exit_code == 0
    assert "harbour://skipper@quay/ is ready" in made.stdout
    after = cli("engine", "status", shop, "--engine", URL, "--json")
    said = json.loads(after.stdout)
    assert (after.exit_code, said["ok"], said["engine"]) == (0, True, "harbour://skipper@quay/")
    (main,) = said["connections"]
    assert (main["name"], [lane["lane"] for lane in main["lanes"]]) == ("main", [0, 1, 2])
    for result in (before, made, after):
        assert "hunter2" not in result.stdout + result.stderr


def test_the_url_may_be_in_the_environment(shop, cli, monkeypatch):
    monkeypatch.setenv("WHARFINGER_ENGINE", URL)
    assert cli("engine", "setup", shop).exit_code == 0


@pytest.mark.parametrize("command", ["setup", "status"])
def test_an_engine_is_needed(shop, cli, command, monkeypatch):
    monkeypatch.delenv("WHARFINGER_ENGINE", raising=False)
    result = cli("engine", command, shop)
    assert result.exit_code == 2
    assert "--engine" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("engine", "status"), "No engine for submarine://"),
        (("run",), "No engine for submarine://"),
    ],
)
def test_an_engine_that_is_not_there_is_a_mistake_on_the_command_line(shop, cli, arguments, said):
    result = cli(*arguments, shop, "--engine", "submarine://u:hunter2hunter2@x/")
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "hunter2" not in result.stderr


def test_the_inbox_itself_is_no_engine_of_a_host(shop, cli):
    result = cli("run", shop, "--engine", "sqlite:///tmp/inbox.db")
    assert result.exit_code == 2
    assert "leave --engine away" in " ".join(result.stderr.split())


def test_once_is_for_the_inbox(shop, cli):
    result = cli("run", shop, "--engine", URL, "--once")
    assert result.exit_code == 2
    assert "--once" in result.stderr


def test_a_run_without_lanes_says_what_to_do(shop, cli):
    result = cli("run", shop, "--engine", URL)
    assert result.exit_code == 3
    assert "Run engine setup." in result.stderr


def test_an_engine_that_is_down_is_said(shop, cli, harbour):
    engine_of(URL, 3)
    harbour[URL].down = True
    result = cli("engine", "status", shop, "--engine", URL)
    assert result.exit_code == 3
    assert "The harbour does not answer." in result.stderr


def test_what_serve_takes_in_is_published(harbour):
    engine = engine_of(URL, 3)
    lanes = Lanes(engine)
    named = Entry.of({"userId": "u", "messageId": "m"}, b'{"a":1}', Layout(partitions=3))
    unnamed = Entry.of({"userId": "u"}, b'{"a":2}', Layout(partitions=3))

    async def take():
        await engine.setup(["main"])
        return await lanes.take([named, unnamed])

    assert asyncio.run(take()).events == 2
    found = [event for lane in harbour[URL].lanes["main"] for event in lane.events]
    assert [event.raw for event in found] == [b'{"a":1}', b'{"a":2}']
    assert found[0].id == "m"
    assert found[1].id not in ("", "m")


def test_serve_hears_that_an_engine_is_full_or_down(harbour):
    engine = engine_of(URL, 3)
    entry = Entry.of({"userId": "u"}, b"{}", Layout(partitions=3))

    async def take():
        await engine.setup(["main"])
        await Lanes(engine).take([entry])

    harbour[URL].most = 0
    with pytest.raises(InboxFullError, match="full"):
        asyncio.run(take())
    harbour[URL].down = True
    with pytest.raises(StoreError, match="does not answer"):
        asyncio.run(take())


def test_what_an_engine_says_is_not_taken_for_a_fault_of_a_plugin():
    found = failure("main", EngineDownError("The harbour does not answer."))
    assert (found.subject, found.message) == ("Engine", "The harbour does not answer.")


def test_what_waits_in_the_inbox_is_said_where_an_engine_takes_its_place(shop, cli, tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text('{"type": "track", "userId": "u", "event": "e", "messageId": "m"}\n')
    assert cli("accept", shop, events).exit_code == 0
    result = cli("run", shop, "--engine", URL)
    assert "1 event in the inbox, which --engine leaves alone." in " ".join(result.stderr.split())


def test_nobody_says_that_nothing_is_left_who_does_not_know():
    summary = Summary(
        tally=Tally(), waiting=0, next_ms=None, letters=0, failed=[], stopped=False, by_engine=True
    )
    console = Console(record=True)
    show(console, summary)
    said = console.export_text()
    assert "Nothing is left" not in said
    assert "wharfinger engine status" in said
