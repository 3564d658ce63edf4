"""What a configuration that is read again changes at once, and what is said to wait for a start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wharfinger
from wharfinger_host.configuration import Selection, read_configuration
from wharfinger_host.inbox_configuration import InboxConfig
from wharfinger_host.reloading import AtStart, load_again

CHANGES = {
    "file": '"other.db"',
    "ledger": '"postgresql://db.example/shop"',
    "partitions": "9",
    "lanes": "9",
    "order_key": '["$.context.account"]',
    "most_waiting": "9",
    "keep_events_days": "1",
    "keep_letters_days": "1",
    "give_up_days": "1",
}
WAITS = "[{}] has changed, and counts from the next start of this process."
STAYS = "was not reloaded; work goes on with the one before"

Again = Callable[[str], tuple[Any, str]]


@pytest.fixture
def inbox(config: Path) -> Path:
    config.write_text(f'[inbox]\nfile = "inbox.db"\n\n{config.read_text()}')
    return config


@pytest.fixture
def begin(inbox: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], Again]:
    """Begins with the configuration as it is; gives what reads a text in its place."""

    def begin() -> Again:
        plugins = wharfinger.load_plugins()
        at_start = AtStart.of(read_configuration(inbox, plugins), plugins)

        def again(text: str) -> tuple[Any, str]:
            inbox.write_text(text)
            found = load_again(inbox, Selection(), plugins, at_start)
            return found, capsys.readouterr().err

        return again

    return begin


def test_nothing_is_said_where_only_connections_changed(inbox: Path, begin: Any) -> None:
    text = inbox.read_text()
    found, said = begin()(text.replace("connections.main", "connections.other"))
    assert list(found) == ["other"]
    assert said == ""


def test_every_key_of_the_inbox_is_tried_here() -> None:
    assert set(CHANGES) == set(InboxConfig.__annotations__)


@pytest.mark.parametrize("key", CHANGES)
def test_a_change_of_the_inbox_is_said_to_count_later_until_it_is_taken_back(
    inbox: Path, begin: Any, key: str
) -> None:
    again, text = begin(), inbox.read_text()
    line = "" if key == "file" else 'file = "inbox.db"\n'
    changed = text.replace('file = "inbox.db"\n', f"{line}{key} = {CHANGES[key]}\n")
    for _ in range(2):
        found, said = again(changed)
        assert list(found) == ["main"]
        assert said.splitlines() == [WAITS.format("inbox")]
    assert again(text)[1] == ""


def test_both_tables_are_named_where_both_changed(inbox: Path, begin: Any) -> None:
    text = inbox.read_text().replace("inbox.db", "other.db")
    found, said = begin()(f'[shared]\nstore = "sqlite"\n\n{text}')
    assert list(found) == ["main"]
    assert said.splitlines() == [WAITS.format("inbox"), WAITS.format("shared")]


def test_another_url_of_the_ledger_is_noticed_wherever_it_stands(
    inbox: Path, begin: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "ledger.url"
    secret.write_text("postgresql://wharf:old-password@db.example/shop")
    ledger = 'file = "inbox.db"\nledger = { file = "ledger.url" }\n'
    inbox.write_text(inbox.read_text().replace('file = "inbox.db"\n', ledger))
    again, text = begin(), inbox.read_text()
    assert again(text)[1] == ""
    secret.write_text("postgresql://wharf:new-password@db.example/shop")
    assert again(text)[1].splitlines() == [WAITS.format("inbox")]
    secret.unlink()
    found, said = again(text)
    assert found is None
    assert "inbox.ledger: " in said
    assert STAYS in said


def test_a_configuration_without_an_inbox_is_not_taken(inbox: Path, begin: Any) -> None:
    found, said = begin()(inbox.read_text().replace('[inbox]\nfile = "inbox.db"\n', ""))
    assert found is None
    assert "There is no inbox." in said
    assert STAYS in said


def test_a_mistake_anywhere_says_nothing_of_what_would_count_later(inbox: Path, begin: Any) -> None:
    again, text = begin(), inbox.read_text().replace("inbox.db", "other.db")
    for wrong in (text.replace("send-note", "send-nothing"), text + "nonsense"):
        found, said = again(wrong)
        assert found is None
        assert STAYS in said
        assert "has changed" not in said


def test_a_configuration_that_is_gone_changes_nothing(
    inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = wharfinger.load_plugins()
    at_start = AtStart.of(read_configuration(inbox, plugins), plugins)
    inbox.unlink()
    assert load_again(inbox, Selection(), plugins, at_start) is None
    said = capsys.readouterr().err
    assert f"{inbox}: No such file or directory" in said
    assert STAYS in said
