"""The command as a process: how it starts, is interrupted and looks on a terminal."""

from __future__ import annotations

import ast
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]


HEAVY = {
    *("rich", "httpx", "aiohttp", "starlette", "uvicorn", "lark", "liquid", "pygments", "pyarrow"),
    *("wharfinger", "orjson", "attrs", "pluggy", "asyncio", "sqlite3", "tomllib"),
}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["send", "--help"], ["dead-letters", "list", "--help"]]
)
def test_help_waits_for_no_library_that_it_does_not_need(arguments: list[str]) -> None:
    program = (
        "import sys, contextlib\n"
        "from wharfinger_host.cli import main\n"
        f"sys.argv[1:] = {arguments}\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = set(ast.literal_eval(found.stdout.decode().splitlines()[-1]))
    assert {"typer", "wharfinger_host"} <= loaded
    assert loaded & HEAVY == set()


def test_help_names_every_command_and_version_the_distributions() -> None:
    shown = subprocess.run([*COMMAND, "--help"], capture_output=True, check=True, text=True)
    online = ("check", "doctor", "choices", "plan", "apply")
    durable = ("accept", "run", "serve", "trace", "export", "forget")
    for command in ("plugins", "describe", *online, "preview", "send", *durable):
        assert f"  {command} " in shown.stdout
        helped = subprocess.run([*COMMAND, command, "--help"], capture_output=True, check=True)
        assert b"--json" in helped.stdout
    version = subprocess.run([*COMMAND, "--version"], capture_output=True, check=True, text=True)
    assert version.stdout.startswith("wharfinger 0.")
    assert "(wharfinger-host 0." in version.stdout


@pytest.mark.parametrize("arguments", [["nonsense"], ["send"], ["send", "a", "b", "--chunk", "0"]])
def test_a_wrong_command_line_has_its_exit_code(arguments: list[str]) -> None:
    result = subprocess.run([*COMMAND, *arguments], capture_output=True, check=False)
    assert result.returncode == 2


def test_a_process_of_its_own_finds_the_plugin_and_delivers(
    config: Path, vendor: Any, events: Any, environment: dict[str, str]
) -> None:
    data = b"".join(json.dumps(events.track(n)).encode() + b"\n" for n in range(5))
    result = subprocess.run(
        [*COMMAND, "send", config, "-"],
        input=data,
        capture_output=True,
        env=environment,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(vendor.bodies("/notes")) == 5


def test_an_interrupt_cancels_records_what_was_under_way_and_shows_the_table(
    config: Path, vendor: Any, events: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    stuck, release = threading.Event(), threading.Event()

    def reply(body: Any) -> tuple[int, str]:
        if body["to"] in ("u3", "u4"):
            stuck.set()
            release.wait(60)
        return 200, ""

    vendor.reply = reply
    file = events.write(tmp_path / "e.jsonl", *(events.track(n) for n in range(1, 8)))
    process = subprocess.Popen(
        [*COMMAND, "send", config, file, "--chunk", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        assert stuck.wait(60)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        release.set()
        process.kill()
    assert process.returncode == 130
    assert errors == ""
    assert "Interrupted. Events up to line 4 were under way" in output
    assert "--from-line 5" in output
    records = events.read(tmp_path / "e.undelivered.jsonl")
    assert [(r["line"], r["mapping"], r["status"], r["code"]) for r in records] == [
        (3, "notes", "unknown", "interrupted"),
        (4, "notes", "unknown", "interrupted"),
    ]


def test_an_interrupt_ends_a_wait_for_standard_input(
    config: Path, vendor: Any, events: Any, environment: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "send", config, "-", "--chunk", "1", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(events.track(1)).encode() + b"\n")
        process.stdin.flush()
        assert vendor.asked.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        found = json.loads(process.stdout.read())  # type: ignore[union-attr]  # it is a pipe
    finally:
        process.kill()
        process.communicate()
    assert found["events"] == 1
    assert found["stopped"]["cause"] == "interrupted"
    notes = next(each for each in found["mappings"] if each["mapping"] == "notes")
    assert notes["delivered"] + notes["unknown"] == 1


def test_a_reader_that_goes_away_is_no_crash(site: Path, environment: dict[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [*COMMAND, "describe", "acme"],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
    )
    os.close(writer)
    assert b"Traceback" not in result.stderr


def on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """Run a command with a terminal as standard output and error, and return what it shows."""
    terminal, process_side = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=process_side,
        stderr=process_side,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "120"},
    )
    os.close(process_side)
    shown = b""
    while True:
        try:
            block = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not block:
            break
        shown += block
    os.close(terminal)
    process.wait(timeout=60)
    return shown.decode()


def test_progress_is_shown_on_a_terminal_unless_it_is_to_be_quiet(
    config: Path, vendor: Any, events: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    file = events.write(tmp_path / "e.jsonl", *(events.track(n) for n in range(4)))
    arguments = ["send", str(config), str(file), "--chunk", "2"]
    shown = on_a_terminal(arguments, environment)
    assert "events/s" in shown.split("Mapping")[0]
    assert "100%" in shown
    assert "delivered 4" in shown
    quiet = on_a_terminal([*arguments, "--quiet"], environment)
    assert "events/s" not in quiet.split("Mapping")[0]


def test_colour_can_be_switched_off(site: Path, environment: dict[str, str]) -> None:
    colour = "\x1b[32m"
    broken = ["describe", "nonsense"]
    assert "\x1b[31m" in on_a_terminal(broken, environment)
    for arguments, more in ((["--no-color", *broken], {}), (broken, {"NO_COLOR": "1"})):
        shown = on_a_terminal(arguments, {**environment, **more})
        assert "\x1b[3" not in shown
        assert "nonsense" in shown
    assert colour not in on_a_terminal(["--no-color", "plugins"], environment)
