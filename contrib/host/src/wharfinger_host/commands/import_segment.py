"""``wharfinger import-segment``."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import AsJson, Destination, Name, Output, SampleEvents
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharfinger_host.segment.converting import ConnectionDraft
    from wharfinger_host.segment.importing import Import, Wishes
    from wharfinger_host.segment.report import Comparison

__all__ = ["import_segment"]


def import_segment(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A destination and its mappings, JSON as Segment's Public API returns it; - is "
            "standard input.",
        ),
    ],
    events: SampleEvents = "",
    *,
    output: Output = None,
    destination: Destination = "",
    name: Name = "",
    as_json: AsJson = False,
) -> None:
    """Move a destination and its mappings over from Segment, and report on each of them.

    The configuration goes to --output; else to wharfinger.toml, or its next free number. With
    events, it is counted where Segment's reading of a trigger takes others.

    Exit code 1 where something could not be taken or is left to correct. 2 where nothing can be
    taken, 3 where a file cannot be read or written; nothing is written then.
    """
    from wharfinger_host import terminal
    from wharfinger_host.segment.importing import Wishes
    from wharfinger_host.segment.writing import write
    from wharfinger_host.views import import_segment as view

    if not name.isprintable():
        raise typer.BadParameter("must be printable text.", param_hint="--name")
    if output is not None and not output.name:
        raise typer.BadParameter("must be the name of a file.", param_hint="--output")
    made = _import(file, output, Wishes(destination=destination, name=name))
    report, document = made.report, made.document
    if events:
        report.comparison = _compare(events, made.drafts)
    try:
        write(document)
    except OSError as error:
        raise _leave(
            f"{error.filename}: {error.strerror}; nothing was written", Exit.FILES
        ) from error
    report.output, report.fields_files = document.file, list(document.fields)
    if as_json:
        terminal.write_json(report.as_json())
    else:
        view.show(terminal.results(), report)
    raise typer.Exit(Exit.OK if report.ok else Exit.FAILED)


def _import(file: str, output: pathlib.Path | None, wishes: Wishes) -> Import:
    import wharfinger
    from wharfinger_host.segment import importing
    from wharfinger_host.segment.writing import free_name
    from wharfinger_host.terminal import messages

    data = _read(file)
    plugins = wharfinger.load_plugins()
    if not plugins.report.ok:
        text = "Not every plugin could be used; `wharfinger plugins` says why."
        messages().print(text, style="yellow", soft_wrap=True)
    target = output or free_name(pathlib.Path("wharfinger.toml"))
    source = "standard input" if file == "-" else file
    try:
        return importing.import_export(data, plugins, source=source, file=target, wishes=wishes)
    except wharfinger.ConfigurationError as error:
        problems = [f"{source}: {problem}" for problem in error.problems]
        raise _leave("\n".join([*problems, "nothing was written"]), Exit.USAGE) from error
    except (wharfinger.PluginError, importing.NothingTakenError) as error:
        raise _leave(f"{error}\nnothing was written", Exit.USAGE) from error


def _read(file: str) -> bytes:
    import sys

    from wharfinger_host import opening
    from wharfinger_host.segment.reading import MOST_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with pathlib.Path(file).open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise opening.leave_unreadable(file, error) from error


def _compare(events: str, drafts: Sequence[ConnectionDraft]) -> Comparison:
    from wharfinger_host import opening
    from wharfinger_host.reading import EventSource
    from wharfinger_host.segment.comparing import compare

    try:
        with EventSource(events) as source:
            return compare(drafts, source)
    except OSError as error:
        raise opening.leave_unreadable(events, error) from error


def _leave(text: str, code: Exit) -> typer.Exit:
    from wharfinger_host.terminal import messages, printable

    messages().print(printable(text), style="red", soft_wrap=True)
    return typer.Exit(code)
