"""``wharfinger serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config
from wharfinger_host.exits import Exit

__all__ = ["serve"]


def serve(
    config: Config,
    *,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65_535, help="Port to listen on; 0 takes a free one."
        ),
    ] = 8080,
    no_deliver: Annotated[
        bool, typer.Option("--no-deliver", help="Only take events in; `run` delivers them.")
    ] = False,
    drain_s: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="Seconds that are left at the end to what is under way."
        ),
    ] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Take events in over HTTP, as the SDKs of Segment and RudderStack send them, and deliver them.

    An event that is answered with 200 is on disk. SIGTERM and Ctrl-C answer what is under way
    first; the second time it stops at once. SIGHUP reads the configuration again, write keys
    included.

    Exit code 2 where the configuration is wrong or the port is taken, 3 where the inbox cannot be
    used, 130 where it was stopped at once.
    """
    import asyncio

    from wharfinger_host import keeping, opening, terminal
    from wharfinger_host.collecting import collecting_less
    from wharfinger_host.running import Report
    from wharfinger_host.serving import setup
    from wharfinger_host.serving.server import listen
    from wharfinger_host.views import serve as view
    from wharfinger_host.views.run import Summary

    reading = setup.read(config, deliver=not no_deliver, as_json=as_json)
    report, stopped = Report(), False
    with keeping.store_of(reading.configuration) as store:
        if not no_deliver:
            keeping.warn_of_strangers(store, reading.connections)
        try:
            listener = listen(host, port)
        except OSError as error:
            text = f"Cannot listen on {host}:{port}: {error.strerror or error}. Try another --port."
            raise opening.leave(text, Exit.USAGE) from error
        process = setup.process_of(reading, store, listener, report, drain_s)
        try:
            with collecting_less():
                asyncio.run(process.run())
        except (asyncio.CancelledError, KeyboardInterrupt):
            stopped = True
        summary = Summary.of(store, report, failed=set(), stopped=stopped)
    intake = process.intake
    if as_json:
        terminal.write_json(view.as_json(intake.counts, intake.rejects, summary))
    else:
        view.show(terminal.results(), intake.counts, intake.rejects, summary)
    raise typer.Exit(Exit.INTERRUPTED if stopped else Exit.OK)
