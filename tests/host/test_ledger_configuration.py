"""What ``[inbox] ledger`` may be, and that its password is never shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from wharfinger import Secret
from wharfinger_host.configuration import read_inbox_configuration
from wharfinger_host.inbox_configuration import InboxConfig
from wharfinger_host.ledger_configuration import place_of
from wharfinger_host.store.errors import StoreError

PASSWORD = "hunter2hunter2"
URL = f"postgresql://wharf:{PASSWORD}@db.example:5433/shop"


@pytest.fixture
def check(cli: Any, config: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Check a configuration with a ledger; gives exit code and what is said."""
    monkeypatch.delenv("BOOKS", raising=False)

    def run(ledger: str, url: str = "") -> tuple[int, str]:
        if url:
            monkeypatch.setenv("BOOKS", url)
        config.write_text(f'[inbox]\nfile = "inbox.db"\nledger = {ledger}\n\n{config.read_text()}')
        result = cli("check", config)
        assert PASSWORD not in result.output
        return result.exit_code, result.stdout.replace(f"{config}:", "")

    return run


def test_a_url_of_the_environment_is_right(check: Any) -> None:
    code, said = check('{ env = "BOOKS" }', URL)
    assert code == 0
    assert "ledger" not in said


def test_a_password_in_the_file_is_warned_of(check: Any) -> None:
    code, said = check(f'"{URL}"')
    assert code == 0
    assert "3: inbox.ledger: has a password in clear text. Better: ledger = { env" in said


@pytest.mark.parametrize(
    ("ledger", "url", "said"),
    [
        ("5", "", "3: inbox.ledger: must be { env ="),
        ('{ env = "BOOKS" }', "", "3: inbox.ledger: the environment variable BOOKS is not set."),
        ('{ env = "BOOKS" }', f"mysql://u:{PASSWORD}@h/d", "3: inbox.ledger: must be a URL such"),
        ('{ env = "BOOKS" }', f"postgresql://u:p@{PASSWORD}@h/d", "must be a URL such"),
        ('{ env = "BOOKS" }', f"postgresql://u:p/{PASSWORD}@h/d", "must be a URL such"),
        ('{ env = "BOOKS" }', f"postgresql://u:{PASSWORD}#p@h/d", "must be a URL such"),
        ('{ env = "BOOKS" }', f"postgresql://u:{PASSWORD}/d", "must be a URL such"),
        ('{ env = "BOOKS" }', f"postgresql://u:{PASSWORD}?p@h/d", "must be a URL such"),
        ('{ env = "BOOKS" }', f"postgresql://u:%zz{PASSWORD}@h/d", "must be a URL such"),
        ('{ env = "BOOKS" }', f"postgresql://u@h/d?{PASSWORD}=1", "must be a URL such"),
        ('{ env = "BOOKS" }', f"{URL}?schema=My-Schema", "the schema must be a name of small"),
    ],
)
def test_what_is_wrong_with_it_has_its_line(check: Any, ledger: str, url: str, said: str) -> None:
    code, output = check(ledger, url)
    assert code == 2
    assert said in output


def test_nothing_that_knows_the_url_shows_the_password(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(f'[inbox]\nfile = "inbox.db"\nledger = "{URL}"\n\n{config.read_text()}')
    inbox = read_inbox_configuration(config).inbox
    assert inbox is not None
    place: Any = place_of(inbox, config.parent)
    assert PASSWORD not in repr(inbox) + repr(place)
    assert place.shown == "postgresql://db.example:5433/shop"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://u:p@db1,db2:5433/shop?sslmode=require", "postgresql://db1,db2/shop"),
        ("postgresql://u@[::1]:5433/shop", "postgresql://::1:5433/shop"),
        ("postgresql:///shop?host=/run/postgresql&schema=two", "postgresql:///run/postgresql/shop"),
    ],
)
def test_urls_may_have_what_libpq_takes(tmp_path: Path, url: str, shown: str) -> None:
    place: Any = place_of(InboxConfig(file=tmp_path / "x.db", ledger=Secret(url)), tmp_path)
    assert place.shown == shown
    assert place.schema == ("two" if "schema" in url else "wharfinger")


def test_without_a_ledger_it_is_the_file(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    assert place_of(InboxConfig(file=file), tmp_path) == file


def test_what_has_to_be_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wharfinger_host.store.server", raising=False)
    monkeypatch.delitem(sys.modules, "wharfinger_host.store.postgresql", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    inbox = InboxConfig(file=tmp_path / "inbox.db", ledger=Secret(URL))
    with pytest.raises(StoreError, match=r"pip install 'wharfinger-host\[postgresql\]'"):
        place_of(inbox, tmp_path)
