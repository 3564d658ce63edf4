"""What the workbench begins with: an event that the mapping takes, or the draft of a new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import orjson

import wharfinger
from wharfinger import Action
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.explaining import Draft
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.letters import show

__all__ = ["Beginning", "event_of", "fields_of_new"]

_MOST_LOOKED_AT: Final = 500
_TRACK: Final = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-17",
    "timestamp": "2026-03-01T12:00:00Z",
    "properties": {"order_id": "o-1", "total": 12.5},
}
_IDENTIFY: Final = {
    "type": "identify",
    "userId": "u-17",
    "timestamp": "2026-03-01T12:00:00Z",
    "traits": {"email": "ann@example.org", "first_name": "Ann"},
}


@attrs.frozen(kw_only=True)
class Beginning:
    """Which event is asked for.

    Attributes:
        letter: The number of a dead letter, as it was written; ``""`` for none.
        message_id: The name of an event; ``""`` for none.
    """

    letter: str = ""
    message_id: str = ""


async def event_of(desk: Desk, asked: Beginning, draft: Draft, action: Action | None) -> bytes:
    """Return the event that is asked for or, where none is, one that the mapping takes.

    That is the newest of the inbox, or a sample. Where the trigger takes none of them, it is the
    newest whatever it is.

    Args:
        desk: Knows the inbox.
        asked: Which one.
        draft: Has the trigger.
        action: Has the one of a mapping without.

    Raises:
        StoreError: The inbox cannot be read.
    """
    if asked.letter.isascii() and asked.letter.isdigit():
        letter = await desk.ask(show, min(int(asked.letter), 2**62))
        if letter is not None:
            return letter.event
    trigger = draft.trigger.strip() or (action.default_trigger if action else "")
    return await desk.ask(_event, asked.message_id, _taking(trigger))


def _taking(trigger: str) -> Callable[[Any], bool]:
    try:
        return wharfinger.compile_trigger(trigger)
    except wharfinger.TriggerError:
        return lambda _: False


def _event(db: Database, message_id: str, takes: Callable[[Any], bool]) -> bytes:
    if message_id:
        named = db.execute("SELECT event FROM inbox WHERE message_id = ?", (message_id,)).fetchone()
        if named:
            return bytes(named[0])
    newest: bytes | None = None
    rows = db.execute("SELECT event FROM inbox ORDER BY seq DESC LIMIT ?", (_MOST_LOOKED_AT,))
    for (row,) in rows:
        newest = newest or bytes(row)
        if takes(orjson.loads(row)):
            return bytes(row)
    sample = next((each for each in (_TRACK, _IDENTIFY) if takes(each)), _TRACK)
    return newest or orjson.dumps(sample)


def fields_of_new(action: Action) -> dict[str, Any]:
    """Return what a new mapping has to say, with nothing said yet."""
    return {
        field.name: {} if field.kind is wharfinger.Kind.OBJECT else ""
        for field in wharfinger.fields_of(action.payload)
        if field.required is True and not _is_given(action.default_fields, field)
    }


def _is_given(defaults: Mapping[str, Any], field: wharfinger.Field) -> bool:
    return field.name in defaults or field.default is not None
