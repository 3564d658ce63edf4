"""What waits for its time, where somebody sets the clock back.

The time at which an event is offered again is a time of day, because it must outlive the machine's
next start. Where the time of day goes back by hours, events would wait that much longer; so each
sign of life compares it with the clock of leases, which only ever goes on. A clock that is set
forward needs nothing: what is offered early does no harm. Nor does a start of the machine look like
a clock that was set back: the clock of leases begins anew, so the time of day is further ahead of
it than before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.facts import fact, set_fact

__all__ = ["follow_clock"]

_AHEAD: Final = "clock_ahead_ms"
_LEAST_MS: Final = 2_000


def follow_clock(db: Database, now_ms: Callable[[], int], now_s: Callable[[], float]) -> None:
    """Let times follow the time of day where it was set back since the last call.

    Args:
        db: Within a transaction; both clocks are read once the file is ours.
        now_ms: Gives milliseconds since 1970.
        now_s: Gives seconds by the clock of leases.
    """
    ahead_ms = now_ms() - int(now_s() * 1000)
    before_ms = fact(db, _AHEAD)
    if before_ms is not None and abs(ahead_ms - before_ms) < _LEAST_MS:
        return
    set_fact(db, _AHEAD, ahead_ms)
    if before_ms is not None and ahead_ms < before_ms:
        # What is due at once has 0 for its time, and stays so.
        db.execute(
            "UPDATE deferred SET due_ms = CASE WHEN due_ms + :change > 0 THEN due_ms + :change "
            "ELSE 0 END, since_ms = since_ms + :change",
            {"change": ahead_ms - before_ms},
        )
