"""What it costs to start the command, beside a Python that does nothing.

Nothing is asserted of the figures; that `--help` imports nothing heavy is a test of its own.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.benchmark(group="starting a process")]

MAIN = "from wharfinger_host.cli import main; main()"
COMMANDS = {
    "nothing": ["-c", "pass"],
    "import typer": ["-c", "import typer"],
    "wharfinger --help": ["-c", MAIN, "--help"],
    "wharfinger check --help": ["-c", MAIN, "check", "--help"],
    "wharfinger describe": ["-c", MAIN, "describe"],
}


@pytest.mark.parametrize("what", COMMANDS)
def test_starting(benchmark, what):
    command = [sys.executable, *COMMANDS[what]]
    benchmark.pedantic(
        subprocess.run,
        args=[command],
        kwargs={"check": True, "stdout": subprocess.DEVNULL},
        rounds=20,
        warmup_rounds=2,
    )
