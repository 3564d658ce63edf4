"""Letting go of what is done and old enough."""

from __future__ import annotations

import attrs

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.facts import fact, set_fact
from wharfinger_host.store.inbox import last_seq
from wharfinger_host.store.minutes import forget_minutes

__all__ = ["Pruned", "Retention", "prune"]

_DAY_MS = 24 * 60 * 60 * 1000
_AT_A_TIME = 5_000
_LOOKED_AT = 20_000
_IDS_FROM = "message_ids_from"


@attrs.frozen(kw_only=True)
class Retention:
    """How long things are kept.

    Attributes:
        events_days: Events that every connection is done with, and their outcomes; as long as
            that, a duplicate is told by its message id.
        letters_days: Dead letters.
    """

    events_days: float = attrs.field(default=7.0, validator=attrs.validators.ge(0))
    letters_days: float = attrs.field(default=90.0, validator=attrs.validators.ge(0))


@attrs.frozen
class Pruned:
    """How much was let go.

    Attributes:
        events: Events, with their outcomes.
        letters: Dead letters.
        go_on_after: Where to go on; None at the end.
    """

    events: int
    letters: int
    go_on_after: int | None


def prune(db: Database, retention: Retention, now_ms: int, *, after: int = 0) -> Pruned:
    """Let some of what is old go; what waits for anything stays, however old it is.

    Args:
        db: Within a transaction; it is kept short, whatever there is to look at.
        retention: How long things are kept.
        now_ms: Milliseconds since 1970.
        after: Where the call before came to; 0 to begin.
    """
    cutoff = now_ms - int(retention.events_days * _DAY_MS)
    old, looked_to = _done_after(db, after, cutoff)
    for table in ("ledger", "tries", "inbox") if old else ():
        db.execute(
            f"DELETE FROM {table} WHERE seq {db.dialect.among}",  # noqa: S608  # constants
            (db.dialect.numbers(old),),
        )
    if looked_to is not None:
        return Pruned(len(old), 0, looked_to)
    _let_go_before_the_log(db, cutoff)
    forget_minutes(db, now_ms)
    letters = db.execute(
        "DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE at_ms < ? ORDER BY id "
        "LIMIT ?)",
        (now_ms - int(retention.letters_days * _DAY_MS), _AT_A_TIME),
    ).rowcount
    return Pruned(len(old), letters, last_seq(db) if letters == _AT_A_TIME else None)


def _done_after(db: Database, after: int, cutoff_ms: int) -> tuple[list[int], int | None]:
    """Return events that nobody waits for, and where to go on looking; None for nowhere.

    The log is in the order of its times. What waits may be millions, so it is looked at in parts.
    """
    rows = db.execute(
        "SELECT seq, accepted_ms, "
        "EXISTS (SELECT 1 FROM lanes WHERE partition = i.partition AND position < i.seq) "
        "OR EXISTS (SELECT 1 FROM deferred WHERE seq = i.seq) "
        "OR EXISTS (SELECT 1 FROM intents WHERE seq = i.seq) FROM inbox AS i WHERE seq > ? "
        "ORDER BY seq LIMIT ?",
        (after, _LOOKED_AT),
    )
    done: list[int] = []
    looked = 0
    for seq, accepted_ms, needed in rows:
        if accepted_ms >= cutoff_ms:
            return done, None
        if not needed:
            done.append(seq)
        looked, after = looked + 1, seq
        if len(done) == _AT_A_TIME:
            return done, after
    return done, after if looked == _LOOKED_AT else None


def _let_go_before_the_log(db: Database, cutoff_ms: int) -> None:
    """Let go what belongs to no event any more, below the first that is left."""
    (first,) = db.execute("SELECT coalesce(min(seq), ?) FROM inbox", (last_seq(db) + 1,)).fetchone()
    # A letter that is replayed after its event was let go leaves its outcome here.
    for table in ("ledger", "tries"):
        db.execute(f"DELETE FROM {table} WHERE seq < ? AND at_ms < ?", (first, cutoff_ms))  # noqa: S608  # constants
    if first > (fact(db, _IDS_FROM) or 0):
        # What is left over until then does no harm: an id is looked up in the log itself.
        db.execute("DELETE FROM message_ids WHERE seq < ?", (first,))
        set_fact(db, _IDS_FROM, first)
