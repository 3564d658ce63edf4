"""From the name of a configuration file to connections, or to a good way out."""

from __future__ import annotations

import pathlib

import typer

import wharfinger
from wharfinger_host.configuration import Configuration, Selection, connect, read_configuration
from wharfinger_host.exits import Exit
from wharfinger_host.terminal import messages, plural, printable, write_json
from wharfinger_host.views import check

__all__ = ["leave", "leave_unreadable", "load", "load_plugins", "open_connections", "share"]


def load_plugins() -> wharfinger.Plugins:
    """Load plugins, and say so where not every one could be used."""
    plugins = wharfinger.load_plugins()
    if not plugins.report.ok:
        text = "Not every plugin could be used; `wharfinger plugins` says why."
        messages().print(text, style="yellow", soft_wrap=True)
    return plugins


def load(
    file: pathlib.Path,
    selection: Selection | None = None,
    plugins: wharfinger.Plugins | None = None,
    *,
    own_token: bool = False,
) -> tuple[Configuration, dict[str, wharfinger.Connection]]:
    """Read a configuration; what is wrong is in it.

    Args:
        file: The configuration.
        selection: The part of it that is wanted.
        plugins: Those that are loaded already.
        own_token: Whether to sign in here, though workers share what the last one was given.

    Raises:
        typer.Exit: The file cannot be read.
    """
    plugins = plugins or load_plugins()
    try:
        configuration = read_configuration(file, plugins, selection)
    except OSError as error:
        raise leave_unreadable(str(file), error) from error
    if configuration.shared is not None:
        from wharfinger_host.sharing.at_work import add_sharing  # noqa: PLC0415  # has an extra

        add_sharing(plugins, configuration, own_token=own_token)
    return configuration, connect(configuration, plugins)


def open_connections(
    file: pathlib.Path,
    selection: Selection,
    *,
    as_json: bool,
    mappings: bool = True,
    plugins: wharfinger.Plugins | None = None,
    own_token: bool = False,
) -> dict[str, wharfinger.Connection]:
    """Return the connections of a configuration that has nothing wrong with it.

    Args:
        file: The configuration.
        selection: The part of it that is wanted.
        as_json: Write problems to standard output as JSON.
        mappings: Whether there is nothing to do where no mapping is enabled.
        plugins: Those that are loaded already.
        own_token: As for `load`.

    Raises:
        typer.Exit: Something is wrong; it has been said.
    """
    configuration, connections = load(file, selection, plugins, own_token=own_token)
    none = mappings and not any(connection.mappings for connection in connections.values())
    if none and not configuration.problems:
        message = "There is no mapping that is enabled, so nothing would be sent."
        configuration.problems.append(configuration.remark(("connections",), message))
    if configuration.problems:
        check.show_problems(messages(), configuration)
        count = plural(len(configuration.problems), "problem")
        text = f"{count} in {printable(str(file))}; nothing was sent"
        messages().print(text, style="bold red", soft_wrap=True)
        if as_json:
            write_json(check.as_json(configuration, connections, {}))
        raise typer.Exit(Exit.USAGE)
    return connections


def share(plugins: wharfinger.Plugins | None, configuration: Configuration, store: str) -> None:
    """Let connections share tenants through the store that a command line names, if it does.

    Args:
        plugins: Make the connections; None where nothing is to be delivered.
        configuration: Has nothing wrong with it.
        store: A URL, or ``""``.

    Raises:
        typer.BadParameter: The URL names no store.
    """
    if store and plugins is not None:
        from wharfinger_host.sharing.at_work import share_by  # noqa: PLC0415  # has an extra

        share_by(plugins, configuration, store)


def leave_unreadable(name: str, error: OSError) -> typer.Exit:
    """Say that a file cannot be read or written, and return what to raise."""
    return leave(f"{name}: {error.strerror or error}", Exit.FILES)


def leave(text: str, code: Exit) -> typer.Exit:
    """Say why a command ends here, and return what to raise."""
    messages().print(printable(text), style="red", soft_wrap=True)
    return typer.Exit(code)
