"""``wharfinger shared``."""

from __future__ import annotations

import typer

from wharfinger_host.commands.options import AsJson, Config, Store
from wharfinger_host.exits import Exit

__all__ = ["shared"]


def shared(config: Config, *, store: Store = "", as_json: AsJson = False) -> None:
    """Show how it stands with the tenants that workers share: calls, pauses, tokens, workers.

    Nothing is changed, and no token is shown. Exit code 2 where the configuration is wrong or
    neither it nor --store names a store, 3 where the store cannot be asked.
    """
    import asyncio

    from wharfinger import SharedStateError
    from wharfinger_host import opening, terminal
    from wharfinger_host.configuration import Selection, read_configuration
    from wharfinger_host.engines.finding import without_password
    from wharfinger_host.sharing.at_work import url_of
    from wharfinger_host.sharing.contract import StoreUrlError
    from wharfinger_host.sharing.finding import store_of
    from wharfinger_host.views import shared as view

    plugins, selection = opening.load_plugins(), Selection(account_only=True)
    connections = opening.open_connections(
        config, selection, as_json=as_json, mappings=False, plugins=plugins
    )
    configuration = read_configuration(config, plugins, selection)
    try:
        url = url_of(configuration, store)
        facts = asyncio.run(store_of(url).facts()) if url else None
    except StoreUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--store") from error
    except SharedStateError as error:
        raise opening.leave(str(error), Exit.FILES) from error
    if facts is None:
        text = "No store is named. Give a URL such as redis://HOST/0, here or in [shared]."
        raise typer.BadParameter(text, param_hint="--store")
    shown = without_password(url)
    lines = view.lines_of(connections, configuration.connections, facts)
    if as_json:
        terminal.write_json(view.as_json(shown, lines))
    else:
        view.show(terminal.results(), shown, lines)
