"""``wharfinger demo``."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from wharfinger_host.exits import Exit

__all__ = ["demo"]


def demo(
    context: typer.Context,
    *,
    folder: Annotated[
        pathlib.Path,
        typer.Option(metavar="DIR", help="Where to leave the configuration and the events."),
    ] = pathlib.Path("wharfinger-demo"),
    events: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many sample events.")
    ] = 3_000,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Instead of the tour: stay, with the simulated tenant and a dashboard, until "
            "Ctrl-C, so that events of your own can be sent.",
        ),
    ] = False,
) -> None:
    """Take a tour: a simulated tenant, sample events of all kinds, and what became of them.

    Exit code 1 where the simulated tenant did not start.
    """
    from wharfinger_host.demo.simulated import TenantError
    from wharfinger_host.demo.tour import take_tour
    from wharfinger_host.terminal import messages, results

    try:
        if live:
            _stay(context, folder, events)
        else:
            take_tour(results(), folder, events)
    except TenantError as error:
        messages().print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(Exit.FAILED) from None
    except OSError as error:
        messages().print(f"{folder}: {error.strerror or error}", style="red", soft_wrap=True)
        raise typer.Exit(Exit.FILES) from None


def _stay(context: typer.Context, folder: pathlib.Path, events: int) -> None:
    from wharfinger_host.commands.serve import serve
    from wharfinger_host.demo.live import live_host, show_addresses
    from wharfinger_host.terminal import results

    with live_host(folder, events) as live:
        show_addresses(results(), live)
        token = f"file:{live.token_file}"
        serve(context, live.config, port=live.port, dashboard_token=token)
