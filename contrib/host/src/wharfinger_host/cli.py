"""The command ``wharfinger``."""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from wharfinger_host.commands.accept import accept
from wharfinger_host.commands.apply import apply
from wharfinger_host.commands.check import check
from wharfinger_host.commands.choices import choices
from wharfinger_host.commands.dead_letters import dead_letters
from wharfinger_host.commands.demo import demo
from wharfinger_host.commands.describe import describe
from wharfinger_host.commands.doctor import doctor
from wharfinger_host.commands.explain import explain
from wharfinger_host.commands.export import export
from wharfinger_host.commands.forget import forget
from wharfinger_host.commands.import_segment import import_segment
from wharfinger_host.commands.plan import plan
from wharfinger_host.commands.plugins import plugins
from wharfinger_host.commands.preview import preview
from wharfinger_host.commands.run import run
from wharfinger_host.commands.send import send
from wharfinger_host.commands.serve import serve
from wharfinger_host.commands.trace import trace

__all__ = ["app", "main"]

# Plain help: drawing it in boxes takes as long as everything else together.
app = typer.Typer(
    name="wharfinger",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(plugins)
app.command()(describe)
app.command()(check)
app.command()(doctor)
app.command()(choices)
app.command()(plan)
app.command()(apply)
app.command()(preview)
app.command()(explain)
app.command()(send)
app.command()(accept)
app.command()(run)
app.command()(serve)
app.add_typer(dead_letters)
app.command()(trace)
app.command()(export)
app.command()(forget)
app.command()(demo)
app.command()(import_segment)


def _show_version(wanted: bool) -> None:  # noqa: FBT001  # called by typer
    if not wanted:
        return
    from importlib.metadata import version  # noqa: PLC0415  # rarely asked

    typer.echo(f"wharfinger {version('wharfinger')} (wharfinger-host {version('wharfinger-host')})")
    raise typer.Exit


@app.callback()
def start(
    *,
    version: Annotated[  # noqa: ARG001  # its callback does the work
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colours; NO_COLOR=1 does the same.")
    ] = False,
) -> None:
    """Deliver customer events to vendors, through plugins."""
    if no_color:
        os.environ["NO_COLOR"] = "1"


def main() -> None:
    """Run the command line."""
    # What is tried again shows in the outcomes; a line for each try is for hosts that log.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    app()
