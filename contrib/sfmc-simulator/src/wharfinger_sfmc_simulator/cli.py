"""The command ``wharfinger-sfmc-simulator``: a simulated tenant on a port."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Annotated

import attrs
import typer

from wharfinger_sfmc_simulator.loading import CatalogueError, load_catalogue
from wharfinger_sfmc_simulator.simulator import Simulator, sample_file
from wharfinger_sfmc_simulator.switches import SwitchError, describe_switches, read_switches

__all__ = ["main"]

main = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@main.command()
def run(
    *,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8025,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    tenant: Annotated[
        Path | None,
        typer.Option(help="TOML file of the tenant; a sample tenant if not given."),
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Set a switch; see --list-switches."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Makes all that needs chance repeatable.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the address and no more.")] = False,
    list_switches: Annotated[
        bool, typer.Option("--list-switches", help="List every switch, and end.")
    ] = False,
) -> None:
    """Answer as a Salesforce Marketing Cloud tenant, until interrupted.

    Faults can be armed and tables looked at while it runs: see /_simulator.
    """
    try:
        catalogue = load_catalogue(tenant or sample_file())
        switches = read_switches(switch or (), catalogue.switches)
    except (CatalogueError, SwitchError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if list_switches:
        typer.echo(describe_switches(switches))
        return
    simulator = Simulator(attrs.evolve(catalogue, switches=switches), seed=seed)
    try:
        asyncio.run(_serve(simulator, host, port, quiet=quiet))
    except OSError as error:
        typer.echo(f"Cannot listen on {host}:{port}: {error}. Try --port 0.", err=True)
        raise typer.Exit(1) from None


async def _serve(simulator: Simulator, host: str, port: int, *, quiet: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl+C raises KeyboardInterrupt instead.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with simulator.serving(host, port) as address:
        typer.echo(address if quiet else _ready(simulator, address))
        await stop.wait()


def _ready(simulator: Simulator, address: str) -> str:
    catalogue = simulator.catalogue
    client = catalogue.clients[0]
    return (
        f"SFMC simulator ready at {address}: subdomain {catalogue.tenant.subdomain}, "
        f"client id {client.id}, account {client.account}; "
        f'to use it set route = "{address}" in a connection of wharfinger.'
    )
