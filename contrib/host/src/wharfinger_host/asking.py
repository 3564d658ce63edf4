"""Asking an account which values a field can have."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

import attrs

import wharfinger
from wharfinger import Action, Choice, Choices, Connection, Finding, Question
from wharfinger_host import opening
from wharfinger_host.configuration import Selection
from wharfinger_host.exits import Exit
from wharfinger_host.looking import failure
from wharfinger_host.suggest import did_you_mean

__all__ = ["Answer", "Asked", "ask", "find", "question"]


@attrs.frozen(kw_only=True)
class Asked:
    """Who is asked.

    Attributes:
        connection: Without mappings; not open yet.
        action: The action whose field is in question.
    """

    connection: Connection
    action: Action


@attrs.frozen(kw_only=True)
class Answer:
    """What came back.

    Attributes:
        choices: One page of values.
        obstacle: Why there are none, where the vendor did not answer.
    """

    choices: Choices = attrs.field(factory=Choices)
    obstacle: Finding | None = None


def find(
    plugins: wharfinger.Plugins,
    config: pathlib.Path,
    action: str,
    *,
    connection: str,
    as_json: bool,
) -> Asked:
    """Return the one connection that has an action, with the action.

    Args:
        plugins: Give the actions.
        config: The configuration.
        action: Slug or alias.
        connection: Only this one; ``""`` for the only one that has it.
        as_json: Write problems of the configuration to standard output as JSON.

    Raises:
        typer.Exit: There is none, or several; it has been said.
    """
    selection = Selection(connection=connection, account_only=True)
    connections = opening.open_connections(
        config, selection, as_json=as_json, mappings=False, plugins=plugins
    )
    found: list[Asked] = []
    missing: list[str] = []
    for each in connections.values():
        try:
            found.append(
                Asked(connection=each, action=plugins.action(each.destination.slug, action))
            )
        except wharfinger.PluginError as error:
            missing.append(str(error))
    if not found:
        raise opening.leave("\n".join(dict.fromkeys(missing)), Exit.USAGE)
    if len(found) > 1:
        names = ", ".join(asked.connection.name for asked in found)
        text = f"Several connections have this action: {names}. Say which with --connection NAME."
        raise opening.leave(text, Exit.USAGE)
    return found[0]


def question(
    action: Action, field: str, *, search: str, page: int, fields: Mapping[str, str]
) -> Question:
    """Return the question, where it can be asked.

    Args:
        action: The action in question.
        field: Name of the field whose values are wanted.
        search: What they should have in them.
        page: Which page, from 1.
        fields: Fields that are fixed already, by name.

    Raises:
        typer.Exit: There is no such field, or none whose values anybody knows; it has been said.
    """
    known = _fields(action)
    for name in (field, *fields):
        if name not in known:
            text = f'{action.title} has no field "{name}".{did_you_mean(name, known)}'
            raise opening.leave(f"{text} Its fields: {', '.join(known)}.", Exit.USAGE)
    if field not in action.choices and not known[field].choices:
        others = [name for name in known if name in action.choices or known[name].choices]
        text = f"{known[field].label} has no values to choose from."
        text += f" These fields do: {', '.join(others)}." if others else " No field here has."
        raise opening.leave(text, Exit.USAGE)
    return Question(field=field, search=search, page=page, fields=fields)


async def ask(asked: Asked, question: Question) -> Answer:
    """Ask the vendor, or the declaration of a field that lists its only values itself."""
    if question.field not in asked.action.choices:
        return Answer(choices=_declared(asked.action, question))
    connection = asked.connection
    try:
        async with connection:
            return Answer(choices=await connection.choices(asked.action.slug, question))
    except Exception as error:  # noqa: BLE001  # any plugin may break; the command says so
        return Answer(obstacle=failure(connection.name, error))


def _declared(action: Action, question: Question) -> Choices:
    texts = [str(value) for value in _fields(action)[question.field].choices]
    wanted = question.search.casefold()
    return Choices(items=[Choice(value=t, label=t) for t in texts if wanted in t.casefold()])


def _fields(action: Action) -> dict[str, wharfinger.Field]:
    """Return the fields of an action by name, and with them what can be wished for in a plan."""
    wishes = action.provision.options if action.provision else None
    schemas = [schema for schema in (wishes, action.payload) if schema is not None]
    return {field.name: field for schema in schemas for field in wharfinger.fields_of(schema)}
