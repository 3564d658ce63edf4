"""A first configuration for the simulator's sample account, and the way to the first event."""

from __future__ import annotations

import pathlib
import shlex
from importlib.resources import files
from typing import Final

from rich.console import Console

from wharfinger_host.terminal import printable

__all__ = ["configuration", "next_steps", "show"]

_EVENT: Final = (
    '{"type": "track", "event": "Order Completed", "userId": "c-1001", '
    '"properties": {"order_id": "o-77", "total": 19.9}}'
)


def configuration() -> str:
    """Return the text of the configuration."""
    return (files(__package__) / "first.toml").read_text("utf-8")


def next_steps(file: pathlib.Path) -> list[str]:
    """Return what to type, line by line, up to the row that the first event became."""
    name = shlex.quote(str(file))
    return [
        "wharfinger-sfmc-simulator --port 8025 &",
        "export SFMC_CLIENT_SECRET=samplesecret000000000001",
        f"wharfinger check {name} --connect",
        f"echo '{_EVENT}' | wharfinger send {name} -",
        "curl http://127.0.0.1:8025/_simulator/tables",
    ]


def show(console: Console, file: pathlib.Path) -> None:
    """Say where it stands and how to send the first event."""
    console.print(printable(f"{file} is written, for the simulator."), style="bold", soft_wrap=True)
    console.print("Start the simulator, send the first event, and look at its row:")
    for line in next_steps(file):
        console.print(printable(f"  {line}"), soft_wrap=True)
