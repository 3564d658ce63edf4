"""The steps of the demo: prepare, check, send, look."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from wharfinger_host.demo.events import sample_lines
from wharfinger_host.demo.simulated import SimulatedTenant, simulated_tenant
from wharfinger_host.terminal import plural, table

__all__ = ["prepare", "take_tour"]

_ROUTE: Final = "http://127.0.0.1:8025"
_SECRET: Final = {"DEMO_CLIENT_SECRET": "demo-client-secret"}
_WHARFINGER: Final = "from wharfinger_host.cli import main; main()"
_ROWS_SHOWN: Final = 4


def prepare(folder: Path, address: str, events: int) -> None:
    """Write the configuration and the events of the demo into a folder.

    Args:
        folder: Made if it is not there; files of an earlier demo are replaced.
        address: Where the simulator listens.
        events: How many lines of events.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = (files(__package__) / "demo.toml").read_text("utf-8")
    (folder / "demo.toml").write_text(configuration.replace(_ROUTE, address), "utf-8")
    with (folder / "events.jsonl").open("wb") as lines:
        lines.writelines(sample_lines(events))
    (folder / "undelivered.jsonl").unlink(missing_ok=True)


def take_tour(console: Console, folder: Path, events: int) -> None:
    """Start a tenant, deliver the sample events to it, and show what is there now.

    Args:
        console: Where to.
        folder: Where configuration, events and what was not delivered are left.
        events: How many lines of events.

    Raises:
        TenantError: The simulator did not start.
    """
    catalogue = files(__package__) / "tenant.toml"
    with simulated_tenant(Path(str(catalogue))) as tenant:
        console.print(f"A simulated Marketing Cloud tenant answers at {tenant.address}.\n")
        prepare(folder, tenant.address, events)
        config, lines = folder / "demo.toml", folder / "events.jsonl"
        _run(console, "check", config, "--connect")
        _run(console, "send", config, lines, "--undelivered", folder / "undelivered.jsonl")
        _show_tenant(console, tenant)
    console.print(f"\nEverything is in {folder}. Look into it, change it, and go on with:")
    console.print(f"  wharfinger preview {config} {lines} --limit 3", style="bold")
    console.print("  wharfinger describe salesforce-marketing-cloud", style="bold")


def _run(console: Console, *arguments: str | Path) -> None:
    """Run one of our own commands as a user would, and show which."""
    words = [str(argument) for argument in arguments]
    console.print(f"$ wharfinger {' '.join(words)}", style="bold cyan")
    console.file.flush()
    # A non-zero exit is part of the tour: some of the sample events are bad on purpose.
    subprocess.run(
        [sys.executable, "-c", _WHARFINGER, *words], check=False, env={**os.environ, **_SECRET}
    )
    console.print()


def _show_tenant(console: Console, tenant: SimulatedTenant) -> None:
    console.print("What the tenant holds now", style="bold")
    [tables] = tenant.look("tables").values()
    for key, content in tables.items():
        _show_rows(console, f"{content['name']} ({key})", content["rows"])
    contacts, entries = tenant.look("contacts"), tenant.look("entries")
    console.print(
        f"{plural(len(contacts), 'contact')}, "
        f"{plural(len(entries['entered']), 'journey entry').replace('entrys', 'entries')}"
    )
    _show_requests(console, tenant.look("requests"))


def _show_rows(console: Console, name: str, rows: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    title = f"{name}: {plural(len(rows), 'row')}"
    shown = table(*columns, title=title)
    for row in rows[:_ROWS_SHOWN]:
        shown.add_row(*(row.get(column, "") for column in columns))
    if len(rows) > _ROWS_SHOWN:
        shown.add_row(*["..."] * len(columns))
    console.print(shown)


def _show_requests(console: Console, requests: list[dict[str, Any]]) -> None:
    calls = Counter((request["method"], request["path"], request["status"]) for request in requests)
    shown = table("Calls", "Request", "Status", title="What it cost", numbers=("Calls", "Status"))
    for (method, path, status), count in sorted(calls.items(), key=lambda call: -call[1]):
        if not path.startswith("/_simulator"):
            shown.add_row(f"{count:,}", f"{method} {path}", str(status))
    console.print(shown)
