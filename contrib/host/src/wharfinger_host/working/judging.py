"""What would become of a dead letter if it were replayed now, without sending anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import attrs
import orjson

from wharfinger import Connection, Outcome, Status
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.letters import Letter
from wharfinger_host.working.verdicts import payload_of

__all__ = ["Change", "Fate", "Judgement", "Standing", "judge", "standings"]


class Fate(StrEnum):
    """What a replay does with a letter."""

    CHANGED = "changed"
    """Sent, with another payload than then."""
    SAME = "same"
    """Sent, with the payload it had then."""
    DELIVERED = "delivered"
    """Skipped: the ledger says that it has been delivered meanwhile."""
    MAYBE_DELIVERED = "maybe-delivered"
    """Skipped: it may have been delivered, so a person has to ask for it."""
    FILTERED = "filtered"
    """Closed: the trigger no longer matches."""
    REJECTED = "rejected"
    """Not sent: the mapping still makes nothing of it that may be sent."""
    NO_MAPPING = "no-mapping"
    """Skipped: the configuration no longer has the mapping."""

    @property
    def is_sent(self) -> bool:
        """Whether a request is made."""
        return self in (Fate.CHANGED, Fate.SAME)

    @property
    def is_skipped(self) -> bool:
        """Whether nothing at all happens to the letter."""
        return self in (Fate.DELIVERED, Fate.MAYBE_DELIVERED, Fate.NO_MAPPING)


@attrs.frozen
class Change:
    """One value of a payload, then and now; None where there is none.

    Attributes:
        field: Its path.
        then: As JSON.
        now: As JSON.
    """

    field: str
    then: str | None
    now: str | None


@attrs.frozen(kw_only=True)
class Judgement:
    """What would become of a letter.

    Attributes:
        letter: The letter.
        fate: What a replay does with it.
        message: Why, where the mapping rejects it.
        changes: What is different in its payload.
        newer: How many newer events about the same contact this mapping has delivered: their
            values may be overwritten by older ones.
    """

    letter: Letter
    fate: Fate
    message: str = ""
    changes: tuple[Change, ...] = ()
    newer: int = 0


@attrs.frozen
class Standing:
    """What the ledger says that bears on a letter.

    Attributes:
        delivered: Whether the event has been delivered by this mapping, under whatever number.
        newer: As in `Judgement`.
    """

    delivered: bool
    newer: int


def standings(db: Database, letters: Sequence[Letter]) -> list[Standing]:
    """Look up what the ledger says that bears on letters, in one pass over the log."""
    contacts = {letter.contact for letter in letters if letter.contact}
    first = min((letter.seq for letter in letters), default=0)
    later: dict[tuple[str, int], list[tuple[int, str | None]]] = {}
    for seq, contact, message_id, target in db.execute(
        "SELECT i.seq, i.contact, i.message_id, l.target FROM inbox AS i JOIN ledger AS l "  # noqa: S608  # a constant
        "ON l.seq = i.seq WHERE i.seq > ? AND l.status = 'delivered' "
        f"AND i.contact IN (SELECT e.value FROM {db.dialect.each})",
        (first, db.dialect.list_of(contacts)),
    ):
        later.setdefault((contact, target), []).append((seq, message_id))
    return [_standing(db, each, later.get((each.contact, each.target), ())) for each in letters]


def _standing(
    db: Database, letter: Letter, delivered: Sequence[tuple[int, str | None]]
) -> Standing:
    later = [name for seq, name in delivered if seq > letter.seq]
    itself = db.execute(
        "SELECT 1 FROM ledger WHERE seq = ? AND target = ? AND status = 'delivered'",
        (letter.seq, letter.target),
    ).fetchone()
    # The same event may have been accepted anew once its number had been let go.
    again = letter.message_id is not None and letter.message_id in later
    return Standing(delivered=bool(itself) or again, newer=len(later))


def judge(
    letter: Letter, found: Standing, connections: Mapping[str, Connection], *, unknown: bool
) -> Judgement:
    """Say what a replay would do with a letter.

    Args:
        letter: The letter.
        found: What the ledger says that bears on it.
        connections: The connections of the present configuration, by name.
        unknown: Whether to send again what may have been delivered.
    """
    connection = connections.get(letter.connection)
    mapping: Any = connection.mappings.get(letter.mapping) if connection else None
    if found.delivered:
        return Judgement(letter=letter, fate=Fate.DELIVERED)
    if mapping is None:
        return Judgement(letter=letter, fate=Fate.NO_MAPPING)
    if letter.status == Status.UNKNOWN and not unknown:
        return Judgement(letter=letter, fate=Fate.MAYBE_DELIVERED)
    event = orjson.loads(letter.event)
    prepared = mapping.prepare(0, event)
    if isinstance(prepared, Outcome):
        fate = Fate.FILTERED if prepared.status == Status.FILTERED else Fate.REJECTED
        return Judgement(letter=letter, fate=fate, message=prepared.message)
    now = payload_of(mapping, event)
    then = orjson.loads(letter.payload) if letter.payload else None
    changes = tuple(_changes(then, _plain(now)))
    fate = Fate.CHANGED if changes else Fate.SAME
    return Judgement(letter=letter, fate=fate, changes=changes, newer=found.newer)


def _changes(then: Any, now: Any) -> list[Change]:
    before, after = _flat("", then), _flat("", now)
    return [
        Change(path, before.get(path), after.get(path))
        for path in dict.fromkeys([*before, *after])
        if before.get(path) != after.get(path)
    ]


def _flat(path: str, value: Any) -> dict[str, str]:
    """Return the values inside a value as JSON, by path."""
    if isinstance(value, dict) and value:
        parts = [_flat(f"{path}.{name}" if path else name, each) for name, each in value.items()]
        return {name: text for part in parts for name, text in part.items()}
    return {} if value is None and not path else {path: orjson.dumps(value).decode()}


def _plain(payload: Any) -> Any:
    return orjson.loads(orjson.dumps(payload, default=str))
