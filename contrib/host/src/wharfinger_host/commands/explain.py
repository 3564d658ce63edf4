"""``wharfinger explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wharfinger_host.commands.options import AsJson, Config, Connection, Mapping
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    import wharfinger

__all__ = ["explain"]


def explain(
    config: Config,
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT", help="A file with one event, or a line of events; - is standard input."
        ),
    ],
    *,
    line: Annotated[int, typer.Option(metavar="N", min=1, help="Which line of the events.")] = 1,
    connection: Connection = "",
    mapping: Mapping = "",
    source: Annotated[
        bool, typer.Option("--source", help="Show the generated Python as well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show why one event becomes what it becomes; send nothing.

    For each mapping: which conditions of its trigger hold and what they saw, how each value came
    to be, what was coerced, dropped or refused, and the request it would travel in.
    """
    import asyncio

    from wharfinger_host import opening, terminal
    from wharfinger_host.configuration import Selection
    from wharfinger_host.one_event import EventError, read_event
    from wharfinger_host.views import explain as view

    connections = opening.open_connections(
        config, Selection(connection=connection, mapping=mapping), as_json=as_json
    )
    try:
        read = read_event(event, line)
    except OSError as error:
        raise opening.leave_unreadable(event, error) from error
    except EventError as error:
        terminal.messages().print(terminal.printable(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(Exit.FILES) from None
    explanations = asyncio.run(_explain(connections, read))
    if as_json:
        terminal.write_json(view.as_json(explanations))
    else:
        view.show(terminal.results(), explanations, source=source)


async def _explain(
    connections: dict[str, wharfinger.Connection], event: dict[str, Any]
) -> dict[str, wharfinger.Explanation]:
    return {name: await each.explain(event) for name, each in connections.items()}
