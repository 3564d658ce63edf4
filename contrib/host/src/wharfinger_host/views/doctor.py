"""What is wrong between here and the vendor, connection by connection."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from itertools import chain
from typing import Any

import attrs
from rich.console import Console

from wharfinger import Connection, Finding
from wharfinger_host.terminal import plural, printable
from wharfinger_host.views import findings as view

__all__ = ["as_json", "show", "show_end"]


def as_json(
    file: pathlib.Path,
    connections: Mapping[str, Connection],
    findings: Mapping[str, list[Finding]],
) -> dict[str, Any]:
    """Return everything that was found as plain data."""
    everything = list(chain.from_iterable(findings.values()))
    return {
        "ok": not view.has_errors(everything),
        "file": str(file),
        "counts": view.count(everything),
        "connections": [
            {
                "name": name,
                "destination": connections[name].destination.slug,
                "counts": view.count(found),
                "findings": [attrs.asdict(finding) for finding in found],
            }
            for name, found in findings.items()
        ],
    }


def show(console: Console, connection: Connection, found: list[Finding]) -> None:
    """Show what was found of one connection."""
    mappings = plural(len(connection.mappings), "mapping")
    line = f"{connection.name}: {connection.destination.title}, {mappings}"
    console.print(printable(line), style="bold", soft_wrap=True)
    if found:
        view.show_table(console, found)
    else:
        console.print("  There is nothing that could be looked at.", style="dim")


def show_end(console: Console, file: pathlib.Path, findings: Mapping[str, list[Finding]]) -> None:
    """Show the counts over all connections."""
    everything = list(chain.from_iterable(findings.values()))
    bad = view.has_errors(everything)
    style = "bold red" if bad else "green"
    console.print(printable(f"{file}: {view.counted(everything)}"), style=style, soft_wrap=True)
