"""``wharfinger plugins``."""

from __future__ import annotations

from typing import Annotated

import typer

from wharfinger_host.commands.options import AsJson
from wharfinger_host.exits import Exit

__all__ = ["plugins"]


def plugins(
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show where a plugin broke.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the installed plugins and what is wrong with them.

    Exit code 1 where a plugin failed or clashes; WHARFINGER_BLOCK_PLUGINS=NAME blocks one.
    """
    import wharfinger
    from wharfinger_host import terminal
    from wharfinger_host.views import plugins as view

    report = wharfinger.load_plugins().report
    if as_json:
        terminal.write_json(view.as_json(report))
    else:
        view.show(terminal.results(), report, verbose=verbose)
    raise typer.Exit(Exit.OK if report.ok else Exit.FAILED)
