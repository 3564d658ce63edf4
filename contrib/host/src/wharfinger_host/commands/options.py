"""Options that several commands share."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

__all__ = ["AsJson", "Config", "Connection", "Events", "Mapping"]

Config = Annotated[
    pathlib.Path, typer.Argument(help="The configuration, a TOML file.", show_default=False)
]
Events = Annotated[
    str,
    typer.Argument(help="Events, one JSON object a line; gzip too; - is standard input."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
Connection = Annotated[
    str, typer.Option("--connection", metavar="NAME", help="Only this connection.")
]
Mapping = Annotated[str, typer.Option("--mapping", metavar="NAME", help="Only this mapping.")]
