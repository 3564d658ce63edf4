"""``wharfinger doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from wharfinger_host.commands.options import AsJson, Config, Connection, Quiet
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    import pathlib

    import wharfinger

__all__ = ["doctor"]


def doctor(
    config: Config, *, connection: Connection = "", quiet: Quiet = False, as_json: AsJson = False
) -> None:
    """Find out at the vendor what keeps a connection from working, and how to put it right.

    Exit code 1 where an error was found; warnings alone are 0.
    """
    import asyncio

    from wharfinger_host import opening
    from wharfinger_host.configuration import Selection
    from wharfinger_host.views.findings import has_errors

    selection = Selection(connection=connection)
    # What another worker was given would say nothing of today's credentials and permissions.
    connections = opening.open_connections(
        config, selection, as_json=as_json, mappings=False, own_token=True
    )
    try:
        findings = asyncio.run(_diagnose(config, connections, quiet=quiet, as_json=as_json))
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    if any(has_errors(found) for found in findings.values()):
        raise typer.Exit(Exit.FAILED)


async def _diagnose(
    file: pathlib.Path,
    connections: dict[str, wharfinger.Connection],
    *,
    quiet: bool,
    as_json: bool,
) -> dict[str, list[wharfinger.Finding]]:
    """Look at one connection after the other, and show each as soon as it is done."""
    import wharfinger
    from wharfinger_host import terminal
    from wharfinger_host.looking import look
    from wharfinger_host.progress import working
    from wharfinger_host.views import doctor as view

    findings: dict[str, list[wharfinger.Finding]] = {}
    for name, each in connections.items():
        with working(f"Looking at {name}", quiet=quiet):
            findings[name] = await look(each, wharfinger.Connection.diagnose)
        if not as_json:
            view.show(terminal.results(), each, findings[name])
    if as_json:
        terminal.write_json(view.as_json(file, connections, findings))
    else:
        view.show_end(terminal.results(), file, findings)
    return findings
