"""``wharfinger export``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wharfinger_host.commands.options import AsJson, Config, Output
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.exports import Sheet
    from wharfinger_host.store.store import Store

__all__ = ["export"]


def export(
    config: Config,
    what: Annotated[
        Literal["ledger", "letters", "events"],
        typer.Argument(metavar="WHAT", help="ledger, letters or events."),
    ] = "ledger",
    *,
    output: Output = None,
    form: Annotated[
        Literal["jsonl", "parquet"] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="jsonl or parquet; else by the ending of --output, which is .parquet or not.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write outcomes, dead letters or accepted events as JSON Lines or Parquet.

    The order is that of the events. Without --output they go to standard output; a file has its
    name once it is whole. With --json, the count
    is written to standard output once --output has been filled. Parquet needs the extra parquet.
    """
    import sys

    from wharfinger_host import keeping, opening, terminal
    from wharfinger_host.exports import JsonLines, ParquetFile, ParquetMissingError, new_file
    from wharfinger_host.store.exporting import columns_of

    if as_json and output is None:
        raise typer.BadParameter("needs --output: the lines are JSON already.", param_hint="--json")
    if form == "parquet" and output is None:
        raise typer.BadParameter("parquet needs --output.", param_hint="--format")
    with keeping.open_store(config, as_json=as_json) as store:
        columns = store.read(columns_of, what).result()
        if output is None:
            _write(store, what, JsonLines(sys.stdout.buffer, columns))
            return
        is_parquet = form == "parquet" or (form is None and output.suffix == ".parquet")
        sheet = ParquetFile if is_parquet else JsonLines
        try:
            with new_file(output) as file:
                rows = _write(store, what, sheet(file, columns))
        except ParquetMissingError as error:
            raise opening.leave(str(error), Exit.USAGE) from error
        except OSError as error:
            raise opening.leave_unreadable(str(output), error) from error
    if as_json:
        terminal.write_json({"ok": True, "lines": rows, "file": str(output)})
    else:
        text = f"{terminal.plural(rows, 'row' if is_parquet else 'line')} in {output}"
        terminal.results().print(terminal.printable(text), style="bold", soft_wrap=True)


def _write(store: Store, what: str, sheet: Sheet) -> int:
    from wharfinger_host.store.exporting import page

    after, count = (0, 0), 0
    while True:
        rows, after = store.read(page, what, after).result()
        if not rows:
            sheet.end()
            return count
        sheet.write(rows)
        count += len(rows)
