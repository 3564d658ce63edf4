"""What a shell may offer while a command is typed.

The shell asks each time a person presses the tab key: names of connections and mappings are read
from the configuration alone, and only what a plugin declares makes plugins load. Nothing is asked
of a vendor, and whatever goes wrong is no offer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import wharfinger

__all__ = ["actions", "connections", "destinations", "fields", "mappings"]

_Offer = Callable[[typer.Context, str], Iterable[str]]


def _offering(names: Callable[[typer.Context], Iterable[str]]) -> _Offer:
    """Make of a function that gives every name one that gives those that fit what is typed."""

    def offer(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return [name for name in names(ctx) if name.startswith(incomplete)]
        except Exception:  # noqa: BLE001  # a traceback in the middle of a line helps nobody
            return []

    return offer


@_offering
def connections(ctx: typer.Context) -> Iterable[str]:
    """Offer the connections of the configuration."""
    return _tables(ctx)


@_offering
def mappings(ctx: typer.Context) -> Iterable[str]:
    """Offer the mappings of the configuration, or those of ``--connection``."""
    chosen = ctx.params.get("connection")
    tables = _tables(ctx).items()
    return {
        name: None
        for connection, table in tables
        if not chosen or connection == chosen
        for name in table.get("mappings", ())
    }


@_offering
def destinations(_: typer.Context) -> Iterable[str]:
    """Offer the destinations that are installed."""
    return _plugins().destinations


@_offering
def actions(ctx: typer.Context) -> Iterable[str]:
    """Offer the actions of the destinations that are meant."""
    plugins = _plugins()
    return {slug: None for each in _destinations_of(ctx) for slug in plugins.actions(each)}


@_offering
def fields(ctx: typer.Context) -> Iterable[str]:
    """Offer the fields of the action whose values can be looked up."""
    plugins, action = _plugins(), ctx.params["action"]
    known = (plugins.actions(each).get(action) for each in _destinations_of(ctx))
    return {name: None for each in known if each for name in each.choices}


def _tables(ctx: typer.Context) -> dict[str, dict[str, Any]]:
    """Return the connections as they stand in the configuration that is named."""
    import tomllib  # noqa: PLC0415  # --help needs none

    # Behind an option whose value is still to come, the arguments are not yet given their names.
    config = ctx.params.get("config") or ctx.args[0]
    with open(config, "rb") as file:  # noqa: PTH123  # a path, or text of one
        tables: dict[str, dict[str, Any]] = tomllib.load(file)["connections"]
    return tables


def _destinations_of(ctx: typer.Context) -> Iterable[str]:
    """Return the destination that is named, or those of the configuration."""
    if named := ctx.params.get("destination"):
        return [named]
    chosen = ctx.params.get("connection")
    tables = _tables(ctx).items()
    return [table["destination"] for name, table in tables if not chosen or name == chosen]


def _plugins() -> wharfinger.Plugins:
    import wharfinger  # noqa: PLC0415  # --help does not wait for it

    return wharfinger.load_plugins()
