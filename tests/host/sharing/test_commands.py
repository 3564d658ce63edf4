"""The table ``[shared]``, ``--store``, and ``wharfinger shared``."""

from __future__ import annotations

import base64
import json

import orjson
import pytest

from wharfinger_host.sharing.contract import StoreUrlError
from wharfinger_host.sharing.finding import store_of

KEY = base64.b64encode(b"k" * 32).decode()


def _tracks(count):
    events = (
        {"type": "track", "userId": f"u{n}", "properties": {"text": "x"}} for n in range(count)
    )
    return b"".join(orjson.dumps(event) + b"\n" for event in events)


@pytest.fixture
def add(config, tmp_path):
    """Add a table to the configuration, and a budget to its connection."""

    def add(table, budget="per_day = 5"):
        text = config.read_text().replace(
            "retry = { attempts = 1 }", f"retry = {{ attempts = 1 }}\nbudget = {{ {budget} }}"
        )
        config.write_text(f'{text}\n[inbox]\nfile = "inbox.db"\n\n[shared]\n{table}\n')
        return config

    return add


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('store = ""', "shared.store: must be a text"),
        ("store = 5", "shared.store: must be a text"),
        ('store = { env = "NOT_THERE" }', "the environment variable NOT_THERE is not set"),
        ('store = "nonsense"', "shared.store: This is no URL of a store"),
        ('store = "mongodb://x/"', "No store for mongodb:// is installed; there is postgresql://"),
        ('store = "sqlite://elsewhere/x.db"', "A SQLite store is named sqlite:///PATH"),
        ('store = "sqlite:///x\\u0000y"', "The URL of the store cannot be read"),
        ('store = "sqlite://[/x.db"', "A SQLite store is named sqlite:///PATH"),
        ('store = "redis://host:noport/0"', "A store in Redis is named redis://"),
        ('store = "postgresql://host/x?no=such"', "A store in PostgreSQL is named"),
        ('store = "sqlite"\nkey = { env = "NOT_THERE" }', "shared.key: the environment variable"),
        ('store = "sqlite"\nkey = "short"', "shared.key: the key must be 32 bytes as Base64"),
        ('key = "short"', "shared.key: the key must be 32 bytes as Base64"),
        ('store = "sqlite"\nkey = []', "shared.key: must be one key or more"),
        ("workers = 0", "shared.workers: must be a whole number from 1"),
        ("workers = true", "shared.workers: must be a whole number from 1"),
        ('stores = "sqlite"', 'Did you mean "store"?'),
    ],
)
def test_whatever_is_wrong_with_the_table_is_said(cli, add, table, said):
    result = cli("check", add(table))
    assert result.exit_code == 2
    assert said in result.stdout.replace("\n", " ")


def test_a_password_or_a_key_in_clear_text_looks_wrong_and_is_not_shown(cli, add):
    result = cli("check", add(f'store = "redis://me:s3cr3t@host/0"\nkey = "{KEY}"'))
    assert result.exit_code == 0
    assert "shared.store: a password stands here in clear text" in result.stdout
    assert "shared.key: stands here in clear text" in result.stdout
    assert "s3cr3t" not in result.output
    assert KEY not in result.output


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
@pytest.mark.parametrize("before", ["p@", "p/", "p#", "p?", "p\ud800"])
def test_no_part_of_a_password_is_taken_for_a_host(scheme, before):
    with pytest.raises(StoreUrlError, match=r"as %XX") as caught:
        store_of(f"{scheme}://me:{before}s3cr3t/x@host/0")
    assert "s3cr3t" not in str(caught.value)


def test_what_stands_before_a_host_is_not_said_to_be_a_scheme():
    with pytest.raises(StoreUrlError) as caught:
        store_of("me:s3cr3t@host://0")
    assert "s3cr3t" not in str(caught.value)


def test_a_table_with_nothing_wrong_is_taken(cli, add, monkeypatch):
    monkeypatch.setenv("KEY", KEY)
    table = 'store = "sqlite"\nkey = [{ env = "KEY" }, { env = "KEY" }]\nworkers = 8'
    assert cli("check", add(table)).exit_code == 0


def test_a_table_that_is_none_is_said_to_be_none(cli, config):
    config.write_text(f"shared = 5\n{config.read_text()}")
    assert "shared: must be a table" in cli("check", config).stdout


def test_a_budget_counts_across_processes_and_starts(cli, add, tmp_path):
    config = add('store = "sqlite"')
    (tmp_path / "events.jsonl").write_bytes(_tracks(3))
    for _ in range(2):
        result = cli("send", config, tmp_path / "events.jsonl", "--json", "--quiet")
    assert result.exit_code == 1
    assert "budget-used" in result.stdout
    shown = json.loads(cli("shared", config, "--json").stdout)
    [tenant] = shown["tenants"]
    assert (tenant["connections"], tenant["spent_today"], tenant["left_today"]) == (["main"], 5, 0)
    assert tenant["workers"] == 2
    assert (tmp_path / "inbox.db.shared").exists()


def test_what_is_shared_is_shown_to_people(cli, add, tmp_path):
    config = add('store = "sqlite"')
    result = cli("shared", config)
    assert result.exit_code == 0
    assert "main" in result.stdout
    assert "1 tenant" in result.stdout


def test_the_command_line_names_another_store(cli, add, tmp_path):
    config = add('store = "sqlite"')
    other = tmp_path / "other.db"
    cli("accept", config, "-", stdin=_tracks(2))
    assert cli("run", config, "--once", "--quiet", "--store", f"sqlite://{other}").exit_code == 0
    shown = cli("shared", config, "--json", "--store", f"sqlite://{other}").stdout
    assert json.loads(shown)["tenants"][0]["spent_today"] == 2
    assert json.loads(cli("shared", config, "--json").stdout)["tenants"][0]["spent_today"] == 0


@pytest.mark.parametrize("command", [("run", "--once"), ("shared",)])
def test_a_store_that_there_is_not_is_a_wrong_option(cli, add, command):
    result = cli(command[0], add("workers = 2"), *command[1:], "--store", "mongodb://x")
    assert result.exit_code == 2
    assert "--store" in result.stderr


def test_a_store_is_needed_to_show_what_is_shared(cli, add):
    result = cli("shared", add("workers = 2"))
    assert result.exit_code == 2
    assert "No store is named" in result.stderr


def test_a_store_that_cannot_be_asked_is_said_without_its_password(cli, add):
    result = cli("shared", add("workers = 2"), "--store", "redis://me:s3cr3t@127.0.0.1:1/0")
    assert result.exit_code == 3
    assert "127.0.0.1:1" in result.stderr
    assert "s3cr3t" not in result.output


def test_deliveries_go_on_without_the_store(cli, add, tmp_path, caplog):
    config = add('store = "redis://me:s3cr3t@127.0.0.1:1/0"')
    (tmp_path / "events.jsonl").write_bytes(_tracks(3))
    assert cli("send", config, tmp_path / "events.jsonl", "--quiet").exit_code == 0
    assert caplog.text.count("Deliveries go on") == 1
    assert "s3cr3t" not in caplog.text


def test_a_store_without_its_library_names_the_extra(monkeypatch):
    import builtins  # noqa: PLC0415  # for this test alone
    import sys  # noqa: PLC0415  # for this one alone

    monkeypatch.delitem(sys.modules, "wharfinger_host.sharing.redis", raising=False)
    whole = builtins.__import__

    def without(name, *arguments, **more):
        if name.startswith("redis"):
            raise ModuleNotFoundError("No module named 'redis'", name="redis")
        return whole(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StoreUrlError, match=r"wharfinger-host\[redis\]"):
        store_of("redis://host/0")
