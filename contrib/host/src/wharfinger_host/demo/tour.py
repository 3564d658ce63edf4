"""The steps of the demo: prepare, check, send, follow one person, look."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from rich.console import Console

from wharfinger_host.demo.events import sample_lines
from wharfinger_host.demo.membership import show_steps, write_steps
from wharfinger_host.demo.simulated import free_port, simulated_tenant
from wharfinger_host.demo.view import show_tenant

__all__ = ["take_tour", "write_configuration", "write_events", "write_tenant"]

_ROUTE: Final = "http://127.0.0.1:8025"
_TENANT_PORT: Final = 8025
_SECRET: Final = "demo-client-secret"  # noqa: S105  # the simulated tenant's, see tenant.toml
_WHARFINGER: Final = "from wharfinger_host.cli import main; main()"


def write_tenant(folder: Path) -> None:
    """Write the catalogue of the simulated tenant; the folder is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tenant.toml").write_text(_sample("tenant.toml"), "utf-8")


def write_configuration(folder: Path, address: str) -> None:
    """Write the configuration and the secret it names.

    Args:
        folder: Files of an earlier demo are replaced.
        address: Where the simulated tenant listens.
    """
    configuration = _sample("demo.toml").replace(_ROUTE, address)
    (folder / "demo.toml").write_text(configuration, "utf-8")
    (folder / "client-secret.txt").write_text(_SECRET, "utf-8")


def write_events(folder: Path, events: int) -> None:
    """Write so many lines of sample events, and forget what an earlier demo did not deliver."""
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
    config, lines = folder / "demo.toml", folder / "events.jsonl"
    write_tenant(folder)
    with simulated_tenant(folder / "tenant.toml", free_port(_TENANT_PORT)) as tenant:
        console.print(f"A simulated Marketing Cloud tenant answers at {tenant.address}.\n")
        write_configuration(folder, tenant.address)
        write_events(folder, events)
        _run(console, "check", config, "--connect")
        _run(console, "send", config, lines, "--undelivered", folder / "undelivered.jsonl")
        show_steps(console, tenant, config, write_steps(folder))
        show_tenant(console, tenant)
    console.print(
        f"Everything is in {folder}/. Look into it, change it, and go on with:", style="bold"
    )
    port = tenant.address.rpartition(":")[2]
    ours, simulator = _command("wharfinger"), _command("wharfinger-sfmc-simulator")
    console.print(
        f"  {ours} preview {config} {lines} --limit 3\n"
        f"  {ours} audience {config} lapsed --table vip_shoppers\n"
        f"  {simulator} --tenant {folder}/tenant.toml --port {port} &\n"
        f"  {ours} send {config} {lines}",
        soft_wrap=True,
    )


def _command(name: str) -> str:
    """Return what to type: a command that is not on the path stands beside the one running."""
    return name if shutil.which(name) else str(Path(sys.argv[0]).with_name(name))


def _sample(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")


def _run(console: Console, *arguments: str | Path) -> None:
    """Run one of our own commands as a user would, and show which."""
    words = [str(argument) for argument in arguments]
    console.print(f"$ wharfinger {' '.join(words)}", style="bold cyan")
    console.file.flush()
    # A non-zero exit is part of the tour: some of the sample events are bad on purpose.
    subprocess.run([sys.executable, "-c", _WHARFINGER, *words], check=False)
    console.print()
