"""Options that several commands share."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from wharfinger_host import completing
from wharfinger_host.log_format import LogFormat as Format

__all__ = [
    "Action",
    "AsJson",
    "Config",
    "Connection",
    "Destination",
    "Engine",
    "Events",
    "Force",
    "Given",
    "Limit",
    "LogFormat",
    "Mapping",
    "MetricsToken",
    "Name",
    "OneMachine",
    "Output",
    "Quiet",
    "SampleEvents",
    "SlugOfAction",
    "Store",
    "Wishes",
    "Yes",
    "needs_engine",
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
Destination = Annotated[
    str,
    typer.Option(
        "--destination",
        metavar="SLUG",
        help="The installed destination that is meant.",
        autocompletion=completing.destinations,
    ),
]
Action = Annotated[
    str,
    typer.Argument(
        metavar="ACTION",
        help="An action, as `describe` lists them.",
        show_default=False,
        autocompletion=completing.actions,
    ),
]
SlugOfAction = Annotated[
    str,
    typer.Option(
        "--action",
        metavar="SLUG",
        help="The action of the mapping, as `describe` lists them.",
        autocompletion=completing.actions,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
Connection = Annotated[
    str,
    typer.Option(
        "--connection",
        metavar="NAME",
        help="Only this connection.",
        autocompletion=completing.connections,
    ),
]
Mapping = Annotated[
    str,
    typer.Option(
        "--mapping",
        metavar="NAME",
        help="Only this mapping.",
        autocompletion=completing.mappings,
    ),
]
LogFormat = Annotated[
    Format,
    typer.Option(
        "--log-format",
        metavar="FORMAT",
        help="How it says on standard error what happens: text, or json, one object a line.",
    ),
]
MetricsToken = Annotated[
    str,
    typer.Option(
        "--metrics-token",
        metavar="SECRET",
        help="Where the token is, env:NAME or file:PATH, with which others than this machine may "
        "read /metrics.",
        show_default=False,
    ),
]
Name = Annotated[
    str, typer.Option("--name", metavar="NAME", help="What the new connection shall be called.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="NAME=VALUE",
        help="A field of the mapping: a value, or $.path of the event; may be given several times.",
        show_default=False,
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="URL",
        envvar="WHARFINGER_ENGINE",
        show_envvar=False,
        help="Where the lanes of events are, such as amqp://USER:PASSWORD@HOST/; also read from "
        "the variable WHARFINGER_ENGINE.",
        show_default=False,
    ),
]
Store = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="WHARFINGER_STORE",
        show_envvar=False,
        help="Where workers share the budget, the pauses and the tokens of tenants, such as "
        "redis://USER:PASSWORD@HOST/0; also read from the variable WHARFINGER_STORE.",
        show_default=False,
    ),
]
OneMachine = Annotated[
    bool,
    typer.Option(
        "--one-machine",
        help="All workers of the engine run on this machine and share its inbox: after a crash, "
        "only what was on its way is unknown.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Output = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Where to write, a new file.", show_default=False
    ),
]
SampleEvents = Annotated[
    str,
    typer.Argument(
        metavar="EVENTS",
        help="Sample events, one JSON object a line; gzip too; - is standard input.",
        show_default=False,
    ),
]
Limit = Annotated[
    int, typer.Option(metavar="N", min=1, help="Look at this many lines of the events.")
]
Wishes = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="What is wished for, such as a folder; may be given several times.",
        show_default=False,
    ),
]


def needs_engine(url: str) -> None:
    """Refuse to work on no engine.

    Args:
        url: As it was given.

    Raises:
        typer.BadParameter: It was not.
    """
    if not url:
        text = "No engine is named. Give a URL such as amqp://HOST/, or set WHARFINGER_ENGINE."
        raise typer.BadParameter(text, param_hint="--engine")


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
