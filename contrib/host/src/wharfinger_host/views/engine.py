"""How the lanes of an engine do."""

from __future__ import annotations

from typing import Any

import attrs
from rich.console import Console

from wharfinger_host.engines.contract import LaneStatus, Status
from wharfinger_host.terminal import plural, printable, table

__all__ = ["as_json", "show"]


def as_json(engine: str, status: Status) -> dict[str, Any]:
    """Return it as plain data.

    Args:
        engine: Its URL, without the password.
        status: What was found.
    """
    return {
        "ok": status.ok,
        "engine": engine,
        "problems": list(status.problems),
        "connections": [
            {
                "name": name,
                "workers": workers,
                "dead_letters": status.dead[name],
                "lanes": [
                    attrs.asdict(lane, filter=lambda field, _: field.name != "connection")
                    for lane in status.lanes
                    if lane.connection == name
                ],
            }
            for name, workers in status.workers.items()
        ],
    }


def show(console: Console, engine: str, status: Status) -> None:
    """Show a line for each lane, and what is wrong.

    Args:
        console: Where.
        engine: Its URL, without the password.
        status: What was found.
    """
    numbers = ("lane", "waiting")
    for name, workers in status.workers.items():
        title = f"{name}: {plural(workers, 'worker')}, {plural(status.dead[name], 'dead letter')}"
        console.print(printable(title), soft_wrap=True)
        shown = table("lane", "waiting", "held", "", numbers=numbers)
        for lane in status.lanes:
            if lane.connection == name:
                shown.add_row(*_row(lane))
        console.print(shown)
    for problem in status.problems:
        console.print(printable(problem), style="red", soft_wrap=True)
    said = "is ready" if status.ok else "is not ready"
    style = "green" if status.ok else "bold red"
    console.print(printable(f"{engine} {said}"), style=style, soft_wrap=True)


def _row(lane: LaneStatus) -> tuple[str, str, str, str]:
    waiting = "-" if lane.waiting is None else f"{lane.waiting:,}"
    return str(lane.lane), waiting, "yes" if lane.held else "no", printable(lane.problem)
