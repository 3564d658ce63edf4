"""What the simulated tenant holds after the tour."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from rich.console import Console

from wharfinger_host.demo.simulated import SimulatedTenant
from wharfinger_host.terminal import plural, table

__all__ = ["show_tenant"]

_ROWS_SHOWN: Final = 4


def show_tenant(console: Console, tenant: SimulatedTenant) -> None:
    """Show rows, contacts, journey entries, and the calls it took.

    Args:
        console: Where to.
        tenant: Still running.
    """
    console.print("What the tenant holds now", style="bold")
    [tables] = tenant.look("tables").values()
    for key, content in tables.items():
        _show_rows(console, f"{content['name']} ({key})", content["rows"])
    contacts, entries = len(tenant.look("contacts")), len(tenant.look("entries")["entered"])
    console.print(f"{plural(contacts, 'contact')}, {entries:,} journey entries\n")
    _show_requests(console, tenant.look("requests"))


def _show_rows(console: Console, name: str, rows: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    console.print(f"{name}: {plural(len(rows), 'row')}", style="cyan")
    shown = table(*columns)
    for row in rows[:_ROWS_SHOWN]:
        shown.add_row(*(row.get(column, "") for column in columns))
    if len(rows) > _ROWS_SHOWN:
        shown.add_row(*["..."] * len(columns))
    console.print(shown)


def _show_requests(console: Console, requests: list[dict[str, Any]]) -> None:
    calls = Counter((request["method"], request["path"], request["status"]) for request in requests)
    console.print("What it cost", style="bold")
    shown = table("Calls", "Request", "Status", numbers=("Calls", "Status"))
    for (method, path, status), count in sorted(calls.items(), key=lambda call: -call[1]):
        if not path.startswith("/_simulator"):
            shown.add_row(f"{count:,}", f"{method} {path}", str(status))
    console.print(shown)
