"""``wharfinger forget``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import AsJson, Config, Mapping, Yes
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.store.store import Store

__all__ = ["forget"]


def forget(
    config: Config,
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="Its name.")],
    *,
    mapping: Mapping = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Keep no more events for a connection, or a mapping, that is gone from the configuration.

    With --mapping only what was put aside for it is let go; a mapping may be switched off instead.
    Outcomes and dead letters stay. Exit code 1 where events still wait and --yes is not given:
    nothing happens then.
    """
    from wharfinger_host import keeping, opening, terminal

    with keeping.open_inbox(config, as_json=as_json) as (store, configured):
        name = f"{connection}.{mapping}" if mapping else connection
        enabled = configured.get(connection, frozenset())
        if mapping in enabled or (not mapping and connection in configured):
            text = f"{name} is in the configuration; take it out there first"
            text += ", or switch it off." if mapping else "."
            raise opening.leave(text, Exit.USAGE)
        waiting = _waiting(store, connection, mapping)
        if waiting and not yes:
            text = f"{terminal.plural(waiting, 'event')} still waiting for {name}; give "
            raise opening.leave(text + "--yes to let them go.", Exit.FAILED)
        let_go = _let_go(store, connection, mapping, waiting)
    if as_json:
        found = {"ok": True, "connection": connection, "let_go": let_go}
        terminal.write_json(found | ({"mapping": mapping} if mapping else {}))
    else:
        text = f"Nothing is kept for {name} any more; {let_go:,} events were let go."
        terminal.results().print(terminal.printable(text), style="bold", soft_wrap=True)


def _waiting(store: Store, connection: str, mapping: str) -> int:
    """Count what is kept, or leave where nothing can be."""
    from wharfinger_host import opening
    from wharfinger_host.store import leases
    from wharfinger_host.store.deferred import put_aside
    from wharfinger_host.suggest import did_you_mean

    if mapping:
        counts = {
            name: count
            for each, name, count in store.read(put_aside).result()
            if each == connection
        }
        if mapping in counts:
            return counts[mapping]
        text = f'The inbox has put nothing aside for "{connection}.{mapping}".'
        raise opening.leave(text + did_you_mean(mapping, list(counts)), Exit.USAGE)
    known = store.read(leases.known).result()
    if connection not in known:
        text = f'The inbox keeps nothing for "{connection}".' + did_you_mean(connection, known)
        raise opening.leave(text, Exit.USAGE)
    return store.read(leases.waiting_for, connection).result()


def _let_go(store: Store, connection: str, mapping: str, waiting: int) -> int:
    from wharfinger_host.store import deferred, leases

    if mapping:
        return store.write(deferred.let_go, connection, mapping).result()
    store.write(leases.forget, connection).result()
    return waiting
