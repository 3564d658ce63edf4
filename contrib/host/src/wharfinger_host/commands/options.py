"""Options that several commands share."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "Config",
    "Connection",
    "Events",
    "Limit",
    "Mapping",
    "SampleEvents",
    "Wishes",
    "read_pairs",
]

Config = Annotated[
    pathlib.Path,
    typer.Argument(metavar="CONFIG", help="The configuration, a TOML file.", show_default=False),
]
Events = Annotated[
    str,
    typer.Argument(
        metavar="EVENTS", help="Events, one JSON object a line; gzip too; - is standard input."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
Connection = Annotated[
    str, typer.Option("--connection", metavar="NAME", help="Only this connection.")
]
Mapping = Annotated[str, typer.Option("--mapping", metavar="NAME", help="Only this mapping.")]
SampleEvents = Annotated[
    str,
    typer.Argument(
        metavar="EVENTS",
        help="Sample events, one JSON object a line; gzip too; - is standard input.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option(min=1, help="Look at this many lines of the events.")]
Wishes = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="What is wished for, such as a folder; may be given several times.",
        show_default=False,
    ),
]


def read_pairs(texts: list[str] | None, flag: str) -> dict[str, str]:
    """Return values by name, as a flag that takes NAME=VALUE was given them.

    Args:
        texts: What was written behind each of the flags.
        flag: Its name, for the error.

    Raises:
        typer.BadParameter: One of them has no name or no equals sign.
    """
    pairs = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f'must be NAME=VALUE, not "{text}".', param_hint=flag)
        pairs[name] = value
    return pairs
