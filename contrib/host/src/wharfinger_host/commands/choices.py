"""``wharfinger choices``."""

from __future__ import annotations

from typing import Annotated

import typer

from wharfinger_host import completing
from wharfinger_host.commands.options import Action, AsJson, Config, Connection, Quiet, read_pairs
from wharfinger_host.exits import Exit

__all__ = ["choices"]


def choices(  # the options of the command
    config: Config,
    action: Action,
    field: Annotated[
        str,
        typer.Argument(
            metavar="FIELD",
            help="One of its fields that has choices.",
            show_default=False,
            autocompletion=completing.fields,
        ),
    ],
    *,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only values that this text is found in.")
    ] = "",
    page: Annotated[int, typer.Option(metavar="N", min=1, help="Which page of them.")] = 1,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="NAME=VALUE",
            help="A field of the mapping that is fixed already; may be given several times.",
            show_default=False,
        ),
    ] = None,
    connection: Connection = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show the values to choose from for a field, as the account has them.

    Mappings are not looked at, so that a configuration may be half written. Exit code 1 where the
    vendor did not answer.
    """
    import asyncio

    from wharfinger_host import asking, opening, terminal
    from wharfinger_host.progress import working
    from wharfinger_host.views import choices as view

    fields = read_pairs(given, "--field")
    plugins = opening.load_plugins()
    asked = asking.find(plugins, config, action, connection=connection, as_json=as_json)
    question = asking.question(asked.action, field, search=search, page=page, fields=fields)
    try:
        with working(f"Asking {asked.connection.name}", quiet=quiet):
            answer = asyncio.run(asking.ask(asked, question))
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    if as_json:
        terminal.write_json(view.as_json(asked, question, answer))
    else:
        view.show(terminal.results(), asked, question, answer)
    if answer.obstacle:
        raise typer.Exit(Exit.FAILED)
