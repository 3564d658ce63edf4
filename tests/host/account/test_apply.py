"""``wharfinger apply``: shows the plan, asks, makes it, and says what became of it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sees questions and can answer them."""
    monkeypatch.setattr("wharfinger_host.terminal.can_ask", lambda: True)


def test_what_the_plan_shows_is_made(
    cli: Any, config: Path, depot: Any, sample_events: Path
) -> None:
    result = cli("apply", config, sample_events, "--yes", "--option", "room=attic")
    assert result.exit_code == 0
    assert '+ slot "größe"' in result.stdout
    assert '  ok  boxes: the shelf "oak": It was made.' in result.stdout
    assert result.stdout.splitlines()[-1] == (
        f"Look whether all is well: wharfinger doctor {config}"
    )
    assert depot.made == [{"name": "oak", "slots": {"größe": 6, "to": 1}, "room": "attic"}]


def test_applying_again_makes_nothing(
    cli: Any, config: Path, depot: Any, sample_events: Path
) -> None:
    cli("apply", config, sample_events, "--yes")
    again = cli("apply", config, sample_events, "--yes")
    assert again.exit_code == 0
    assert again.stdout.splitlines()[-1] == "There is nothing to do."
    assert len(depot.made) == 1


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b""])
def test_nothing_is_made_unless_a_person_says_yes(
    cli: Any, config: Path, depot: Any, person: None, answer: bytes
) -> None:
    result = cli("apply", config, stdin=answer)
    assert result.exit_code == 1
    assert '+ shelf "oak"' in result.stdout
    assert "Make the 1 line with + at the vendor?" in result.stderr
    assert "Nothing was changed." in result.stderr
    assert depot.made == []


def test_a_person_who_says_yes_gets_it_made(
    cli: Any, config: Path, depot: Any, person: None
) -> None:
    assert cli("apply", config, stdin=b"y\n").exit_code == 0
    assert [made["name"] for made in depot.made] == ["oak"]


def test_nobody_is_asked_where_there_is_nothing_to_do(
    cli: Any, config: Path, depot: Any, person: None
) -> None:
    depot.shelves["oak"] = {}
    result = cli("apply", config)
    assert result.exit_code == 0
    assert "with + at the vendor?" not in result.output


def test_without_a_terminal_it_takes_a_yes_beforehand(cli: Any, config: Path, vendor: Any) -> None:
    result = cli("apply", config)
    assert result.exit_code == 2
    assert "give --yes" in result.stderr
    assert vendor.requests == []


def test_json_needs_a_yes(cli: Any, config: Path, vendor: Any, person: None) -> None:
    result = cli("apply", config, "--json")
    assert result.exit_code == 2
    assert "needs --yes" in result.stderr
    assert vendor.requests == []


def test_json_holds_the_plan_and_what_became_of_it(
    cli: Any, config: Path, sample_events: Path
) -> None:
    result = cli("apply", config, sample_events, "--yes", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["ok"], found["changes"]["create"]) == (True, 3)
    [connection] = found["connections"]
    assert connection["plans"][0]["mapping"] == "boxes"
    assert [(each["level"], each["mapping"]) for each in connection["applied"]] == [("ok", "boxes")]


def test_what_cannot_be_made_is_told_and_fails(
    cli: Any, config: Path, depot: Any, sample_events: Path
) -> None:
    depot.has_wood = False
    result = cli("apply", config, sample_events, "--yes")
    assert result.exit_code == 1
    assert '  error  boxes: the shelf "oak": Depot has no wood.' in result.stdout
    assert f"See what is left: wharfinger plan {config} {sample_events}" in result.stdout


def test_what_is_left_for_a_person_has_its_exit_code(
    cli: Any, config: Path, depot: Any, sample_events: Path
) -> None:
    depot.shelves["oak"] = {"größe": 4, "to": 1}
    result = cli("apply", config, sample_events, "--yes")
    assert result.exit_code == 4
    assert '! slot "größe"' in result.stdout
    assert "Do the lines with ! by hand" in result.stdout
    assert depot.made == []


def test_one_connection_is_furnished_and_another_needs_a_person(
    cli: Any, config: Path, depot: Any, sample_events: Path, connection_text: Any
) -> None:
    depot.shelves["low"] = {"größe": 1, "to": 1}
    other = connection_text("other", depot.url).replace('"oak"', '"low"')
    config.write_text(config.read_text() + other)
    result = cli("apply", config, sample_events, "--yes")
    assert result.exit_code == 4
    assert [made["name"] for made in depot.made] == ["oak"]
    assert "Do the lines with ! by hand, then look again: wharfinger plan" in result.stdout


def test_a_vendor_that_cannot_be_reached_is_told(
    cli: Any, config: Path, depot: Any, closed_url: str
) -> None:
    config.write_text(config.read_text().replace(depot.url, closed_url))
    result = cli("apply", config, "--yes")
    assert result.exit_code == 1
    assert "could not be reached" in result.stdout
    assert f"wharfinger doctor {config}" in result.stdout


def test_a_wrong_option_makes_nothing(cli: Any, config: Path, depot: Any) -> None:
    result = cli("apply", config, "--yes", "--option", "roum=attic")
    assert result.exit_code == 2
    assert 'Did you mean "room"?' in result.stderr
    assert depot.made == []


def test_ctrl_c_at_the_question_makes_nothing(
    cli: Any, config: Path, depot: Any, person: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("rich.prompt.Confirm.ask", interrupt)
    result = cli("apply", config)
    assert result.exit_code == 130
    assert "Interrupted. `wharfinger plan` shows what is there now." in result.stderr
    assert depot.made == []


def test_a_terminal_shows_the_question_and_takes_the_answer(
    config: Path, depot: Any, environment: dict[str, str]
) -> None:
    terminal, process_side = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "apply", str(config)],
        stdin=process_side,
        stdout=process_side,
        stderr=process_side,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "80"},
    )
    os.close(process_side)
    shown, answered = b"", False
    while True:
        try:
            block = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not block:
            break
        shown += block
        if not answered and b"(n)" in shown:
            os.write(terminal, b"y\n")
            answered = True
    os.close(terminal)
    assert process.wait(timeout=60) == 0
    assert answered
    assert "It was made." in shown.decode()
    assert [made["name"] for made in depot.made] == ["oak"]
