"""``wharfinger forget``."""

from __future__ import annotations

from typing import Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config
from wharfinger_host.exits import Exit

__all__ = ["forget"]


def forget(
    config: Config,
    connection: Annotated[
        str, typer.Argument(metavar="CONNECTION", help="One that the configuration has no more.")
    ],
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Even if events still wait for it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep no more events for a connection that is gone from the configuration.

    Its outcomes and dead letters stay. Without --yes nothing happens where events still wait.
    """
    from wharfinger_host import keeping, opening, terminal
    from wharfinger_host.store import leases
    from wharfinger_host.suggest import did_you_mean

    with keeping.open_inbox(config, as_json=as_json) as (store, names):
        known = store.read(leases.known).result()
        if connection not in known:
            text = f'The inbox keeps nothing for "{connection}".' + did_you_mean(connection, known)
            raise opening.leave(text, Exit.USAGE)
        if connection in names:
            text = f"{connection} is in the configuration; take it out there first."
            raise opening.leave(text, Exit.USAGE)
        waiting = store.read(leases.waiting_for, connection).result()
        if waiting and not yes:
            text = f"{terminal.plural(waiting, 'event')} still waiting for {connection}; give "
            raise opening.leave(text + "--yes to let them go.", Exit.FAILED)
        store.write(leases.forget, connection).result()
    if as_json:
        terminal.write_json({"ok": True, "connection": connection, "let_go": waiting})
    else:
        text = f"Nothing is kept for {connection} any more; {waiting:,} events were let go."
        terminal.results().print(terminal.printable(text), style="bold", soft_wrap=True)
