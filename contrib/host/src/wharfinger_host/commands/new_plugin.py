"""``wharfinger new-plugin``."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from wharfinger_host.commands.options import AsJson
from wharfinger_host.exits import Exit

__all__ = ["new_plugin"]


def new_plugin(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The slug of the new destination: lower-case words joined by hyphens.",
            show_default=False,
        ),
    ],
    *,
    folder: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--folder",
            metavar="DIR",
            help="The folder to make; wharfinger-NAME where it is left out.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a new plugin: a distribution with one destination, its tests, its page and its CI.

    It installs, is found and passes its tests as it is, for a vendor that is made up; its README
    says what to change. The folder is written at the end, whole or not at all, and nothing is
    written over.
    """
    from wharfinger_host import opening, terminal
    from wharfinger_host.scaffold import PluginNameError, naming_of, write_plugin
    from wharfinger_host.views import new_plugin as view

    try:
        naming = naming_of(name)
    except PluginNameError as error:
        raise opening.leave(f"{error}\nNothing was written.", Exit.USAGE) from error
    target = folder or pathlib.Path(naming.distribution)
    try:
        written = write_plugin(target, naming)
    except OSError as error:
        text = f"{error.filename or target}: {error.strerror or error}. Nothing was written."
        raise opening.leave(text, Exit.FILES) from error
    if as_json:
        terminal.write_json(view.as_json(target, naming, written))
    else:
        view.show(terminal.results(), target, naming)
