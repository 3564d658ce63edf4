"""What an edited mapping makes of an event, and what is wrong with either; nothing is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import orjson

import wharfinger
from wharfinger import MappingExplanation, TriggerRemark
from wharfinger_host.configuration import Selection, read_configuration
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.locate import locate_json
from wharfinger_host.suggest import did_you_mean

__all__ = ["Draft", "Explained", "Trouble", "explain", "read_fields", "read_object"]


@attrs.frozen(kw_only=True)
class Draft:
    """What stands in the workbench.

    Attributes:
        connection: Name of the connection.
        mapping: Name of the mapping.
        event: A JSON object, as text.
        trigger: The trigger; blank for that of the action.
        fields: The field mapping, a JSON object, as text.
        action: That of a mapping that is not in the configuration yet; ``""`` for one that is.
    """

    connection: str
    mapping: str
    event: str = ""
    trigger: str = ""
    fields: str = ""
    action: str = ""


@attrs.frozen(kw_only=True)
class Trouble:
    """Something that is wrong.

    Attributes:
        place: ``event``, ``trigger``, ``fields`` or ``connection``.
        message: What is wrong, and what to do.
        where: Path within the field mapping or the configuration, or ``""``.
        line: Line in the text of that place, from 1; 0 for no certain one.
        column: Column in that line, from 1; 0 for no certain one.
    """

    place: str
    message: str
    where: str = ""
    line: int = 0
    column: int = 0


@attrs.define(kw_only=True)
class Explained:
    """What was found out.

    Attributes:
        troubles: What is wrong; nothing is explained where there is any.
        remarks: Where Segment would read the trigger in another way.
        explanation: What became of the event; None where something is wrong.
    """

    troubles: list[Trouble] = attrs.field(factory=list)
    remarks: list[TriggerRemark] = attrs.field(factory=list)
    explanation: MappingExplanation | None = None


def explain(desk: Desk, draft: Draft) -> Explained:
    """Explain a draft. It takes some milliseconds and an event loop of its own: run it in a thread.

    Args:
        desk: Knows the configuration.
        draft: What stands in the workbench.
    """
    found = Explained()
    event, troubles = read_object(draft.event, "event")
    fields, more = read_fields(draft.fields)
    found.troubles = [*troubles, *more, *_troubles_of_trigger(draft.trigger)]
    if draft.trigger.strip() and not any(each.place == "trigger" for each in found.troubles):
        found.remarks = wharfinger.lint_trigger(draft.trigger)
    if found.troubles or event is None or fields is None:
        return found
    table = _table(desk, draft, fields, found.troubles)
    if table is None or found.troubles:
        return found
    try:
        connection = desk.plugins.connect(table, name=draft.connection)
    except wharfinger.ConfigurationError as error:
        found.troubles += [_trouble_of(problem, draft) for problem in error.problems]
        return found
    explanation = asyncio.run(connection.explain(event))
    found.explanation = next(iter(explanation.mappings), None)
    return found


def read_object(text: str, place: str) -> tuple[dict[str, Any] | None, list[Trouble]]:
    """Return the JSON object that a text is, or what is wrong with it.

    Args:
        text: What was typed.
        place: What to call it.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = f"This is not JSON: {error.msg}."
        if not text.strip():
            message = "There is nothing here. Write a JSON object."
        return None, [Trouble(place=place, message=message, line=error.lineno, column=error.colno)]
    if not isinstance(value, dict):
        return None, [Trouble(place=place, message="This must be a JSON object: { … }.", line=1)]
    return value, []


def read_fields(text: str) -> tuple[dict[str, Any] | None, list[Trouble]]:
    """Return the field mapping that a text is, or what is wrong with it; blank is an empty one."""
    return read_object(text if text.strip() else "{}", "fields")


def _troubles_of_trigger(text: str) -> list[Trouble]:
    if not text.strip():
        return []
    try:
        wharfinger.compile_trigger(text)
    except wharfinger.TriggerError as error:
        before = text[: error.position]
        return [
            Trouble(
                place="trigger",
                message=_first_line(error.message),
                line=before.count("\n") + 1,
                column=error.position - (before.rfind("\n") + 1) + 1,
            )
        ]
    return []


def _table(
    desk: Desk, draft: Draft, fields: dict[str, Any], troubles: list[Trouble]
) -> dict[str, Any] | None:
    """Return the connection with this mapping alone, edited."""
    selection = Selection(
        connection=draft.connection,
        mapping="" if draft.action else draft.mapping,
        account_only=bool(draft.action),
    )
    try:
        configuration = read_configuration(desk.config, desk.plugins, selection)
    except OSError as error:
        message = f"The configuration cannot be read: {error.strerror or error}."
        troubles.append(Trouble(place="connection", message=message))
        return None
    table = configuration.connections.get(draft.connection)
    mapping = (table or {}).get("mappings", {}).get(draft.mapping)
    if draft.action:
        mapping = {"action": draft.action}
    inside = ("connections", draft.connection, "mappings", draft.mapping)
    troubles += [
        Trouble(place="connection", message=remark.message, where=remark.where)
        for remark in configuration.problems
        if remark.path[:4] != inside
    ]
    if table is None or not isinstance(mapping, dict):
        if not troubles:
            message = f'The configuration has no mapping "{draft.mapping}" in '
            message += f'"{draft.connection}".'
            message += did_you_mean(draft.mapping, (table or {}).get("mappings", {}))
            troubles.append(Trouble(place="connection", message=message))
        return None
    edited = {**mapping, "fields": fields, "enabled": True}
    edited.pop("trigger", None)
    if draft.trigger.strip():
        edited["trigger"] = draft.trigger
    return {**table, "mappings": {draft.mapping: edited}}


def _trouble_of(problem: wharfinger.Problem, draft: Draft) -> Trouble:
    """Return a problem of core at its place in the workbench."""
    match problem.path:
        case ("mappings", _, "fields", *inside):
            line = locate_json(draft.fields).of(tuple(inside)) if inside else 1
            where = wharfinger.Problem(tuple(inside), "").where
            return Trouble(place="fields", message=problem.message, where=where, line=line)
        case ("mappings", _, "trigger", *_):
            return Trouble(place="trigger", message=_first_line(problem.message))
    return Trouble(place="connection", message=problem.message, where=problem.where)


def _first_line(message: str) -> str:
    """Leave out the drawing of the place, which is pointed at in another way."""
    return message.partition("\n")[0]
