"""The shell's side of completion, spoken as Bash does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.meta.pages import texts

COMMAND = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]
Complete = Callable[..., list[str]]


@pytest.fixture
def complete(environment: dict[str, str]) -> Complete:
    """Press the tab key behind some words; the last one is not finished."""

    def run(*words: object) -> list[str]:
        line = ["wharfinger", *map(str, words)]
        asked = {
            "_WHARFINGER_COMPLETE": "complete_bash",
            "COMP_WORDS": "\n".join(line),
            "COMP_CWORD": str(len(line) - 1),
        }
        result = subprocess.run(
            COMMAND, env={**environment, **asked}, capture_output=True, check=False, text=True
        )
        assert result.stderr == ""
        return result.stdout.split()

    return run


def test_commands_and_options_are_offered(complete: Complete) -> None:
    assert complete("pl") == ["plugins", "plan"]
    assert complete("dead-letters", "re") == ["replay"]
    assert complete("send", "--un") == ["--undelivered"]


def test_names_of_the_configuration_on_the_line_are_offered(
    complete: Complete, config: Path
) -> None:
    assert complete("send", config, "e.jsonl", "--connection", "") == ["main"]
    assert complete("send", config, "e.jsonl", "--mapping", "") == ["notes", "rows"]
    assert complete("send", config, "e.jsonl", "--mapping", "r") == ["rows"]


def test_the_tab_key_of_the_reference_completes_what_it_shows(
    complete: Complete, tmp_path: Path
) -> None:
    page = "docs/reference/command-line.md"
    (typed,) = (text for text in texts(page, "console") if "<Tab>" in text)
    line, shown = typed.removeprefix("$ wharfinger ").splitlines()
    command, file, *words = line.removesuffix(" <Tab>").split()
    config = tmp_path / file
    config.write_text("".join(f"[connections.acme.mappings.{name}]\n" for name in shown.split()))
    assert complete(command, config, *words, "") == shown.split()


def test_mappings_of_the_chosen_connection_are_offered(complete: Complete, config: Path) -> None:
    more = '[connections.more]\ndestination = "acme"\n[connections.more.mappings.letters]\n'
    config.write_text(config.read_text() + more)
    assert complete("send", config, "e", "--mapping", "") == ["notes", "rows", "letters"]
    assert complete("send", config, "e", "--connection", "more", "--mapping", "") == ["letters"]


def test_what_plugins_declare_is_offered(complete: Complete, config: Path) -> None:
    assert complete("describe", "") == ["acme"]
    assert complete("describe", "acme", "send-") == ["send-note", "send-letter"]
    assert complete("choices", config, "put") == ["put-rows"]


@pytest.mark.parametrize("text", [None, "not [ toml", "connections = 3", "[connections]\na = 1\n"])
def test_a_configuration_that_cannot_be_read_offers_nothing(
    complete: Complete, tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "odd.toml"
    if text is not None:
        file.write_text(text)
    assert complete("send", file, "e.jsonl", "--mapping", "") == []


def test_names_are_read_from_the_configuration_alone(config: Path, site: Path) -> None:
    program = (
        "import sys, types\n"
        "from wharfinger_host import completing\n"
        f"ctx = types.SimpleNamespace(params={{'config': {str(config)!r}}}, args=[])\n"
        "print(*completing.mappings(ctx, ''), 'wharfinger' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert shown.stdout.split() == [b"notes", b"rows", b"False"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_asks_the_command_by_its_name(shell: str) -> None:
    asked = {**os.environ, "_WHARFINGER_COMPLETE": f"source_{shell}"}
    result = subprocess.run(COMMAND, env=asked, capture_output=True, check=False, text=True)
    assert result.returncode == 0
    assert f"complete_{shell}" in result.stdout
    assert "wharfinger" in result.stdout
