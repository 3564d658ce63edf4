"""How it stands with each connection: who works for it, what waits, and how long that will take."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import attrs

from wharfinger import Connection, Finding, Usage
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.history import Stretch
from wharfinger_host.store.backlog import Backlog, backlog_of, state_of
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.leases import known
from wharfinger_host.store.minutes import MINUTE_MS, Tallied, minutes_since
from wharfinger_host.tally import Tally

__all__ = ["Standing", "standings"]

_RECENT_MINUTES: Final = 5


@attrs.frozen(kw_only=True)
class Standing:
    """How it stands with one connection.

    Attributes:
        name: Its name.
        destination: What the configuration says it delivers to; ``""`` where it has none.
        state: For machines: ``stranger``, ``halted``, ``unmanned``, ``paused``, ``working`` or
            ``done``.
        backlog: What is left to do.
        recent: Outcomes of the last minutes.
        usage: What its tenant was asked by this process; None where another one delivers.
        forecast_s: Seconds until the backlog is done; None where nobody can say.
        findings: What was found at the vendor when it opened, if this process opened it.
    """

    name: str
    destination: str
    state: str
    backlog: Backlog
    recent: Stretch
    usage: Usage | None = None
    forecast_s: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def per_minute(self) -> float:
        """Outcomes a minute, of late."""
        return self.recent.total / _RECENT_MINUTES

    @property
    def error_share(self) -> float | None:
        """Which share of them delivered nothing; None where there was none."""
        return self.recent.failed / self.recent.total if self.recent.total else None

    @property
    def calls(self) -> int:
        """Calls that left this process for its tenant."""
        return sum(self.usage.calls.values()) if self.usage else 0


async def standings(desk: Desk) -> list[Standing]:
    """Return how it stands with every connection that the inbox keeps events for.

    Args:
        desk: What is looked at.

    Raises:
        StoreError: The inbox cannot be read.
    """
    now_ms = desk.store.now_ms()
    since_ms = (now_ms // MINUTE_MS - _RECENT_MINUTES) * MINUTE_MS
    backlogs, tallied = await desk.ask(_look, desk.clock(), since_ms)
    tables, at_work = desk.tables(), desk.at_work()
    found: list[Standing] = []
    for name, backlog in backlogs.items():
        connection = at_work.get(name)
        usage = connection.usage if connection else None
        standing = Standing(
            name=name,
            destination=str(tables.get(name, {}).get("destination", "")),
            state=state_of(backlog, usage, is_stranger=name not in tables),
            backlog=backlog,
            recent=_recent(name, tallied, since_ms),
            usage=usage,
            findings=connection.findings if connection else (),
        )
        if connection is not None and standing.state in ("working", "paused"):
            forecast_s = _forecast(
                connection, _done(desk.tally, name), backlog.waiting, standing.calls
            )
            standing = attrs.evolve(standing, forecast_s=forecast_s)
        found.append(standing)
    return found


def _done(tally: Tally, connection: str) -> int:
    """Count the events that this process is done with: each has an outcome under every mapping."""
    totals = [counts.total() for (name, _), counts in tally.counts.items() if name == connection]
    return max(totals, default=0)


def _look(db: Database, now_s: float, since_ms: int) -> tuple[dict[str, Backlog], list[Tallied]]:
    backlogs = {name: backlog_of(db, name, now_s) for name in known(db)}
    return backlogs, minutes_since(db, since_ms)


def _recent(name: str, tallied: Sequence[Tallied], since_ms: int) -> Stretch:
    counts: Counter[str] = Counter()
    for each in tallied:
        if each.connection == name:
            counts[each.status] += each.count
    return Stretch(since_ms, counts)


def _forecast(connection: Connection, events: int, waiting: int, calls: int) -> float | None:
    """Say how long the backlog takes if each event costs as many calls as those before it did.

    Args:
        connection: Knows how fast its tenant answers, and what its budget leaves.
        events: How many events this process is done with for it.
        waiting: How many are left.
        calls: How many calls the former took.
    """
    if not waiting or not events or not calls:
        return None
    return connection.forecast(math.ceil(waiting * calls / events))
