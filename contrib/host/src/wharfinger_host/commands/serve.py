"""``wharfinger serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import (
    AsJson,
    Config,
    Engine,
    LogFormat,
    MetricsToken,
    OneMachine,
    Store,
)
from wharfinger_host.exits import Exit
from wharfinger_host.log_format import LogFormat as Format

if TYPE_CHECKING:
    from wharfinger import Secret

__all__ = ["serve"]


def serve(  # noqa: PLR0913  # the options of the command
    context: typer.Context,
    config: Config,
    *,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65_535, help="Port to listen on; 0 takes a free one."
        ),
    ] = 8080,
    engine: Engine = "",
    one_machine: OneMachine = False,
    store: Store = "",
    no_deliver: Annotated[
        bool, typer.Option("--no-deliver", help="Only take events in; `run` delivers them.")
    ] = False,
    drain_s: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="Seconds that are left at the end to what is under way."
        ),
    ] = 30.0,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Show the host to people, at /dashboard.")
    ] = False,
    dashboard_token: Annotated[
        str,
        typer.Option(
            metavar="SECRET",
            help="Where the token is, env:NAME or file:PATH, that lets people sign in to the "
            "dashboard and change things.",
            show_default=False,
        ),
    ] = "",
    dashboard_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name under which a proxy shows the dashboard; may be given several times.",
            show_default=False,
        ),
    ] = None,
    metrics_token: MetricsToken = "",
    log_format: LogFormat = Format.TEXT,
    as_json: AsJson = False,
) -> None:
    """Take events in over HTTP, as the SDKs of Segment and RudderStack send them, and deliver them.

    An event that is answered with 200 is on disk, or with --engine safe there. SIGTERM and Ctrl-C
    answer what is under way first; the second time it stops at once. SIGHUP reads the
    configuration again, write keys included.

    The dashboard is read-only without a token. With one, it is shown to whoever signs in.
    Prometheus reads /metrics: from this machine, or with a token.

    Exit code 0 where it ended as it was told to, whatever became a dead letter, 2 where the
    configuration is wrong or the port is taken, 3 where the inbox or the engine cannot be used,
    130 where it was stopped at once.
    """
    import asyncio
    from contextlib import ExitStack

    from wharfinger_host import keeping, logs, opening, terminal
    from wharfinger_host.collecting import collecting_less
    from wharfinger_host.engines.at_work import lanes_for, leaving, on_engine
    from wharfinger_host.measuring import setup as measuring
    from wharfinger_host.running import Report
    from wharfinger_host.serving import setup
    from wharfinger_host.serving.server import listen
    from wharfinger_host.views import serve as view
    from wharfinger_host.views.run import Summary

    context.with_resource(logs.written(log_format, __name__))
    seen_by = measuring.read_token(metrics_token)
    shown = dashboard or bool(dashboard_token or dashboard_host)
    token = _token(dashboard_token, host, dashboard_host) if shown else None
    reading = setup.read(config, deliver=not no_deliver, as_json=as_json)
    report, stopped = Report(), False
    opening.share(reading.plugins, reading.configuration, store)
    with keeping.store_at_work(reading.configuration, engine) as inbox, ExitStack() as stack:
        if not no_deliver:
            keeping.warn_of_strangers(inbox, reading.connections)
        if engine:
            keeping.warn_of_what_waits(inbox)
        try:
            listener = listen(host, port)
        except OSError as error:
            text = f"Cannot listen on {host}:{port}: {error.strerror or error}. Try another --port."
            raise opening.leave(text, Exit.USAGE) from error
        stack.enter_context(leaving())
        file, place = reading.configuration.file, inbox.place
        lanes = lanes_for(
            engine,
            inbox,
            lanes=reading.inbox.lanes,
            one_machine=one_machine,
            delivering={} if no_deliver else reading.configuration.connections,
        )
        pages = [
            stack.enter_context(measuring.page_of(file, place, seen_by, lanes, reading.plugins))
        ]
        if shown:
            from wharfinger_host.dashboard.setup import pages_of

            people = pages_of(reading, place, report.tally, token, dashboard_host, shared=store)
            pages.append(stack.enter_context(people))
        process = setup.process_of(
            reading, inbox, listener, report, drain_s=drain_s, pages=pages, lanes=lanes
        )
        try:
            with collecting_less():
                names = tuple(reading.configuration.connections)
                asyncio.run(on_engine(lanes, names, process.run))
        except (asyncio.CancelledError, KeyboardInterrupt):
            stopped = True
        summary = Summary.of(inbox, report, failed=set(), stopped=stopped, by_engine=bool(engine))
    if as_json:
        terminal.write_json(view.as_json(process.intake.counts, process.intake.rejects, summary))
    else:
        view.show(terminal.results(), process.intake.counts, process.intake.rejects, summary)
    raise typer.Exit(Exit.INTERRUPTED if stopped else Exit.OK)


def _token(option: str, host: str, names: list[str] | None) -> Secret | None:
    from wharfinger_host.dashboard import options

    if not option:
        if options.is_of_this_machine(host) and not names:
            return None
        place = ", ".join(names or [host])
        text = f"Others than this machine can reach {place}, and the dashboard shows events of "
        raise typer.BadParameter(f"{text}people: give a token.", param_hint="--dashboard-token")
    try:
        return options.read_token(option)
    except options.OptionError as error:
        raise typer.BadParameter(str(error), param_hint="--dashboard-token") from None
