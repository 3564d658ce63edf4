"""A mapping that sends journey events, compared with its event definition."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import wharfinger
from wharfinger_sfmc.account.findings import (
    Said,
    decided_by_events,
    ends_all,
    error,
    listing,
    nearest,
    ok,
    warning,
)
from wharfinger_sfmc.account.outlines import names_of
from wharfinger_sfmc.api.lookups import EventDefinition, Lookups
from wharfinger_sfmc.errors import FORBIDDEN
from wharfinger_sfmc.values.columns import Table, fold, quoted
from wharfinger_sfmc.values.converters import counted

__all__ = ["find_event_definition", "open_event_definition"]

_MOST_PAGES: Final = 40


_Found = tuple[EventDefinition | None, Sequence[EventDefinition]]


class _Opened:
    """The event definitions a connection looked at while it opened; mappings may share them."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._found: dict[str, _Found] = {}

    async def find(self, session: wharfinger.Session, key: str) -> _Found:
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._found:
                self._found[key] = await find_event_definition(session, key)
        return self._found[key]


async def open_event_definition(
    session: wharfinger.Session, outline: wharfinger.Outline
) -> list[wharfinger.Finding]:
    """Compare a mapping with its event definition.

    Raises:
        wharfinger.HaltedError: The account itself cannot be used.
    """
    key = outline.constants.get("eventDefinitionKey")
    if not key:
        return [decided_by_events("event definition")]
    subject = f"Event Definition Key {quoted(key)}"
    try:
        definition, others = await session.shared(_Opened).find(session, key)
    except wharfinger.DeliveryError as refusal:
        if ends_all(refusal):
            raise
        if refusal.code in FORBIDDEN:
            return session.shared(Said).first(_unreadable(refusal))
        message = f"The event definition could not be looked at just now. {refusal.message}"
        fix = "Open the connection again to have it checked; events are sent all the same."
        return [warning(subject, message, fix, "event-definition-unread")]
    if definition is None:
        return [_missing(subject, key, others)]
    count = f" It defines {counted(len(definition.fields), 'field')}." if definition.fields else ""
    message = f"The event definition {quoted(definition.name or key)} is there.{count}"
    return [ok(subject, message), *_about_data(definition, outline), *_about_journeys(definition)]


async def find_event_definition(session: wharfinger.Session, key: str) -> _Found:
    """Find an event definition by its key.

    Returns:
        It, or None; and the others that were seen on the way.
    """
    lookups = Lookups(session)
    definition = await lookups.event_definition(key)
    others: list[EventDefinition] = []
    page: int | None = 1
    while definition is None and page is not None and page <= _MOST_PAGES:
        listed = await lookups.event_definitions(page)
        others += listed.items
        definition = next((each for each in listed.items if each.key == key), None)
        page = listed.next_page
    return definition, others


def _unreadable(refusal: wharfinger.DeliveryError) -> wharfinger.Finding:
    message = (
        "They cannot be read, so keys and names are not checked before events are sent. "
        f"{refusal.message}"
    )
    fix = 'Tick "Journeys: Read" in Setup, and open the connection again.'
    return warning("Event definitions", message, fix, "event-definitions-unreadable")


def _missing(subject: str, key: str, others: Sequence[EventDefinition]) -> wharfinger.Finding:
    named = [each.key for each in others if fold(each.name) == fold(key)]
    if named:
        fix = f"{quoted(key)} is its name. Did you mean the key {quoted(named[0])}?"
    elif near := nearest(key, [each.key for each in others]):
        fix = f"Did you mean {quoted(near)}?"
    else:
        fix = (
            "Copy the key from Journey Builder, Entry Sources; it is not the key of the journey. "
            'See that "Account ID" is its business unit.'
        )
    found = "SFMC has no event definition of this key in this business unit."
    return error(subject, found, fix, "event-definition-not-found")


def _about_journeys(definition: EventDefinition) -> list[wharfinger.Finding]:
    if definition.journeys != 0:
        return []
    message = (
        f"No published journey listens to {quoted(definition.key)}: SFMC accepts its events, and "
        "no contact enters."
    )
    fix = "Publish the journey, or correct the Event Definition Key."
    return [warning("Journey", message, fix, "no-journey-listens")]


def _about_data(
    definition: EventDefinition, outline: wharfinger.Outline
) -> list[wharfinger.Finding]:
    names = names_of(outline, "data")
    schema = Table(id="", key=definition.key, name=definition.name, columns=definition.fields)
    if names is None or not schema.columns:
        return []
    where = f"the event definition {quoted(schema.key)}"
    exact = {column.name for column in schema.columns}
    # Only warnings: that contacts are dropped is what practitioners report, and nobody else.
    unknown = [
        warning(
            "Event Data",
            f"{quoted(name)} is not a field of {where}. SFMC accepts such an event, and may drop "
            "its contact without a word.",
            schema.suggest(name) or f"There are {listing(schema.columns)}.",
            "event-field-unknown",
        )
        for name in names
        if name not in exact
    ]
    given = set(map(fold, names))
    missing = [
        warning(
            "Event Data",
            f"The field {quoted(column.name)} of {where} must not be empty, but it is not mapped.",
            "Map it, or make it nullable in the event's data extension.",
            "event-field-unmapped",
        )
        for column in schema.columns
        if not (column.nullable or column.has_default or fold(column.name) in given)
        # SFMC fills this one itself and drops what is sent for it.
        and column.name != "eventInstanceId"
    ]
    return unknown + missing
