"""``wharfinger run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import (
    AsJson,
    Config,
    Connection,
    Engine,
    LogFormat,
    MetricsToken,
    OneMachine,
    Quiet,
    Store,
)
from wharfinger_host.exits import Exit
from wharfinger_host.log_format import LogFormat as Format

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from wharfinger_host.engines.at_work import Lanes

__all__ = ["run"]


def run(  # noqa: PLR0913  # the options of the command
    context: typer.Context,
    config: Config,
    *,
    connection: Connection = "",
    engine: Engine = "",
    one_machine: OneMachine = False,
    store: Store = "",
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing is left to do at present.")
    ] = False,
    drain_s: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="Seconds that are left at the end to what is under way."
        ),
    ] = 30.0,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65_535,
            help="Port at which Prometheus reads /metrics; 0 takes a free one.",
            show_default=False,
        ),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on for that.")
    ] = "127.0.0.1",
    metrics_token: MetricsToken = "",
    log_format: LogFormat = Format.TEXT,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Deliver the events of the inbox, and go on as more are accepted.

    SIGTERM and Ctrl-C end what is under way first; the second time it stops at once. SIGHUP reads
    the configuration again and looks again at what halted. Several processes may work on one
    inbox. What is killed loses nothing: the next one goes on where it was.

    With --engine the events come from the lanes of an engine, which several machines may share;
    the inbox keeps the ledger and the dead letters of this one, or [inbox] ledger those of all.
    With --store, or [shared] in the configuration, all workers keep one budget, and stop together
    where a vendor asks for it.

    Exit code 1 where something became a dead letter or still waits, 2 where the
    configuration is wrong, 3 where the inbox or the engine cannot be used, 130 where it was
    stopped at once.
    """
    import asyncio
    import sys
    from contextlib import ExitStack
    from functools import partial

    from wharfinger_host import keeping, logs, opening, reloading, terminal
    from wharfinger_host.collecting import collecting_less
    from wharfinger_host.configuration import Selection, read_configuration
    from wharfinger_host.engines.at_work import lanes_for, leaving, on_engine
    from wharfinger_host.inbox_configuration import NO_INBOX
    from wharfinger_host.measuring import setup as measuring
    from wharfinger_host.running import Report, loaded, patience_of, retention_of
    from wharfinger_host.views import run as view
    from wharfinger_host.working.worker import Worker

    context.with_resource(logs.written(log_format, __name__))
    seen_by = measuring.read_token(metrics_token)
    plugins = opening.load_plugins()
    selection = Selection(connection=connection)
    connections = opening.open_connections(config, selection, as_json=as_json, plugins=plugins)
    configuration = read_configuration(config, plugins, selection)
    if configuration.inbox is None:
        raise opening.leave(f"{config}: {NO_INBOX}", Exit.USAGE)
    opening.share(plugins, configuration, store)
    with keeping.store_at_work(configuration, engine) as inbox:
        if not connection:
            keeping.warn_of_strangers(inbox, connections)
        if engine:
            keeping.warn_of_what_waits(inbox)
        report = Report(progress=not quiet and sys.stderr.isatty())
        worker = Worker(
            store=inbox,
            connections=loaded(configuration, connections),
            reload=partial(
                reloading.load_again,
                config,
                selection,
                plugins,
                reloading.AtStart.of(configuration, plugins),
            ),
            staff=report,
            retention=retention_of(configuration.inbox),
            patience=patience_of(configuration.inbox),
            drain_s=drain_s,
            once=once,
        )
        stopped, work, names, left = False, worker.run, tuple(connections), list[int]()
        with report, collecting_less(), leaving(), ExitStack() as stack:
            lanes = lanes_for(
                engine,
                inbox,
                lanes=configuration.inbox.lanes,
                one_machine=one_machine,
                delivering=configuration.connections,
            )
            if metrics_port is not None:
                server = measuring.server_of(
                    config,
                    inbox.place,
                    worker,
                    host=metrics_host,
                    port=metrics_port,
                    token=seen_by,
                    lanes=lanes,
                    plugins=plugins,
                )
                work = partial(measuring.beside, worker.run, stack.enter_context(server))
            if lanes is not None:
                worker.post = lanes.post
                if once:
                    work = partial(_and_look, work, lanes, names, left)
            try:
                asyncio.run(on_engine(lanes, names, work))
            except (asyncio.CancelledError, KeyboardInterrupt):
                stopped = True
        summary = view.Summary.of(
            inbox,
            report,
            failed=worker.failed,
            stopped=stopped,
            by_engine=bool(engine),
            in_engine=left[0] if left else None,
        )
    if as_json:
        terminal.write_json(view.as_json(summary))
    else:
        view.show(terminal.results(), summary)
    raise typer.Exit(_exit_code(stopped=stopped, done=summary.all_done))


async def _and_look(
    work: Callable[[], Awaitable[None]], lanes: Lanes, names: Sequence[str], left: list[int]
) -> None:
    """Work, and then see what still waits in the engine."""
    await work()
    left.append(await lanes.waiting(names))


def _exit_code(*, stopped: bool, done: bool) -> Exit:
    if stopped:
        return Exit.INTERRUPTED
    return Exit.OK if done else Exit.FAILED
