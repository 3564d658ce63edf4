"""``wharfinger plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import (
    AsJson,
    Config,
    Connection,
    Limit,
    Mapping,
    Quiet,
    SampleEvents,
    Wishes,
    read_pairs,
)
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.preparing import Asked

__all__ = ["plan"]


def plan(  # the options of the command
    config: Config,
    events: SampleEvents = "",
    *,
    connection: Connection = "",
    mapping: Mapping = "",
    option: Wishes = None,
    limit: Limit = 10_000,
    options: Annotated[
        bool, typer.Option("--options", help="Only list what --option takes; ask no vendor.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 4 where something is to be done.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show what has to be made at the vendor so that the mappings can deliver; change nothing.

    Types and sizes are inferred from the events. Lines with + are made by `apply`, lines with =
    are there and fit, lines with ! are for a person. Exit code 1 where something could not be
    looked at.
    """
    from wharfinger_host import preparing, terminal
    from wharfinger_host.configuration import Selection
    from wharfinger_host.planning import Planner, changes_of
    from wharfinger_host.views import plan as view

    asked = preparing.Asked(
        config=config,
        events=events,
        limit=limit,
        selection=Selection(connection=connection, mapping=mapping),
        wishes=read_pairs(option, "--option"),
    )
    if options:
        _show_options(asked, as_json=as_json)
        return
    connections = asked.connections(as_json=as_json)
    samples = asked.samples()
    try:
        with Planner(connections, quiet=quiet) as planner:
            planned = preparing.plan(planner, samples, asked)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    if as_json:
        terminal.write_json(view.as_json(samples, planned))
    else:
        view.show(terminal.results(), samples, planned)
        view.show_next(terminal.results(), planned, asked)
    changes = changes_of(planned)
    pending = exit_code and bool(changes["create"] or changes["by-hand"])
    raise typer.Exit(preparing.exit_code(planned, pending=pending))


def _show_options(asked: Asked, *, as_json: bool) -> None:
    from wharfinger_host import terminal
    from wharfinger_host.views import plan as view

    connections = asked.connections(as_json=as_json).values()
    mappings = (mapping for each in connections for mapping in each.mappings.values())
    made = [mapping.action for mapping in mappings if mapping.action.provision]
    actions = list({(action.destination, action.slug): action for action in made}.values())
    if as_json:
        terminal.write_json(view.options_as_json(actions))
    else:
        view.show_options(terminal.results(), actions)
