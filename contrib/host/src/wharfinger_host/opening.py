"""From the name of a configuration file to connections, or to a good way out."""

from __future__ import annotations

import pathlib

import typer

import wharfinger
from wharfinger_host.configuration import Configuration, Selection, connect, read_configuration
from wharfinger_host.exits import Exit
from wharfinger_host.terminal import messages, plural, printable, write_json
from wharfinger_host.views import check

__all__ = ["leave_unreadable", "load", "open_connections"]


def load(
    file: pathlib.Path, selection: Selection | None = None
) -> tuple[Configuration, dict[str, wharfinger.Connection]]:
    """Load plugins and read a configuration; what is wrong is in the configuration.

    Raises:
        typer.Exit: The file cannot be read.
    """
    plugins = wharfinger.load_plugins()
    if not plugins.report.ok:
        text = "Not every plugin could be used; `wharfinger plugins` says why."
        messages().print(text, style="yellow", soft_wrap=True)
    try:
        configuration = read_configuration(file, plugins, selection)
    except OSError as error:
        raise leave_unreadable(str(file), error) from error
    return configuration, connect(configuration, plugins)


def open_connections(
    file: pathlib.Path, selection: Selection, *, as_json: bool
) -> dict[str, wharfinger.Connection]:
    """Return the connections of a configuration that has nothing wrong with it.

    Args:
        file: The configuration.
        selection: The part of it that is wanted.
        as_json: Write problems to standard output as JSON.

    Raises:
        typer.Exit: Something is wrong; it has been said.
    """
    configuration, connections = load(file, selection)
    if not configuration.problems and not any(c.mappings for c in connections.values()):
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


def leave_unreadable(name: str, error: OSError) -> typer.Exit:
    """Say that a file cannot be read or written, and return what to raise."""
    text = printable(f"{name}: {error.strerror or error}")
    messages().print(text, style="red", soft_wrap=True)
    return typer.Exit(Exit.FILES)
