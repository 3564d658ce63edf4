"""``wharfinger preview``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config, Connection, Events, Mapping
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    import wharfinger
    from wharfinger_host.reading import Chunk

__all__ = ["preview"]


def preview(  # the options of the command
    config: Config,
    events: Events,
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Look at this many lines.")] = 20,
    connection: Connection = "",
    mapping: Mapping = "",
    as_json: AsJson = False,
) -> None:
    """Show the requests that events would lead to; send nothing.

    Exit code 1 where an event could never be sent as it is.
    """
    import asyncio

    from wharfinger_host import opening, terminal
    from wharfinger_host.configuration import Selection
    from wharfinger_host.reading import Chunk, EventSource
    from wharfinger_host.views import preview as view

    connections = opening.open_connections(
        config, Selection(connection=connection, mapping=mapping), as_json=as_json
    )
    try:
        with EventSource(events) as source:
            chunk = next(source.chunks(limit), Chunk())
    except OSError as error:
        raise opening.leave_unreadable(events, error) from error
    previews = asyncio.run(_preview(connections, chunk))
    if as_json:
        terminal.write_json(view.as_json(chunk, previews))
    else:
        view.show(terminal.results(), chunk, previews)
    if view.has_refused(chunk, previews):
        raise typer.Exit(Exit.FAILED)


async def _preview(
    connections: dict[str, wharfinger.Connection], chunk: Chunk
) -> dict[str, wharfinger.Preview]:
    events = [line.event for line in chunk.lines]
    return {name: await connection.preview(events) for name, connection in connections.items()}
