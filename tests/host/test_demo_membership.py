"""The demo follows one person into an audience and out of it."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from wharfinger_host.demo.membership import show_steps, write_steps
from wharfinger_host.demo.simulated import simulated_tenant
from wharfinger_host.demo.tour import write_configuration, write_tenant


def test_the_demo_shows_the_row_before_in_between_and_after(tmp_path: Path) -> None:
    write_tenant(tmp_path)
    shown = io.StringIO()
    with simulated_tenant(tmp_path / "tenant.toml") as tenant:
        write_configuration(tmp_path, tenant.address)
        console = Console(file=shown, width=120)
        show_steps(console, tenant, tmp_path / "demo.toml", write_steps(tmp_path))
    rows = [" ".join(line.split()) for line in shown.getvalue().splitlines()]
    assert "none yet there is none" in rows
    assert 'enters.jsonl {"vip_shoppers": true} contactkey c-vera, member True' in rows
    assert 'leaves.jsonl {"vip_shoppers": false} contactkey c-vera, member False' in rows
