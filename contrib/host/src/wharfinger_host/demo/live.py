"""A demo to try things out in: a host with its dashboard, in front of a simulated tenant."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

import attrs
from rich.console import Console

from wharfinger_host.demo.simulated import TenantError, free_port, simulated_tenant
from wharfinger_host.demo.tour import write_configuration, write_events, write_tenant

__all__ = ["Live", "live_host", "show_addresses"]

_PORT: Final = 8080
_TENANT_PORT: Final = 8025
_WHARFINGER: Final = "from wharfinger_host.cli import main; main()"
_EVENT: Final = (
    '{"userId": "c-ann", "event": "Store Visited", "properties": {"store": "Oslo", "spent": 20}}'
)


@attrs.frozen
class Live:
    """What is to be served, and in front of what.

    Attributes:
        config: The configuration, with an inbox that holds the sample events.
        port: One that is free.
        token_file: Holds the token of the dashboard.
        write_key: Of the source that may send events.
        tenant: Address of the simulated tenant.
    """

    config: Path
    port: int
    token_file: Path
    write_key: str
    tenant: str

    @property
    def address(self) -> str:
        """Where the host will listen."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def live_host(folder: Path, events: int) -> Iterator[Live]:
    """Start a tenant and get everything else ready; the tenant ends with the context.

    Args:
        folder: What an earlier demo left there is replaced.
        events: How many lines of sample events wait in the inbox.

    Raises:
        TenantError: The simulator did not start, or the inbox is in use.
    """
    write_tenant(folder)
    tenant_file = folder / "tenant.toml"
    with simulated_tenant(tenant_file, free_port(_TENANT_PORT), outlives_ctrl_c=True) as tenant:
        write_configuration(folder, tenant.address)
        write_events(folder, events)
        config, write_key = folder / "live.toml", secrets.token_hex(16)
        more = (files(__package__) / "live.toml").read_text("utf-8")
        config.write_text((folder / "demo.toml").read_text("utf-8") + more, "utf-8")
        (folder / "write-key.txt").write_text(write_key, "utf-8")
        (folder / "dashboard-token.txt").write_text(secrets.token_hex(8), "utf-8")
        for left in folder.glob("live.db*"):
            left.unlink()
        _accept(config, folder / "events.jsonl")
        token_file = folder / "dashboard-token.txt"
        yield Live(config, free_port(_PORT), token_file, write_key, tenant.address)


def _accept(config: Path, events: Path) -> None:
    command = [sys.executable, "-c", _WHARFINGER, "accept", str(config), str(events), "--json"]
    # Some of the lines are bad on purpose: then it ends with 1.
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode not in (0, 1):
        raise TenantError(ended.stderr.strip())


def show_addresses(console: Console, live: Live) -> None:
    """Say where to look, and how to send an event."""
    lines = [
        ("Dashboard", f"{live.address}/dashboard/"),
        ("its token", live.token_file.read_text("utf-8")),
        ("Simulated tenant", f"{live.tenant}/"),
        ("Configuration", str(live.config)),
    ]
    for what, where in lines:
        console.print(f"  {what:<18}{where}", soft_wrap=True)
    console.print("\nSend an event from the dashboard's workbench, or as an SDK does:\n")
    console.print(
        f"  curl -u {live.write_key}: {live.address}/v1/track -d '{_EVENT}'", soft_wrap=True
    )
    console.print("\nCtrl-C ends it.\n", style="bold")
