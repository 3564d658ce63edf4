"""``wharfinger accept``."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config, Engine, Events, Quiet
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.accepting import Acceptance
    from wharfinger_host.engines.at_work import Take
    from wharfinger_host.sending import Stop

__all__ = ["accept"]


def accept(
    config: Config,
    events: Events,
    *,
    engine: Engine = "",
    undelivered: Annotated[
        pathlib.Path | None,
        typer.Option(
            metavar="FILE", help="Where to write lines that hold no event.", show_default=False
        ),
    ] = None,
    from_line: Annotated[
        int, typer.Option(metavar="N", min=1, help="Skip the lines before this one.")
    ] = 1,
    chunk: Annotated[
        int, typer.Option(metavar="N", min=1, help="Take this many events at a time.")
    ] = 2_000,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Take a file of events into the inbox; `run` delivers them.

    What is counted as accepted is on disk. An event whose messageId is in the inbox already is
    dropped, so a file may be given again.

    With --engine the events are published to the lanes of an engine, and what is counted as
    accepted is safe there. What is published twice is told by its messageId when it is delivered.

    Exit code 1 where a line held no event, 3 where a file could not be read or written, or the
    inbox or the engine takes no more, 130 after Ctrl-C.
    """
    import time
    from contextlib import ExitStack

    from wharfinger_host import keeping, opening, terminal
    from wharfinger_host.accepting import Acceptance
    from wharfinger_host.collecting import collecting_less
    from wharfinger_host.engines.at_work import lanes_for, leaving, taking
    from wharfinger_host.progress import SendProgress
    from wharfinger_host.reading import EventSource
    from wharfinger_host.undelivered import UndeliveredFile, default_name
    from wharfinger_host.views import accept as view

    configuration, inbox = keeping.read(config, as_json=as_json)
    with keeping.store_of(configuration) as store, leaving(), ExitStack() as stack:
        take: Take = store.accept
        names = tuple(configuration.connections)
        if (lanes := lanes_for(engine, store, lanes=inbox.lanes)) is not None:
            take = stack.enter_context(taking(lanes, names))
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
                    work = Acceptance(
                        layout=store.layout,
                        take=take,
                        source=source,
                        unreadable=rest,
                        watcher=progress,
                    )
                    stop = work.run(chunk)
            finally:
                rest.close()
    if as_json:
        terminal.write_json(view.as_json(work, stop))
    else:
        view.show(terminal.results(), work, stop, took_s=time.monotonic() - started)
    raise typer.Exit(_exit_code(work, stop))


def _exit_code(work: Acceptance, stop: Stop | None) -> Exit:
    from wharfinger_host.sending import Cause

    if stop is not None:
        return Exit.INTERRUPTED if stop.cause is Cause.INTERRUPTED else Exit.FILES
    return Exit.FAILED if work.tally.unreadable else Exit.OK
