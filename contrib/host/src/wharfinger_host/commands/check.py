"""``wharfinger check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config, Quiet
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger import Connection, Finding

__all__ = ["check"]


def check(
    config: Config,
    *,
    online: Annotated[
        bool,
        typer.Option(
            "--connect", help="Try the credentials and open the mappings at the vendor as well."
        ),
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show everything that is wrong with a configuration.

    Exit code 2 where something is wrong, 1 where only --connect found something.
    """
    import asyncio

    from wharfinger_host import opening, terminal
    from wharfinger_host.ledger_configuration import check_ledger
    from wharfinger_host.sources import add_sources
    from wharfinger_host.unquoted import warn_of_unquoted_words
    from wharfinger_host.views import check as view

    configuration, connections = opening.load(config)
    add_sources(configuration)
    check_ledger(configuration)
    if not configuration.problems:
        warn_of_unquoted_words(configuration)
    findings: dict[str, list[Finding]] = {}
    if online and not configuration.problems:
        findings = asyncio.run(_test(connections, quiet=quiet))
    if as_json:
        terminal.write_json(view.as_json(configuration, connections, findings))
    else:
        view.show(terminal.results(), configuration, connections, findings)
    if configuration.problems:
        raise typer.Exit(Exit.USAGE)
    if view.has_errors(findings):
        raise typer.Exit(Exit.FAILED)


async def _test(connections: dict[str, Connection], *, quiet: bool) -> dict[str, list[Finding]]:
    from wharfinger_host.looking import look, test
    from wharfinger_host.progress import working

    findings = {}
    for name, connection in connections.items():
        with working(f"Connecting {name}", quiet=quiet):
            findings[name] = await look(connection, test)
    return findings
