"""``wharfinger describe``."""

from __future__ import annotations

from typing import Annotated

import typer

from wharfinger_host import completing
from wharfinger_host.commands.options import AsJson
from wharfinger_host.exits import Exit

__all__ = ["describe"]


def describe(
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DESTINATION",
            help="A destination, as `describe` alone lists them.",
            autocompletion=completing.destinations,
        ),
    ] = "",
    action: Annotated[
        str,
        typer.Argument(
            metavar="ACTION", help="One of its actions.", autocompletion=completing.actions
        ),
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a destination and its actions ask for.

    --json gives JSON Schema.
    """
    import wharfinger
    from wharfinger_host import terminal
    from wharfinger_host.views import describe as view

    plugins = wharfinger.load_plugins()
    console = terminal.results()
    try:
        found = plugins.destination(destination) if destination else None
        wanted = plugins.action(found.slug, action) if found and action else None
    except wharfinger.PluginError as error:
        terminal.messages().print(terminal.printable(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(Exit.USAGE) from error
    if as_json:
        if wanted:
            terminal.write_json(view.action_as_json(plugins, wanted))
        elif found:
            terminal.write_json(view.destination_as_json(plugins, found))
        else:
            terminal.write_json(view.destinations_as_json(plugins))
    elif wanted:
        view.show_action(console, plugins, wanted)
    elif found:
        view.show_destination(console, plugins, found)
    else:
        view.show_destinations(console, plugins)
