"""The command ``wharfinger``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Annotated

import typer

from wharfinger_host.commands.accept import accept
from wharfinger_host.commands.apply import apply
from wharfinger_host.commands.audience import audience
from wharfinger_host.commands.check import check
from wharfinger_host.commands.choices import choices
from wharfinger_host.commands.dead_letters import dead_letters
from wharfinger_host.commands.demo import demo
from wharfinger_host.commands.describe import describe
from wharfinger_host.commands.doctor import doctor
from wharfinger_host.commands.engine import engine
from wharfinger_host.commands.explain import explain
from wharfinger_host.commands.export import export
from wharfinger_host.commands.forget import forget
from wharfinger_host.commands.import_segment import import_segment
from wharfinger_host.commands.init import init
from wharfinger_host.commands.new_plugin import new_plugin
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


def _add(command: Callable[..., None], example: str) -> None:
    """Add a command under the name of its function, with an example that its help ends with."""
    app.command(epilog=f"Example: wharfinger {example}")(command)


_add(init, "init wharfinger.toml --simulator")
_add(plugins, "plugins --verbose")
_add(describe, "describe DESTINATION ACTION")
_add(new_plugin, "new-plugin acme")
_add(check, "check wharfinger.toml --connect")
_add(doctor, "doctor wharfinger.toml")
_add(choices, "choices wharfinger.toml ACTION FIELD --search orders")
_add(audience, "audience wharfinger.toml vip_shoppers --table customers --write")
_add(plan, "plan wharfinger.toml events.jsonl")
_add(apply, "apply wharfinger.toml events.jsonl")
_add(preview, "preview wharfinger.toml events.jsonl --limit 3")
_add(explain, "explain wharfinger.toml events.jsonl --line 7")
_add(send, "send wharfinger.toml events.jsonl.gz")
_add(accept, "accept wharfinger.toml events.jsonl")
_add(run, "run wharfinger.toml")
_add(serve, "serve wharfinger.toml --port 8080")
app.add_typer(dead_letters)
app.add_typer(engine)
_add(trace, "trace wharfinger.toml --contact c-1001")
_add(export, "export wharfinger.toml ledger --output ledger.jsonl")
_add(forget, "forget wharfinger.toml CONNECTION")
_add(demo, "demo --events 500")
_add(import_segment, "import-segment segment.json captured.jsonl --output wharfinger.toml")


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
    app(prog_name="wharfinger")
