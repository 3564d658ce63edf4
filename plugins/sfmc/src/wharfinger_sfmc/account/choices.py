"""Values to choose for the fields of mappings, looked up in the account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog
from wharfinger_sfmc.account.event_definitions import find_event_definition
from wharfinger_sfmc.account.folders import folder_tree
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.api.lookups import ListedExtension, Lookups, search_words
from wharfinger_sfmc.values.columns import Column, fold
from wharfinger_sfmc.values.converters import counted

__all__ = ["EVENT_CHOICES", "ROW_CHOICES"]

_Ask = Callable[[wharfinger.Session, wharfinger.Question], Awaitable[wharfinger.Choices]]


async def _keys_of_extensions(
    session: wharfinger.Session, question: wharfinger.Question
) -> wharfinger.Choices:
    return await _extensions(session, question, lambda extension: extension.key)


async def _ids_of_extensions(
    session: wharfinger.Session, question: wharfinger.Question
) -> wharfinger.Choices:
    return await _extensions(session, question, lambda extension: extension.id)


async def _extensions(
    session: wharfinger.Session,
    question: wharfinger.Question,
    value: Callable[[ListedExtension], str],
) -> wharfinger.Choices:
    search = search_words(question.search)
    page = await Lookups(session).data_extensions(search, question.page)
    items = [
        wharfinger.Choice(
            value=value(extension),
            label=extension.name or extension.key,
            description=_about(extension),
        )
        for extension in page.items
    ]
    return wharfinger.Choices(items=items, next_page=page.next_page)


def _about(extension: ListedExtension) -> str:
    parts = [f"key {extension.key}"]
    if extension.columns is not None:
        parts.append(counted(extension.columns, "column"))
    return ", ".join([*parts, *filter(None, [extension.description])])


async def _primary_keys(
    session: wharfinger.Session, question: wharfinger.Question
) -> wharfinger.Choices:
    return await _columns(session, question, primary_key=True)


async def _other_columns(
    session: wharfinger.Session, question: wharfinger.Question
) -> wharfinger.Choices:
    return await _columns(session, question, primary_key=False)


async def _columns(
    session: wharfinger.Session, question: wharfinger.Question, *, primary_key: bool
) -> wharfinger.Choices:
    """The columns of the data extension that the form has fixed already; none before that."""
    key, extension_id = question.fields.get("key"), question.fields.get("id")
    if not isinstance(key or extension_id, str):
        return wharfinger.Choices()
    target = DataExtension(key=key or None, id=extension_id or None)
    catalog = session.shared(Catalog)
    table = await catalog.table(session, target)
    if table is None:
        raise catalog.refusal(target)
    return _named(question, (c for c in table.columns if c.primary_key is primary_key))


def _named(question: wharfinger.Question, columns: Iterable[Column]) -> wharfinger.Choices:
    searched = fold(question.search)
    items = [
        wharfinger.Choice(value=column.name, label=column.name, description=_kind(column))
        for column in columns
        if searched in fold(column.name)
    ]
    return wharfinger.Choices(items=items)


def _kind(column: Column) -> str:
    needed = not (column.nullable or column.has_default)
    return f"{column}, must not be empty" if needed else str(column)


async def _event_definitions(
    session: wharfinger.Session, question: wharfinger.Question
) -> wharfinger.Choices:
    page = await Lookups(session).event_definitions(question.page)
    searched = fold(question.search)
    items = [
        wharfinger.Choice(
            value=definition.key,
            label=definition.name or definition.key,
            description=counted(len(definition.fields), "field"),
        )
        for definition in page.items
        if searched in fold(definition.name) or searched in fold(definition.key)
    ]
    return wharfinger.Choices(items=items, next_page=page.next_page)


async def _event_fields(
    session: wharfinger.Session, question: wharfinger.Question
) -> wharfinger.Choices:
    key = question.fields.get("eventDefinitionKey")
    if not isinstance(key, str) or not key:
        return wharfinger.Choices()
    definition, _ = await find_event_definition(session, key)
    return _named(question, definition.fields if definition else ())


async def _folders(
    session: wharfinger.Session, question: wharfinger.Question
) -> wharfinger.Choices:
    """Look up folders of data extensions for the wish ``folder`` of provisioning."""
    tree = await folder_tree(session)
    searched = fold(question.search)
    items = [
        wharfinger.Choice(value=path, label=path)
        for path, _ in tree.paths
        if searched in fold(path)
    ]
    return wharfinger.Choices(items=items)


ROW_CHOICES: Final[Mapping[str, _Ask]] = {
    "key": _keys_of_extensions,
    "id": _ids_of_extensions,
    "keys": _primary_keys,
    "values": _other_columns,
    "folder": _folders,
}
"""Choices of the actions that send rows, and of what is wished for when they are provisioned."""

EVENT_CHOICES: Final[Mapping[str, _Ask]] = {
    "eventDefinitionKey": _event_definitions,
    "data": _event_fields,
}
"""Choices of the actions that send journey events."""
