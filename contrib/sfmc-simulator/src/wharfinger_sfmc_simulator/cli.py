"""The command ``wharfinger-sfmc-simulator``: a simulated tenant on a port."""

# ruff: noqa: PLC0415  # imports on demand: --help and --list-switches are quick

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer
from typer.core import TyperCommand

from wharfinger_sfmc_simulator.switch_listing import describe_switches, list_switches
from wharfinger_sfmc_simulator.switches import Switches, read_switches
from wharfinger_sfmc_simulator.switching import SwitchError

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator.catalogue import Catalogue
    from wharfinger_sfmc_simulator.simulator import Simulator

__all__ = ["main"]

# Plain help: drawing it in boxes takes as long as everything else together.
main = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class _WithSwitches(TyperCommand):
    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        formatter.write("\nSwitches, each set with --switch NAME=VALUE:\n\n")
        formatter.write(describe_switches())


@main.command(cls=_WithSwitches)
def run(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")
    ] = 8025,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    tenant: Annotated[
        Path | None,
        typer.Option(help="TOML file of the tenant; a sample tenant if not given."),
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Set a switch; they are listed below."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Makes all that needs chance repeatable.")] = 0,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep what changes in this file, and go on from it at the next start; tokens and "
            "faults are not kept.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the address and no more.")] = False,
    list_only: Annotated[
        bool,
        typer.Option("--list-switches", help="List every switch with its present value, and end."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --list-switches: for machines.")
    ] = False,
) -> None:
    """Answer as a Salesforce Marketing Cloud tenant, until interrupted.

    While it runs, open its address with /_simulator/page in a browser to look at it and to arm
    faults.
    """
    if as_json and not list_only:
        raise typer.BadParameter("--json goes with --list-switches.")
    catalogue = _catalogue(tenant, switch or [])
    if list_only:
        typer.echo(_listed(catalogue.switches, as_json=as_json))
        return
    from wharfinger_sfmc_simulator.keeping import KeepingError
    from wharfinger_sfmc_simulator.simulator import Simulator

    try:
        simulator = Simulator(catalogue, seed=seed, keep=keep)
    except (KeepingError, OSError) as error:
        typer.echo(f"Cannot go on from {keep}: {error}", err=True)
        raise typer.Exit(1) from None
    try:
        asyncio.run(_serve(simulator, host, port, quiet=quiet))
    except OSError as error:
        typer.echo(f"Cannot listen on {host}:{port}: {error}. Try --port 0.", err=True)
        raise typer.Exit(1) from None


def _catalogue(tenant: Path | None, assignments: list[str]) -> "Catalogue":
    from wharfinger_sfmc_simulator.loading import CatalogueError, load_catalogue
    from wharfinger_sfmc_simulator.simulator import sample_file

    try:
        catalogue = load_catalogue(tenant or sample_file())
        switches = read_switches(assignments, catalogue.switches)
    except (CatalogueError, SwitchError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    return attrs.evolve(catalogue, switches=switches)


def _listed(switches: Switches, *, as_json: bool) -> str:
    if not as_json:
        return describe_switches(switches)
    return json.dumps([attrs.asdict(line) for line in list_switches(switches)], indent=2)


async def _serve(simulator: "Simulator", host: str, port: int, *, quiet: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl+C raises KeyboardInterrupt instead.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with simulator.serving(host, port) as address:
        typer.echo(address if quiet else _ready(simulator, address))
        await stop.wait()


def _ready(simulator: "Simulator", address: str) -> str:
    catalogue = simulator.catalogue
    client = catalogue.clients[0]
    return (
        f"SFMC simulator ready at {address}: subdomain {catalogue.tenant.subdomain}, "
        f"client id {client.id}, account {client.account}; "
        f'to use it set route = "{address}" in a connection of wharfinger; '
        f"to look at it open {address}/_simulator/page."
    )
