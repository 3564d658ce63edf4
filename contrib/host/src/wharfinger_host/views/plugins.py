"""Which plugins there are, and what became of them."""

from __future__ import annotations

from typing import Any

import attrs
from rich.console import Console

from wharfinger import PluginReport, PluginStatus
from wharfinger_host.terminal import printable, table

__all__ = ["as_json", "show"]

_STYLES = {"loaded": "green", "blocked": "dim", "failed": "red", "clashing": "red"}


def as_json(report: PluginReport) -> dict[str, Any]:
    """Return the report as plain data."""
    return {"ok": report.ok, "plugins": [attrs.asdict(plugin) for plugin in report.plugins]}


def show(console: Console, report: PluginReport, *, verbose: bool) -> None:
    """Show the plugins as a table, then why some are not plainly loaded.

    Args:
        console: Where to.
        report: What core found.
        verbose: Show tracebacks.
    """
    if not report.plugins:
        console.print(
            "No plugin is installed, so there is no destination. Install one beside this host."
        )
        return
    rows = table("Plugin", "Distribution", "State", "Provides")
    for plugin in report.plugins:
        rows.add_row(
            printable(plugin.name),
            printable(f"{plugin.distribution} {plugin.version}".strip()),
            f"{plugin.state}",
            printable("\n".join(_provides(plugin)) if plugin.state == "loaded" else ""),
            style=None if plugin.state == "loaded" else _STYLES[plugin.state],
        )
    console.print(rows)
    for plugin in report.plugins:
        _explain(console, plugin, verbose=verbose)
    if not verbose and any(plugin.traceback for plugin in report.plugins):
        console.print("--verbose shows where they broke.", style="dim")


def _provides(plugin: PluginStatus) -> list[str]:
    """Leave the destination out where it is the plugin's own and has been named."""
    own = [
        f" {given.removeprefix('destination ')}/"
        for given in plugin.provides
        if given.startswith("destination ")
    ]
    return [
        next((given.replace(name, " ", 1) for name in own if name in given), given)
        for given in plugin.provides
    ]


def _explain(console: Console, plugin: PluginStatus, *, verbose: bool) -> None:
    if plugin.reason:
        console.print(
            printable(f"{plugin.name} is {plugin.state}. {plugin.reason}"),
            style=_STYLES[plugin.state],
            soft_wrap=True,
        )
    for note in plugin.notes:
        console.print(printable(f"{plugin.name}: {note}"), style="yellow", soft_wrap=True)
    if verbose and plugin.traceback:
        console.print(printable(plugin.traceback.rstrip()), soft_wrap=True)
