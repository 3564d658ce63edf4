"""What all commands have in common, asked of the commands themselves."""

from __future__ import annotations

import inspect
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from wharfinger_host.command_page import command_page, commands
from wharfinger_host.exits import MEANINGS, Exit

COMMANDS = commands()
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
SHORT = {"--output": "-o", "--quiet": "-q", "--verbose": "-v", "--yes": "-y"}
NO_DATA = {"demo"}  # a tour: it shows what other commands print


def options_of(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "option"]


def long_name(option: Any) -> str:
    return str(max(option.opts, key=len))


def source_of(command: Any) -> str:
    """The code of the command's own module, or its function where commands share one."""
    function = inspect.unwrap(command.callback)
    shared = function.__module__.endswith("dead_letters")
    return inspect.getsource(function if shared else sys.modules[function.__module__])


def test_there_are_commands_in_groups_too() -> None:
    assert {"check", "send", "dead-letters list", "import-segment"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - NO_DATA))
def test_every_command_that_prints_data_has_json(name: str) -> None:
    assert "--json" in {long_name(option) for option in options_of(COMMANDS[name])}


def test_a_flag_is_the_same_wherever_it_stands() -> None:
    seen = defaultdict(set)
    for command in COMMANDS.values():
        for option in options_of(command):
            form = (tuple(sorted(option.opts)), option.metavar, option.is_flag)
            seen[long_name(option)].add(form)
    assert {flag: forms for flag, forms in seen.items() if len(forms) > 1} == {}
    assert len(seen) > 20


@pytest.mark.parametrize("name", COMMANDS)
def test_names_are_written_alike(name: str) -> None:
    for option in options_of(COMMANDS[name]):
        assert re.fullmatch(r"--[a-z]+(-[a-z]+)*", long_name(option))
        short = [each for each in option.opts if each != long_name(option)]
        wanted = SHORT.get(long_name(option))
        assert short == ([wanted] if wanted else [])
        assert option.is_flag or re.fullmatch(r"[A-Z]+(=[A-Z]+)?", option.metavar)
    for argument in COMMANDS[name].params:
        if argument.param_type_name == "argument":
            assert re.fullmatch(r"[A-Z]+|\[ID\]\.\.\.", argument.metavar)


@pytest.mark.parametrize("name", COMMANDS)
def test_everything_is_explained_in_sentences(name: str) -> None:
    command = COMMANDS[name]
    assert command.help.strip()[0].isupper()
    assert command.help.strip().endswith(".")
    for parameter in command.params:
        if "--help" not in parameter.opts:
            assert parameter.help.endswith("."), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_may_end_with_1_or_4_says_when(name: str) -> None:
    command = COMMANDS[name]
    said = re.findall(r"\b\d+\b", " ".join(command.help.split()).partition("xit code")[2])
    if re.search(r"Exit\.FAILED|\b_ask\(|preparing\.exit_code", source_of(command)):
        assert "1" in said
    if "preparing.exit_code" in source_of(command):
        assert "4" in said or any("4" in option.help for option in options_of(command))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_shows_progress_can_be_quiet(name: str) -> None:
    shows = re.search(
        r"\b(working|SendProgress|MoveProgress|Planner|Report)\(.*quiet", source_of(COMMANDS[name])
    )
    has = "--quiet" in {long_name(option) for option in options_of(COMMANDS[name])}
    assert has == bool(shows) or "progress=not quiet" in source_of(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_is_a_command_line_that_it_reads(name: str) -> None:
    command = COMMANDS[name]
    words = command.epilog.removeprefix("Example: wharfinger ").split()
    own = name.split()
    assert words[: len(own)] == own
    command.make_context(name, words[len(own) :])


def test_every_exit_code_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Exit)


def test_the_reference_page_is_what_the_commands_give() -> None:
    written = REFERENCE.read_text("utf-8")
    assert written == command_page(), "run python -m wharfinger_host.command_page"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plugins",),
        ("describe",),
        ("describe", "acme", "send-letter"),
        ("describe", "nonsense"),
        ("check", "CONFIG", "--connect"),
        ("doctor", "CONFIG"),
        ("plan", "CONFIG", "EVENTS"),
        ("preview", "CONFIG", "EVENTS"),
        ("explain", "CONFIG", "EVENTS"),
        ("send", "CONFIG", "EVENTS"),
        ("send", "nowhere.toml", "EVENTS"),
        ("check", "EVENTS"),
        ("dead-letters", "list", "CONFIG"),
    ],
)
def test_output_that_no_terminal_shows_has_no_colour_and_no_progress(
    cli: Any, config: Path, events: Any, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    bad = {"type": "track", "properties": {"text": "nobody is meant"}}
    names = {
        "CONFIG": config,
        "EVENTS": events.write(tmp_path / "e.jsonl", events.track(1), events.identify(2), bad),
    }
    result = cli(*(names.get(word, word) for word in arguments))
    assert result.output
    assert "\x1b" not in result.output
    assert "\r" not in result.output
    assert "events/s" not in result.stderr
