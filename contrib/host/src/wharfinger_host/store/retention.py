"""Letting go of what is done and old enough."""

from __future__ import annotations

import sqlite3

import attrs

__all__ = ["Pruned", "Retention", "prune"]

_DAY_MS = 24 * 60 * 60 * 1000
_AT_A_TIME = 5_000


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
        more: Whether there is more to let go.
    """

    events: int
    letters: int
    more: bool


def prune(db: sqlite3.Connection, retention: Retention, now_ms: int) -> Pruned:
    """Let some of what is old go; what waits for anything stays, however old it is.

    Args:
        db: Within a transaction; it is kept short, so call again while there is more.
        retention: How long things are kept.
        now_ms: Milliseconds since 1970.
    """
    cutoff = now_ms - int(retention.events_days * _DAY_MS)
    old = _done_before(db, cutoff)
    for table in ("ledger", "tries", "inbox"):
        db.executemany(f"DELETE FROM {table} WHERE seq = ?", [(seq,) for seq in old])  # noqa: S608  # constants
    if old and len(old) < _AT_A_TIME:
        # What is left over until then does no harm: an id is looked up in the log itself.
        (first,) = db.execute("SELECT coalesce(min(seq), ?) FROM inbox", (old[-1] + 1,)).fetchone()
        db.execute("DELETE FROM message_ids WHERE seq < ?", (first,))
    letters = db.execute(
        "DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE at_ms < ? ORDER BY id "
        "LIMIT ?)",
        (now_ms - int(retention.letters_days * _DAY_MS), _AT_A_TIME),
    ).rowcount
    return Pruned(len(old), letters, more=len(old) == _AT_A_TIME or letters == _AT_A_TIME)


def _done_before(db: sqlite3.Connection, cutoff_ms: int) -> list[int]:
    """Return the first events that nobody waits for; the log is in the order of its times."""
    rows = db.execute(
        "SELECT seq, accepted_ms, "
        "EXISTS (SELECT 1 FROM lanes WHERE partition = i.partition AND position < i.seq) "
        "OR EXISTS (SELECT 1 FROM deferred WHERE seq = i.seq) "
        "OR EXISTS (SELECT 1 FROM intents WHERE seq = i.seq) FROM inbox AS i ORDER BY seq"
    )
    done: list[int] = []
    for seq, accepted_ms, needed in rows:
        if accepted_ms >= cutoff_ms or len(done) == _AT_A_TIME:
            break
        if not needed:
            done.append(seq)
    return done
