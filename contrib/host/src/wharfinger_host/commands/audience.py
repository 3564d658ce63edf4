"""``wharfinger audience``."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wharfinger_host.commands.options import (
    AsJson,
    Config,
    Connection,
    Given,
    SlugOfAction,
    read_pairs,
)
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    import wharfinger
    from wharfinger_host.appending import Document
    from wharfinger_host.audience import Audience, Row
    from wharfinger_host.drafting import Draft

__all__ = ["audience"]


def audience(  # noqa: PLR0913  # the options of the command
    config: Config,
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="The key of the audience or trait.", show_default=False),
    ],
    *,
    trait: Annotated[
        bool, typer.Option("--trait", help="It is a computed trait, with a value of any type.")
    ] = False,
    sent_as: Annotated[
        Literal["identify", "track"],
        typer.Option("--sent-as", metavar="TYPE", help="The type of its events, or track."),
    ] = "identify",
    table: Annotated[
        str, typer.Option(metavar="KEY", help="The table that has a row per person.")
    ] = "",
    key_column: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The column of the user ID; else what the action does by itself."
        ),
    ] = "",
    column: Annotated[
        str, typer.Option(metavar="NAME", help="The column of the value; else named like the key.")
    ] = "",
    action: SlugOfAction = "",
    fields: Given = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What the mapping shall be called.")
    ] = "",
    connection: Connection = "",
    write: Annotated[
        bool, typer.Option("--write", help="Add it to the configuration, and show the difference.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the mapping that keeps a column up to date with an audience or a computed trait.

    It upserts the row of a person: true when they enter the audience, false when they leave; a
    computed trait has its value. The mapping is checked, and goes to standard output.
    """
    from wharfinger_host import audience as making
    from wharfinger_host import opening, terminal
    from wharfinger_host.views import audience as view

    if problem := making.problem_with_key(key):
        raise typer.BadParameter(problem, param_hint="KEY")
    wanted = making.Audience(key=key, sent_as=making.SentAs(sent_as), is_trait=trait)
    row = making.Row(table=table, column=column or key, key_column=key_column)
    document = _read(config)
    draft = _draft(document, opening.load_plugins(), connection)
    name = name or wanted.mapping_name
    _complete(draft, wanted, row, action)
    for field, text in read_pairs(fields, "--field").items():
        draft.put("fields", field, text)
    _refuse_problems(draft, document, name, as_json=as_json)
    made = {"action": draft.action, "trigger": draft.trigger, "fields": draft.fields}
    path = ("connections", draft.name, "mappings", name)
    written = making.text_of(wanted, made, path)
    difference = _append(document, written, path) if write else []
    if as_json:
        terminal.write_json(view.as_json(document.file, path, made, written, wrote=write))
    elif write:
        view.show_difference(terminal.results(), difference)
    else:
        view.show(terminal.results(), written)
    if not as_json:
        view.show_next(terminal.messages(), document.file, name, wrote=write)


def _read(config: pathlib.Path) -> Document:
    from wharfinger_host import opening
    from wharfinger_host.appending import Document

    try:
        return Document.read(config)
    except OSError as error:
        raise opening.leave_unreadable(str(config), error) from error
    except ValueError:
        text = f"{config} is no TOML; `wharfinger check {config}` says where."
        raise opening.leave(text, Exit.USAGE) from None


def _draft(document: Document, plugins: wharfinger.Plugins, connection: str) -> Draft:
    """Return the connection that is meant, with its settings and no mapping."""
    from wharfinger_host import opening
    from wharfinger_host.drafting import Draft
    from wharfinger_host.suggest import did_you_mean

    found = document.data.get("connections")
    every = found.items() if isinstance(found, dict) else ()
    tables = {n: t for n, t in every if isinstance(t, dict) and "destination" in t}
    if not connection and len(tables) == 1:
        [connection] = tables
    if connection not in tables:
        text = f'There is no connection "{connection}".' if connection else "Say --connection NAME."
        text += f"{did_you_mean(connection, tables)} There is: {', '.join(tables) or 'none'}."
        raise opening.leave(text, Exit.USAGE)
    table = tables[connection]
    settings = table.get("settings")
    return Draft(
        plugins=plugins,
        folder=document.file.parent,
        name=connection,
        destination=str(table["destination"]),
        settings=settings if isinstance(settings, dict) else {},
    )


def _complete(draft: Draft, wanted: Audience, row: Row, action: str) -> None:
    """Choose the action and fill in trigger and fields."""
    import wharfinger
    from wharfinger_host import audience as making
    from wharfinger_host import opening

    try:
        title = draft.plugins.destination(draft.destination).title
        actions = draft.plugins.actions(draft.destination)
        chosen = making.choose_action(actions, key_column=row.key_column)
        if action:
            chosen = draft.plugins.action(draft.destination, action)
    except wharfinger.PluginError as error:
        raise opening.leave(str(error), Exit.USAGE) from error
    if chosen is None or chosen.rows is None:
        what = chosen.title if chosen else title
        raise opening.leave(f"{what} has no rows, so it has no column either.", Exit.USAGE)
    draft.action, draft.trigger = chosen.slug, wanted.trigger
    draft.fields = making.fields_of_row(chosen.rows, row, wanted)


def _refuse_problems(draft: Draft, document: Document, name: str, *, as_json: bool) -> None:
    """Leave where something is wrong with the mapping; of the rest `check` tells."""
    from wharfinger_host import opening, terminal
    from wharfinger_host.views import audience as view
    from wharfinger_host.views.init import problems_as_json

    mappings = document.data["connections"][draft.name].get("mappings")
    if isinstance(mappings, dict) and name in mappings:
        text = f'There is a mapping "{name}" already. Give another --name.'
        raise opening.leave(text, Exit.USAGE)
    found = [problem for problem in draft.problems() if problem.path[:1] == ("mappings",)]
    if found:
        if as_json:
            terminal.write_json(problems_as_json(document.file, found))
        lines = [view.problem_line(draft, problem) for problem in found]
        raise opening.leave("\n".join(lines), Exit.USAGE)


def _append(document: Document, written: str, path: tuple[str, ...]) -> list[str]:
    from wharfinger_host import opening
    from wharfinger_host.appending import CannotAppendError
    from wharfinger_host.whole_file import write_whole

    try:
        text = document.with_table(written, path)
        write_whole(document.file, text, replace=True)
    except CannotAppendError as error:
        raise opening.leave(str(error), Exit.USAGE) from error
    except OSError as error:
        raise opening.leave_unreadable(str(document.file), error) from error
    return document.difference(text)
