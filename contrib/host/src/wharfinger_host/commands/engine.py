"""``wharfinger engine``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from wharfinger_host.commands.migrate import migrate
from wharfinger_host.commands.options import AsJson, Config, Engine, needs_engine
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    import pathlib

    from wharfinger_host.engines import contract

__all__ = ["engine"]

engine = typer.Typer(
    name="engine",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make, look at and fill the lanes of events in an engine such as RabbitMQ.",
)


@engine.command(
    "setup", epilog="Example: wharfinger engine setup wharfinger.toml --engine amqp://HOST/"
)
def setup_lanes(config: Config, *, engine: Engine = "", as_json: AsJson = False) -> None:
    """Make what every connection of a configuration needs in an engine, and look at it.

    What is there already stays. Every event that is published from then on waits for each of these
    connections. Exit code 1 where something is missing all the same, 3 where the engine cannot be
    used, or has lanes in another form.
    """
    _look(config, engine, setup=True, as_json=as_json)


@engine.command(
    "status", epilog="Example: wharfinger engine status wharfinger.toml --engine amqp://HOST/"
)
def show_status(config: Config, *, engine: Engine = "", as_json: AsJson = False) -> None:
    """Show how many events wait in the lanes of an engine, and who works on them.

    Nothing is made or changed. Exit code 1 where something is missing or in another form, 3 where
    the engine cannot be used.
    """
    _look(config, engine, setup=False, as_json=as_json)


engine.command(
    "migrate", epilog="Example: wharfinger engine migrate wharfinger.toml --engine amqp://HOST/"
)(migrate)


def _look(config: pathlib.Path, url: str, *, setup: bool, as_json: bool) -> None:
    import asyncio

    from wharfinger_host import keeping, terminal
    from wharfinger_host.engines.at_work import engine_for, leaving
    from wharfinger_host.engines.finding import without_password
    from wharfinger_host.views import engine as view

    needs_engine(url)
    configuration, inbox = keeping.read(config, as_json=as_json)
    names = tuple(configuration.connections)
    lanes = keeping.lanes_of(inbox, keeping.layout_at_work(configuration))
    with leaving():
        status = asyncio.run(_status(engine_for(url, lanes), names, setup=setup))
    shown = without_password(url)
    if as_json:
        terminal.write_json(view.as_json(shown, status))
    else:
        view.show(terminal.results(), shown, status)
    raise typer.Exit(Exit.OK if status.ok else Exit.FAILED)


async def _status(
    engine: contract.Engine, connections: tuple[str, ...], *, setup: bool
) -> contract.Status:
    try:
        if setup:
            await engine.setup(connections)
        return await engine.status(connections)
    finally:
        await engine.close()
