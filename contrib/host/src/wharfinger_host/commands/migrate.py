"""``wharfinger engine migrate``."""

from __future__ import annotations

from typing import Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config, Engine, Quiet, needs_engine
from wharfinger_host.exits import Exit

__all__ = ["migrate"]


def migrate(
    config: Config,
    *,
    engine: Engine = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be moved.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Move what waits in the inbox to the lanes of an engine.

    Each connection gets what it is not done with, in its order, what was put aside included. Events
    are safe in the engine before they are let go; where this ends early, give it again, and at most
    500 of them are there twice, under the same ids. The file keeps the ledger and the dead letters.

    Exit code 1 where something stays in the inbox, 2 where the configuration is wrong, 3 where a
    worker is still at the inbox, or inbox or engine cannot be used, 130 after Ctrl-C.
    """
    import asyncio

    from wharfinger_host import keeping, migrating, opening, terminal
    from wharfinger_host.configuration import Selection
    from wharfinger_host.engines.at_work import engine_for, leaving
    from wharfinger_host.engines.finding import without_password
    from wharfinger_host.engines.moving import directed
    from wharfinger_host.progress import MoveProgress
    from wharfinger_host.views import migrate as view

    needs_engine(engine)
    configuration, inbox = keeping.read(config, as_json=as_json)
    connections = opening.open_connections(config, Selection(), as_json=as_json, mappings=False)
    layout = keeping.layout_at_work(configuration)
    with keeping.file_of(configuration) as store, leaving():
        if store.layout.order_key != layout.order_key:
            text = f"The inbox {inbox.file} orders events by {', '.join(store.layout.order_key)}, "
            text += f"and the ledger by {', '.join(layout.order_key)}: what is moved could be "
            text += "overtaken. Let the inbox run empty without an engine, or say its order_key in "
            text += "[inbox] before the ledger is made."
            raise opening.leave(text, Exit.USAGE)
        target = directed(engine_for(engine, keeping.lanes_of(inbox, layout)))
        with MoveProgress(quiet=quiet) as progress:
            work = migrating.Migrating(
                store=store,
                engine=target,
                connections=connections,
                url=without_password(engine),
                progress=progress,
            )
            try:
                found = asyncio.run(work.run(dry_run=dry_run))
            except KeyboardInterrupt:
                found = work.found("Interrupted.")
                work.interrupted = True
    if as_json:
        terminal.write_json(view.as_json(found))
    else:
        view.show(terminal.results(), found)
    keeping.say_where_the_file_is(inbox)
    raise typer.Exit(work.exit_code(found))
