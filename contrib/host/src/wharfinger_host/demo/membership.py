"""One person enters an audience and leaves it again: what their row says after each event."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import attrs
from rich.console import Console

from wharfinger_host.demo.simulated import SimulatedTenant
from wharfinger_host.terminal import table

__all__ = ["Step", "show_steps", "write_steps"]

_PERSON: Final = "c-vera"
_TABLE: Final = "vip_shoppers"
_MAPPING: Final = "vip-audience"
_WHARFINGER: Final = "from wharfinger_host.cli import main; main()"


@attrs.frozen
class Step:
    """One event about the person.

    Attributes:
        file: Holds the event.
        member: What it says: whether they are in the audience.
    """

    file: Path
    member: bool

    @property
    def event(self) -> dict[str, Any]:
        """The event, as Segment sends it."""
        return {
            "type": "identify",
            "messageId": f"m-{_PERSON}-{self.file.stem}",
            "userId": _PERSON,
            "traits": {_TABLE: self.member},
        }


def write_steps(folder: Path) -> list[Step]:
    """Write one file of one event each for entering and for leaving."""
    steps = [Step(folder / "enters.jsonl", True), Step(folder / "leaves.jsonl", False)]
    for step in steps:
        step.file.write_text(json.dumps(step.event) + "\n", "utf-8")
    return steps


def show_steps(console: Console, tenant: SimulatedTenant, config: Path, steps: list[Step]) -> None:
    """Send the events one by one, and show what the person's row says in between.

    Args:
        console: Where to.
        tenant: Still running.
        config: The configuration of the demo.
        steps: In their order.
    """
    console.print(f"One person, {_PERSON}, enters an audience and leaves it", style="bold")
    shown = table("Event", "traits", "Their row afterwards")
    shown.add_row("none yet", "", _row(tenant))
    for step in steps:
        _send(config, step.file)
        traits = json.dumps(step.event["traits"])
        shown.add_row(step.file.name, traits, _row(tenant))
    console.print(shown)


def _send(config: Path, events: Path) -> None:
    command = [*(sys.executable, "-c", _WHARFINGER), *("send", str(config), str(events))]
    options = ["--mapping", _MAPPING, "--undelivered", f"{events}.undelivered", "--json"]
    subprocess.run([*command, *options], check=False, stdout=subprocess.DEVNULL)


def _row(tenant: SimulatedTenant) -> str:
    return next(_rows(tenant), "there is none")


def _rows(tenant: SimulatedTenant) -> Iterator[str]:
    [tables] = tenant.look("tables").values()
    for row in tables[_TABLE]["rows"]:
        if row["contactkey"] == _PERSON:
            yield ", ".join(f"{column} {value}" for column, value in row.items())
