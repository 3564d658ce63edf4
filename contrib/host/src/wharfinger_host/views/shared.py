"""How it stands with the tenants that workers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from rich.console import Console

import wharfinger
from wharfinger_host.sharing.contract import Facts
from wharfinger_host.terminal import plural, printable, table

__all__ = ["Line", "as_json", "lines_of", "show"]


@attrs.frozen
class Line:
    """A tenant.

    Attributes:
        connections: The names of those that lead to it.
        facts: How it stands with it.
        left_today: What the budget leaves for the day; None without a bound.
    """

    connections: tuple[str, ...]
    facts: Facts
    left_today: int | None


def lines_of(
    connections: Mapping[str, wharfinger.Connection],
    tables: Mapping[str, Mapping[str, Any]],
    facts: Sequence[Facts],
) -> list[Line]:
    """Return a line for each tenant of a configuration, called or not.

    Args:
        connections: Of the configuration.
        tables: What they were made of.
        facts: Of every tenant that the store knows.
    """
    known = {each.tenant: each for each in facts}
    names: dict[str, list[str]] = {}
    for name, connection in connections.items():
        names.setdefault(connection.tenant, []).append(name)
    return [
        _line(tuple(each), known.get(tenant) or _never_called(tenant), tables)
        for tenant, each in names.items()
    ]


def as_json(store: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Return them as plain data.

    Args:
        store: Its URL, without the password.
        lines: The tenants.
    """
    return {
        "store": store,
        "tenants": [
            {
                **attrs.asdict(line.facts),
                "connections": list(line.connections),
                "left_today": line.left_today,
            }
            for line in lines
        ],
    }


def show(console: Console, store: str, lines: Sequence[Line]) -> None:
    """Show a line for each tenant.

    Args:
        console: Where.
        store: Its URL, without the password.
        lines: The tenants.
    """
    numbers = ("workers", "calls today", "left today")
    shown = table("tenant of", *numbers, "pause", "tokens", numbers=numbers)
    for line in lines:
        facts = line.facts
        left_s = min(facts.tokens_s, default=0.0)
        tokens = f"{len(facts.tokens_s)}, good for {left_s:,.0f} s" if facts.tokens_s else "-"
        shown.add_row(
            printable(", ".join(line.connections)),
            f"{facts.workers:,}",
            f"{facts.spent_today:,}",
            "-" if line.left_today is None else f"{line.left_today:,}",
            f"{facts.paused_s:,.0f} s" if facts.paused_s else "-",
            tokens,
        )
    console.print(shown)
    console.print(printable(f"{store}: {plural(len(lines), 'tenant')}"), soft_wrap=True)


def _line(names: tuple[str, ...], facts: Facts, tables: Mapping[str, Mapping[str, Any]]) -> Line:
    budgets = [tables[name].get("budget", {}) for name in names]
    bounds = [budget["per_day"] for budget in budgets if "per_day" in budget]
    if not bounds:
        return Line(names, facts, None)
    # The strictest of each counts, as core keeps it.
    headroom = max(budget.get("headroom", 0) for budget in budgets)
    per_day = max(1, int(min(bounds) * (1 - headroom) + 1e-9))
    return Line(names, facts, max(0, per_day - facts.spent_today))


def _never_called(tenant: str) -> Facts:
    return Facts(tenant=tenant, workers=0, spent_today=0, paused_s=0.0)
