"""A ledger on a server says the same as one in a file, to whatever command or page asks it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import attrs
import httpx
import orjson
import pytest
from starlette.applications import Starlette
from tests.host.dashboard.conftest import Tree

import wharfinger
from wharfinger import Secret
from wharfinger_host.dashboard.access import Access
from wharfinger_host.dashboard.app import dashboard
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.engines.at_work import lanes_for
from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.engines.ledger import enter, take_over
from wharfinger_host.measuring.facts import Gauge
from wharfinger_host.measuring.page import Door, metrics
from wharfinger_host.store.dialect import Place
from wharfinger_host.store.leases import by_engine, register
from wharfinger_host.store.leases import enter as live
from wharfinger_host.store.ledger import Settlement, intend, settle
from wharfinger_host.store.store import Store
from wharfinger_host.store.targets import add_targets

pytestmark = pytest.mark.stores

TRACED = "/trace?contact=u0"
URL = "harbour://skipper@quay/"
NOW_MS = 1_790_000_000_000


def fill(store: Store) -> None:
    """Let a worker die after it delivered, was refused, and tried in vain."""
    store.write(register, ["main"], store.layout.partitions).result()
    targets = store.write(add_targets, "main", ("notes", "rows")).result()
    notes, rows = targets["notes"], targets["rows"]
    held, _ = store.write(take_over, "worker", "main", 0, NOW_MS).result()
    made = [LaneEvent(f"m{n}", f"u{n % 3}", orjson.dumps(_event(n))) for n in range(9)]
    store.write(enter, held, made, tuple(targets.values()), NOW_MS).result()
    ledger: list[Any] = [
        (n, rows, "delivered", "delivered", 1, 200, f"r{n % 2}", NOW_MS + n) for n in range(1, 5)
    ]
    ledger += [(n, notes, "rejected", "acme-refused", 1, 422, "r9", NOW_MS) for n in (5, 6)]
    letters: list[Any] = [
        (
            *(n, notes, NOW_MS, f"m{n - 1}", f"u{(n - 1) % 3}", "rejected", "acme-refused"),
            *("Acme refused this one.", "nö", 422, "r9", 1, made[n - 1].raw, b'{"to":"u"}'),
        )
        for n in (5, 6)
    ]
    tries: list[Any] = [
        (7, rows, NOW_MS, "retry", "acme-down", 1, 503, None, "Acme is down.", "Down")
    ]
    settlement = Settlement(ledger=ledger, letters=letters, tries=tries)
    assert store.write(settle, [(held, settlement)]).result() == [True]
    store.write(intend, held, notes, [8, 9], NOW_MS).result()
    _, unknown = store.write(take_over, "another", "main", 0, NOW_MS + 60_000).result()
    assert unknown == 2


def _event(number: int) -> dict[str, Any]:
    text = {"text": f"n{number}"}
    return {
        "type": "track",
        "userId": f"u{number % 3}",
        "messageId": f"m{number}",
        "properties": text,
    }


@attrs.define
class Both:
    """The same configuration over a ledger in a file, and over one on a server.

    Attributes:
        cli: The command line.
        configs: Of both.
        url: Of the one on the server.
    """

    cli: Any
    configs: list[Path]
    url: str

    def __call__(self, command: str, *arguments: object, code: int = 0) -> str:
        """Run a command over both, and return what both say."""
        said = []
        for config in self.configs:
            result = self.cli(*command.split(), config, *arguments)
            assert result.exit_code == code, result.stderr
            said.append(result.stdout)
        assert said[0] == said[1]
        return str(said[0])

    def stores(self) -> list[Store]:
        """Open both."""
        file = self.configs[0].parent / "inbox.db"
        return [Store(place, clock=lambda: NOW_MS / 1000) for place in (file, place_at(self.url))]


def place_at(url: str) -> Place:
    from wharfinger_host.store.server import Server  # noqa: PLC0415  # it needs psycopg

    return Server.of(Secret(url))


@pytest.fixture
def both(config, cli, ledgers, vendor, monkeypatch):
    text, url = config.read_text(), ledgers.url()
    monkeypatch.setenv("BOOKS", url)
    configs = [config.with_name(f"{name}.toml") for name in ("file", "server")]
    configs[0].write_text(f'[inbox]\nfile = "inbox.db"\n\n{text}')
    configs[1].write_text(f'[inbox]\nfile = "none.db"\nledger = {{ env = "BOOKS" }}\n\n{text}')
    made = Both(cli, configs, url)
    for store in made.stores():
        with store:
            fill(store)
    return made


def test_dead_letters_are_listed_and_shown(both):
    said = orjson.loads(both("dead-letters list", "--json"))
    assert (said["count"], len(said["letters"])) == (4, 4)
    assert {cause["code"] for cause in said["causes"]} == {"acme-refused", "interrupted"}
    assert "Acme refused this one." in both("dead-letters list")
    assert both("dead-letters list", "--contact", "u1", "--since", "2026-01-01")
    number = said["letters"][0]["id"]
    assert "nö" in both("dead-letters show", number)
    both("dead-letters show", 999, code=2)


def test_dead_letters_are_replayed_and_dropped(both, vendor):
    assert '+ to: "u1"' in both("dead-letters replay", "--dry-run")
    said = orjson.loads(both("dead-letters replay", "--code", "acme-refused", "--yes", "--json"))
    assert said["outcomes"] == {"delivered": 2}
    assert len(vendor.bodies("/notes")) == 4  # two of each
    dropped = both("dead-letters drop", "--status", "unknown", "--yes", "--json")
    assert orjson.loads(dropped)["dropped"] == 2
    assert orjson.loads(both("dead-letters list", "--json"))["count"] == 0


def test_events_are_traced(both):
    said = both("trace", "--contact", "u0")
    assert "unknown" in said + both("trace", "--contact", "u1")
    assert "Acme is down." in both("trace", "--message", "m6")
    both("trace", "--message", "never", code=1)


@pytest.mark.parametrize("what", ["ledger", "letters", "events"])
def test_rows_are_exported(both, what, monkeypatch):
    whole = both("export", what)
    assert len(whole.splitlines()) == {"ledger": 8, "letters": 4, "events": 9}[what]
    # In parts as well, as many rows are.
    monkeypatch.setattr("wharfinger_host.store.exporting._MOST_ROWS", 2)
    assert both("export", what) == whole


def test_a_connection_that_is_gone_is_forgotten(both):
    for store in both.stores():
        with store:
            store.write(register, ["gone"], store.layout.partitions).result()
    both("forget", "gone", "--json")
    both("forget", "gone", code=2)
    both("forget", "main", code=2)


def test_pages_show_it(both):
    plugins = wharfinger.load_plugins()

    async def pages(config: Path, store: Store) -> list[str]:
        desk = Desk(config=config, store=store, plugins=plugins, access=Access(None), at_work=dict)
        transport = httpx.ASGITransport(Starlette(routes=list(dashboard(desk, ()))))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            found = []
            for path in ("", "/letters", "/letters?connection=main", "/letters/1", TRACED):
                reply = await client.get(f"/dashboard{path or '/'}")
                assert reply.status_code == 200, (path, reply.text)
                found.append(Tree(reply.text).text)
            return found

    found = []
    for config, store in zip(both.configs, both.stores(), strict=True):
        with store:
            said = asyncio.run(pages(config, store))
            found.append([text.replace(config.name, "CONFIG") for text in said])
    assert found[0] == found[1]
    assert "main.notes" in found[0][1]
    assert "Acme is down." in found[0][4]


def test_metrics_are_read_from_it(both):
    async def scrape(store: Store) -> str:
        names = ["main"]
        gauge = Gauge(store=store, at_work=dict, names=lambda: names)
        store.write(live, "worker", by_engine("main"), store.lease_clock()).result()
        transport = httpx.ASGITransport(Starlette(routes=[metrics(gauge, Door(None))]))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/metrics")).text

    said = []
    for store in both.stores():
        with store:
            said.append(asyncio.run(scrape(store)))
    assert said[0] == said[1]
    assert re.search(r'dead_letters\{.*mapping="notes".*status="unknown".*\} 2', said[0])


def test_all_workers_of_an_engine_write_into_one_ledger_that_is_on_a_server(both, harbour):
    for store, shared in zip(both.stores(), (False, True), strict=True):
        with store:
            lanes = lanes_for(URL, store, one_machine=False)
            assert lanes is not None
            assert lanes.one_machine is shared


@pytest.mark.parametrize("command", ["run", "serve"])
def test_without_an_engine_there_is_nothing_to_work_on(both, cli, command):
    config = both.configs[1]
    config.write_text(config.read_text() + '\n[sources.web]\nwrite_key = "k"\n')
    result = cli(command, config)
    assert result.exit_code == 2
    assert "give --engine" in " ".join(result.stderr.split())


def test_what_waits_in_the_file_from_before_is_said(both, cli, harbour, events, tmp_path):
    file = events.write(tmp_path / "events.jsonl", events.track(1), events.track(2))
    assert cli("accept", both.configs[0], file).exit_code == 0
    config = both.configs[1]
    config.write_text(config.read_text().replace("none.db", "inbox.db"))
    said = cli("run", config, "--engine", URL).stderr
    assert "2 events in the inbox" in " ".join(said.split())
    assert "`wharfinger engine migrate` moves them" in " ".join(said.split())


def test_nor_can_events_be_accepted(both, cli, events, tmp_path):
    file = events.write(tmp_path / "events.jsonl", events.track(1))
    result = cli("accept", both.configs[1], file)
    assert result.exit_code == 3
    assert "is for the events of an engine" in " ".join((result.stderr + result.stdout).split())


def test_a_server_that_is_down_is_said_without_its_password(both, cli, ledgers):
    ledgers.server.kill()
    try:
        result = cli("dead-letters", "list", both.configs[1])
    finally:
        ledgers.server.start()
    assert result.exit_code == 3
    assert f"postgresql://127.0.0.1:{ledgers.server.port}/postgres" in result.stderr
    assert ledgers.server.password not in result.output


def test_a_password_that_is_wrong_is_said_without_it(both, cli, ledgers, monkeypatch):
    monkeypatch.setenv("BOOKS", both.url.replace(ledgers.server.password, "hunter2"))
    result = cli("dead-letters", "list", both.configs[1])
    assert result.exit_code == 3
    assert "password authentication failed" in " ".join(result.stderr.split())
    assert "hunter2" not in result.output
