"""``wharfinger send``."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import (
    AsJson,
    Config,
    Connection,
    Events,
    Mapping,
    Quiet,
)
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.sending import Stop
    from wharfinger_host.tally import Tally

__all__ = ["send"]


def send(  # the options of the command
    config: Config,
    events: Events,
    *,
    connection: Connection = "",
    mapping: Mapping = "",
    undelivered: Annotated[
        pathlib.Path | None,
        typer.Option(
            metavar="FILE", help="Where to write what was not delivered.", show_default=False
        ),
    ] = None,
    from_line: Annotated[
        int, typer.Option(metavar="N", min=1, help="Skip the lines before this one.")
    ] = 1,
    chunk: Annotated[
        int, typer.Option(metavar="N", min=1, help="Read and deliver this many events at a time.")
    ] = 2_000,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Send a file of events and show what became of each.

    Exit code 1 where something was not delivered: it is in the file that is named at the end, with
    reasons. 2 where the configuration is wrong, 3 where a file cannot be read or written, 130
    after Ctrl-C.
    """
    import time

    from wharfinger_host import opening, terminal
    from wharfinger_host.collecting import collecting_less
    from wharfinger_host.configuration import Selection
    from wharfinger_host.progress import SendProgress
    from wharfinger_host.reading import EventSource
    from wharfinger_host.sending import Run
    from wharfinger_host.undelivered import (
        UndeliveredFile,
        default_name,
    )
    from wharfinger_host.views import send as view

    connections = opening.open_connections(
        config, Selection(connection=connection, mapping=mapping), as_json=as_json
    )
    try:
        source = EventSource(events, first_line=from_line)
    except OSError as error:
        raise opening.leave_unreadable(events, error) from error
    wanted = undelivered or pathlib.Path(default_name(events))
    with source:
        try:
            rest = UndeliveredFile(wanted)
        except OSError as error:
            raise opening.leave_unreadable(str(wanted), error) from error
        started = time.monotonic()
        try:
            with SendProgress(source, quiet=quiet) as progress, collecting_less():
                run = Run(
                    connections=connections, source=source, undelivered=rest, watcher=progress
                )
                stop = run.send(chunk)
        finally:
            rest.close()
    took_s = time.monotonic() - started
    if as_json:
        terminal.write_json(view.as_json(run, stop))
    else:
        view.show(terminal.results(), run.tally, rest, stop, wanted=wanted, took_s=took_s)
    raise typer.Exit(_exit_code(run.tally, stop))


def _exit_code(tally: Tally, stop: Stop | None) -> Exit:
    from wharfinger_host.sending import Cause

    if stop is not None and stop.cause is Cause.INTERRUPTED:
        return Exit.INTERRUPTED
    if stop is not None and stop.cause in (Cause.UNREADABLE, Cause.UNWRITABLE):
        return Exit.FILES
    return Exit.OK if stop is None and tally.all_settled else Exit.FAILED
