"""What the page on the dashboard says can be done, can be done."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

from wharfinger_host.cli import app
from wharfinger_host.dashboard.access import SESSION_S, SHORTEST_TOKEN
from wharfinger_host.dashboard.options import read_token
from wharfinger_host.dashboard.rendering import fragment
from wharfinger_host.store.minutes import KEPT_DAYS

PAGE = (Path(__file__).parents[3] / "docs/how-to/use-the-dashboard.md").read_text()
COMMANDS = [
    shlex.split(line.removeprefix("$ "))
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
STATES = {"up to date", "working", "paused", "halted", "nobody at work", "not configured"}


def test_every_block_of_the_page_is_run_here() -> None:
    assert len(re.findall(r"^```", PAGE, re.MULTILINE)) == 2 * 3
    assert [words[0] for words in COMMANDS] == ["wharfinger", "openssl", "wharfinger", "wharfinger"]


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] == "wharfinger"])
def test_the_commands_of_the_page_are_those_there_are(words: list[str]) -> None:
    command = typer.main.get_command(app)
    serve = command.commands[words[1]]  # type: ignore[attr-defined]  # the command is a group
    context = serve.make_context("serve", list(words[2:]))
    assert str(context.params["config"]) == "shop.toml"
    assert context.params["dashboard"] or context.params["dashboard_token"]


def test_the_token_that_the_page_makes_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    (words,) = [words for words in COMMANDS if words[0] == "openssl"]
    subprocess.run(["sh", "-c", " ".join(words)], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    (place,) = [each for words in COMMANDS for each in words if each.startswith("file:")]
    assert re.fullmatch("[0-9a-f]{32}", read_token(place).reveal())


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"at least {SHORTEST_TOKEN} characters" in PAGE
    assert (SESSION_S, KEPT_DAYS) == (12 * 3600, 8)
    assert "after twelve hours" in PAGE
    assert "for eight days" in PAGE


def test_every_state_is_on_the_page_and_no_other() -> None:
    listed = set(re.findall(r"^\| ([a-z ]+) \| [^|]+ \|$", PAGE, re.MULTILINE)) - {"state"}
    assert listed == STATES
    source = Path(fragment.__code__.co_filename).parent / "templates" / "standing.html"
    words = re.search(r"set words = \{(.*?)\}", source.read_text())
    assert words is not None
    assert set(re.findall(r': "([^"]+)"', words[1])) == STATES
