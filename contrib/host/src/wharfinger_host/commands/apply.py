"""``wharfinger apply``."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    Yes,
    read_pairs,
)
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.planning import Planned

__all__ = ["apply"]


def apply(  # the options of the command
    config: Config,
    events: SampleEvents = "",
    *,
    connection: Connection = "",
    mapping: Mapping = "",
    option: Wishes = None,
    limit: Limit = 10_000,
    yes: Yes = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make at the vendor what the mappings need: show the plan, ask, and make it.

    Nothing is ever dropped or changed that is there already. Exit code 1 where something failed or
    the answer was no, 4 where lines are left for a person.
    """
    from wharfinger_host import opening, preparing, terminal
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
    if as_json and not yes:
        raise typer.BadParameter("needs --yes: there is nobody to ask.", param_hint="--json")
    if not yes and not terminal.can_ask():
        text = "This is no terminal, so nobody can be asked: give --yes. Nothing was changed."
        raise opening.leave(text, Exit.USAGE)
    connections = asked.connections(as_json=as_json)
    samples = asked.samples()
    console = terminal.results()
    try:
        with Planner(connections, quiet=quiet) as planner:
            planned = preparing.plan(planner, samples, asked)
            if not as_json:
                view.show(console, samples, planned)
            creates = bool(changes_of(planned)["create"])
            if creates and not yes:
                _ask(planned)
            planner.apply(planned)
    except KeyboardInterrupt:
        text = "Interrupted. `wharfinger plan` shows what is there now."
        raise opening.leave(text, Exit.INTERRUPTED) from None
    if as_json:
        terminal.write_json(view.as_json(samples, planned))
    elif creates:
        view.show_applied(console, planned, asked)
    else:
        view.show_next(console, planned, asked)
    pending = bool(changes_of(planned)["by-hand"])
    raise typer.Exit(preparing.exit_code(planned, pending=pending))


def _ask(planned: list[Planned]) -> None:
    """Ask whether to go on, and leave where the answer is no."""
    from rich.prompt import Confirm

    from wharfinger_host import opening, terminal
    from wharfinger_host.planning import changes_of

    things = terminal.plural(changes_of(planned)["create"], "line")
    try:
        wanted = Confirm.ask(
            f"Make the {things} with + at the vendor?", console=terminal.messages(), default=False
        )
    except EOFError:
        wanted = False
    if not wanted:
        raise opening.leave("Nothing was changed.", Exit.FAILED)
