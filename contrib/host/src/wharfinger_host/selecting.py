"""The part of a configuration that a command wants; of the rest, secrets may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from wharfinger_host.suggest import did_you_mean

if TYPE_CHECKING:
    from wharfinger_host.configuration import Configuration

__all__ = ["Selection", "selected"]


@attrs.frozen(kw_only=True)
class Selection:
    """The part of a configuration that is wanted.

    Attributes:
        connection: Only this one; ``""`` for all.
        mapping: Only this one; ``""`` for all.
        account_only: No mapping at all: a question to the vendor needs none of them to be right.
    """

    connection: str = ""
    mapping: str = ""
    account_only: bool = False


def selected(
    configuration: Configuration, connections: dict[str, Any], selection: Selection
) -> dict[str, Any]:
    """Leave out what is not asked for; a name that is not there is a problem.

    Args:
        configuration: Gets the problem.
        connections: The tables of all connections, by name.
        selection: What is asked for.
    """
    chosen = {
        name: table for name, table in connections.items() if selection.connection in ("", name)
    }
    if not chosen:
        message = f'There is no connection "{selection.connection}"; there is '
        message += f"{', '.join(connections)}."
        message += did_you_mean(selection.connection, connections)
        configuration.problems.append(configuration.remark(("connections",), message))
    if selection.account_only:
        return {name: _without_mappings(table) for name, table in chosen.items()}
    if not selection.mapping or not chosen:
        return chosen
    tables = {name: _mappings_of(table) for name, table in chosen.items()}
    if not any(selection.mapping in mappings for mappings in tables.values()):
        known = [mapping for mappings in tables.values() for mapping in mappings]
        message = f'There is no mapping "{selection.mapping}"; there is '
        message += f"{', '.join(known) or 'none'}." + did_you_mean(selection.mapping, known)
        configuration.problems.append(configuration.remark(("connections",), message))
    return {
        name: {**chosen[name], "mappings": {selection.mapping: mappings[selection.mapping]}}
        for name, mappings in tables.items()
        if selection.mapping in mappings
    }


def _without_mappings(table: Any) -> Any:
    return {**table, "mappings": {}} if isinstance(table, dict) else table


def _mappings_of(table: Any) -> dict[str, Any]:
    mappings = table.get("mappings") if isinstance(table, dict) else None
    return mappings if isinstance(mappings, dict) else {}
