"""``wharfinger engine``, and what ``run`` and ``serve`` make of ``--engine``."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from rich.console import Console

import wharfinger
from wharfinger_host.configuration import Selection, connect, read_configuration
from wharfinger_host.engines import at_work
from wharfinger_host.engines.at_work import Lanes
from wharfinger_host.engines.contract import EngineDownError
from wharfinger_host.engines.finding import engine_of
from wharfinger_host.looking import failure
from wharfinger_host.store import leases
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.facts import Layout
from wharfinger_host.store.inbox import Entry, last_seq
from wharfinger_host.store.store import Store
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
    assert "main: 0 workers, 0 dead letters\n" in made.stdout
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


def test_once_ends_when_the_lanes_are_empty(shop, cli, harbour, vendor, tmp_path):
    cli("engine", "setup", shop, "--engine", URL)
    lines = [line(number) for number in range(7)]
    accepted(cli, shop, tmp_path, *lines, options=("--engine", URL))
    result = cli("run", shop, "--engine", URL, "--once", "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["in_engine"], said["ok"]) == (0, 0, True)
    assert len(vendor.bodies("/notes")) == 7
    assert all(lane.acked == len(lane.events) for lane in harbour[URL].lanes["main"])
    assert not any(lane.holder for lane in harbour[URL].lanes["main"])


def test_once_tries_what_fails_for_now_once_and_leaves_it_in_its_place(
    shop, cli, harbour, vendor, tmp_path
):
    vendor.reply = lambda _: (503, "down")
    cli("engine", "setup", shop, "--engine", URL)
    accepted(cli, shop, tmp_path, line(1), line(2), options=("--engine", URL))
    result = cli("run", shop, "--engine", URL, "--once")
    assert result.exit_code == 1
    assert 1 <= len(vendor.bodies("/notes")) <= 2
    assert not any(lane.acked for lane in harbour[URL].lanes["main"])
    assert not any(lane.holder for lane in harbour[URL].lanes["main"])
    vendor.reply = lambda _: (200, "")
    # What may have been with another machine must not be sent twice; here there is none.
    options = ("--engine", URL, "--once", "--one-machine", "--json")
    assert json.loads(cli("run", shop, *options).stdout)["in_engine"] == 0
    assert all(lane.acked == len(lane.events) for lane in harbour[URL].lanes["main"])


@pytest.mark.parametrize(("whole_s", "is_said"), [(None, False), (599, False), (600, True)])
def test_a_request_that_may_outlast_a_lease_is_said(shop, cli, harbour, whole_s, is_said):
    if whole_s:
        text = f'destination = "acme"\ntimeouts.whole_s = {whole_s}'
        shop.write_text(shop.read_text().replace('destination = "acme"', text))
    said = " ".join(cli("run", shop, "--engine", URL).stderr.split())
    assert ("A request of main may take 600 s (timeouts.whole_s)" in said) is is_said
    assert ("after 600 s without a sign of life" in said) is is_said


def test_the_longest_request_is_the_one_of_the_core(shop):
    configuration = read_configuration(shop, wharfinger.load_plugins(), Selection())
    connection = connect(configuration, wharfinger.load_plugins())["main"]
    assert connection._account.access.config.timeouts.whole_s == at_work._WHOLE_S


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


def accepted(cli, shop, tmp_path, *lines, options=()):
    """Accept events, and return what the command says."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return cli("accept", shop, file, "--json", *options)


def line(number, text="e"):
    event = {"type": "track", "userId": f"u{number}", "messageId": f"m{number}"}
    return json.dumps({**event, "properties": {"text": text}}).encode()


def test_accept_publishes_with_an_engine_and_keeps_nothing_here(shop, cli, harbour, tmp_path):
    cli("engine", "setup", shop, "--engine", URL)
    result = accepted(
        cli, shop, tmp_path, line(1), b"{", line(2), options=("--engine", URL, "--chunk", "1")
    )
    said = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (said["accepted"], said["duplicates"], said["unreadable"]) == (2, 0, 1)
    found = [event for lane in harbour[URL].lanes["main"] for event in lane.events]
    assert sorted(event.id for event in found) == ["m1", "m2"]
    with Store(tmp_path / "inbox.db") as store:
        assert store.read(last_seq).result() == 0


def test_accept_says_where_to_go_on_when_an_engine_takes_no_more(shop, cli, harbour, tmp_path):
    cli("engine", "setup", shop, "--engine", URL)
    harbour[URL].most = 1
    lines = [line(1), line(1), line(1)]
    result = accepted(cli, shop, tmp_path, *lines, options=("--engine", URL, "--chunk", "1"))
    said = json.loads(result.stdout)
    assert (result.exit_code, said["accepted"], said["last_line"]) == (3, 1, 1)
    assert "full" in said["stopped"]["message"]
    harbour[URL].most = 100
    rest = accepted(cli, shop, tmp_path, *lines, options=("--engine", URL, "--from-line", "2"))
    assert (rest.exit_code, json.loads(rest.stdout)["accepted"]) == (0, 2)


@pytest.mark.parametrize("trouble", ["down", "no lanes"])
def test_accept_takes_nothing_where_the_engine_cannot_be_used(
    shop, cli, harbour, tmp_path, trouble
):
    engine_of(URL, 3)
    harbour[URL].down = trouble == "down"
    result = accepted(cli, shop, tmp_path, line(1), options=("--engine", URL))
    assert result.exit_code == 3
    assert ("does not answer" if trouble == "down" else "engine setup") in result.stderr


def test_what_waits_is_counted_and_then_moved(shop, cli, harbour, tmp_path):
    assert accepted(cli, shop, tmp_path, line(1), line(2)).exit_code == 0
    cli("engine", "setup", shop, "--engine", URL)
    looked = cli("engine", "migrate", shop, "--engine", URL, "--dry-run", "--json")
    (main,) = json.loads(looked.stdout)["connections"]
    assert (looked.exit_code, main["in_the_log"], main["moved"]) == (0, 2, None)
    assert not any(lane.events for lane in harbour[URL].lanes["main"])
    moved = cli("engine", "migrate", shop, "--engine", URL)
    assert moved.exit_code == 0, moved.stderr
    assert "Nothing waits in the inbox any more." in moved.stdout
    assert "hunter2" not in moved.stdout + moved.stderr
    found = [event for lane in harbour[URL].lanes["main"] for event in lane.events]
    assert sorted(event.id for event in found) == ["m1", "m2"]
    again = cli("engine", "migrate", shop, "--engine", URL, "--json")
    assert (again.exit_code, json.loads(again.stdout)["connections"][0]["moved"]) == (0, 0)


def test_a_move_that_an_engine_ends_goes_on_where_it_was(shop, cli, harbour, tmp_path):
    accepted(cli, shop, tmp_path, *(line(n) for n in range(20)))
    cli("engine", "setup", shop, "--engine", URL)
    harbour[URL].most = 0
    ended = cli("engine", "migrate", shop, "--engine", URL, "--json")
    said = json.loads(ended.stdout)
    assert (ended.exit_code, said["problem"]) == (3, "The harbour is full.")
    assert said["connections"][0]["still_waiting"] == 20
    harbour[URL].most = 1_000
    whole = cli("engine", "migrate", shop, "--engine", URL, "--json")
    assert (whole.exit_code, json.loads(whole.stdout)["ok"]) == (0, True)


def test_a_move_is_refused_while_a_worker_is_at_the_inbox(shop, cli, harbour, tmp_path):
    accepted(cli, shop, tmp_path, line(1))
    cli("engine", "setup", shop, "--engine", URL)
    with Store(tmp_path / "inbox.db") as store:
        store.write(leases.enter, "somebody", "main", time.monotonic()).result()
    result = cli("engine", "migrate", shop, "--engine", URL)
    assert result.exit_code == 3
    assert "main (1)" in result.stderr


def test_a_move_says_what_stays(shop, cli, harbour, tmp_path):
    accepted(cli, shop, tmp_path, line(1))
    with Store(tmp_path / "inbox.db") as store:
        store.write(
            lambda db: db.execute(
                "INSERT INTO lanes (connection, partition, position) "
                "VALUES ('gone', 0, 0), ('gone', 1, 0), ('gone', 2, 0)"
            )
        ).result()
    cli("engine", "setup", shop, "--engine", URL)
    result = cli("engine", "migrate", shop, "--engine", URL)
    assert result.exit_code == 1
    assert "Not moved: 1 event of gone" in " ".join(result.stdout.split())


def test_the_lanes_of_an_engine_may_be_others_than_the_partitions(shop, cli):
    shop.write_text(shop.read_text().replace("partitions = 3", "partitions = 3\nlanes = 5"))
    made = cli("engine", "setup", shop, "--engine", URL, "--json")
    (main,) = json.loads(made.stdout)["connections"]
    assert len(main["lanes"]) == 5
