"""``wharfinger export``."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from wharfinger_host.commands.options import AsJson, Config

if TYPE_CHECKING:
    from wharfinger_host.store.store import Store

__all__ = ["export"]


def export(
    config: Config,
    what: Annotated[
        Literal["ledger", "letters", "events"], typer.Argument(help="What to export.")
    ] = "ledger",
    *,
    output: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A new file; else standard output.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write outcomes, dead letters or accepted events as JSON Lines.

    The order is that of the events. With --json, the count is written to standard output once
    --output has been filled.
    """
    import sys

    from wharfinger_host import keeping, opening, terminal

    if as_json and output is None:
        raise typer.BadParameter("needs --output: the lines are JSON already.", param_hint="--json")
    with keeping.open_store(config, as_json=as_json) as store:
        if output is None:
            _write(store, what, sys.stdout.buffer)
            return
        try:
            with _new_file(output) as file:
                lines = _write(store, what, file)
        except OSError as error:
            raise opening.leave_unreadable(str(output), error) from error
    if as_json:
        terminal.write_json({"ok": True, "lines": lines, "file": str(output)})
    else:
        text = f"{terminal.plural(lines, 'line')} in {output}"
        terminal.results().print(terminal.printable(text), style="bold", soft_wrap=True)


def _write(store: Store, what: str, file: BinaryIO) -> int:
    from wharfinger_host.store.exporting import page

    after, count = (0, 0), 0
    while True:
        lines, after = store.read(page, what, after).result()
        if not lines:
            file.flush()
            return count
        file.writelines(lines)
        count += len(lines)


def _new_file(path: pathlib.Path) -> BinaryIO:
    """Make a file for its owner alone: it holds what customers did."""
    import os

    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
