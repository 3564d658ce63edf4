"""``wharfinger trace``."""

from __future__ import annotations

from typing import Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config
from wharfinger_host.exits import Exit

__all__ = ["trace"]


def trace(
    config: Config,
    *,
    contact: Annotated[
        str, typer.Option(metavar="KEY", help="The events about this contact: its order key.")
    ] = "",
    message: Annotated[str, typer.Option(metavar="ID", help="The event with this messageId.")] = "",
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="Show at most so many, the newest.")
    ] = 100,
    as_json: AsJson = False,
) -> None:
    """Show what became of one person's events, or of one event: every try under every mapping.

    Mappings whose trigger did not match an event are not named. Exit code 1 where there is none.
    """
    from wharfinger_host import keeping, terminal
    from wharfinger_host.store import tracing
    from wharfinger_host.views import trace as view

    if bool(contact) == bool(message):
        raise typer.BadParameter("give either --contact or --message.")
    with keeping.open_store(config, as_json=as_json) as store:
        found = store.read(tracing.trace, contact=contact, message_id=message, most=limit).result()
    if as_json:
        terminal.write_json(view.as_json(found))
    else:
        view.show(terminal.results(), found)
    raise typer.Exit(Exit.OK if found else Exit.FAILED)
