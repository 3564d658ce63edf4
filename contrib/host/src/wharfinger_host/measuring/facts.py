"""What is measured: the inbox, which the processes share, and what this process did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

import attrs

import wharfinger
from wharfinger import Usage
from wharfinger_host.engines.at_work import Lanes
from wharfinger_host.measuring import sharing
from wharfinger_host.measuring.engine import EngineFacts, look_at
from wharfinger_host.measuring.totals import Target, Totals
from wharfinger_host.serving.counts import Counts
from wharfinger_host.sharing.shared import Shared
from wharfinger_host.store.backlog import Backlog, backlog_of, oldest_of, state_of
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.leases import known
from wharfinger_host.store.minutes import Tallied, minutes_since
from wharfinger_host.store.store import Store, finished

__all__ = ["Facts", "Gauge", "Measured"]


@attrs.frozen(kw_only=True)
class Measured:
    """How it stands with one connection.

    Attributes:
        state: One word; see `state_of`.
        backlog: What it is not done with.
        oldest_s: How many seconds the oldest of that has waited; 0 where there is none.
        usage: What its tenant was asked by this process; None where another one delivers.
    """

    state: str
    backlog: Backlog
    oldest_s: float
    usage: Usage | None


@attrs.frozen(kw_only=True)
class Facts:
    """What is measured at one moment.

    Attributes:
        connections: By name.
        outcomes: How many outcomes since this process began, whoever delivered.
        letters: How many dead letters there are, by connection, mapping and status.
        counts: What this process took in; None where it takes nothing in.
        engine: How it stands with the engine; None where the events are in the inbox.
        shared: How it stands with what workers share; None where they share nothing.
    """

    connections: Mapping[str, Measured]
    outcomes: Mapping[Target, int]
    letters: Mapping[Target, int]
    counts: Counts | None
    engine: EngineFacts | None = None
    shared: sharing.SharedFacts | None = None


@attrs.define(eq=False, kw_only=True)
class Gauge:
    """Measures.

    Attributes:
        store: The inbox, opened for this alone: what is asked keeps no event waiting.
        at_work: Gives the connections that this process delivers to, by name.
        names: Gives the names of those that the configuration has.
        counts: What this process took in; None where it takes nothing in.
        lanes: Of an engine; None where the events are in the inbox.
        shared: What workers share; None where they share nothing.
        clock: The clock of leases, in seconds.
    """

    store: Store
    at_work: Callable[[], Mapping[str, wharfinger.Connection]]
    names: Callable[[], Collection[str]]
    counts: Counts | None = None
    lanes: Lanes | None = None
    shared: Shared | None = None
    clock: Callable[[], float] = attrs.field()
    _totals: Totals = attrs.field(init=False)

    @clock.default
    def _of_the_store(self) -> Callable[[], float]:
        return self.store.lease_clock

    @_totals.default
    def _begin(self) -> Totals:
        return self.store.read(Totals.begin, self.store.now_ms()).result()

    async def measure(self) -> Facts:
        """Measure now.

        Raises:
            StoreError: The inbox cannot be read.
        """
        now_ms = self.store.now_ms()
        found = await finished(self.store.read(_look, self.clock(), self._totals.since_ms))
        names, at_work = self.names(), self.at_work()
        connections = {}
        for name, (backlog, oldest_ms) in found.connections.items():
            connection = at_work.get(name)
            usage = connection.usage if connection else None
            connections[name] = Measured(
                state=state_of(backlog, usage, is_stranger=name not in names),
                backlog=backlog,
                oldest_s=0.0 if oldest_ms is None else max(0, now_ms - oldest_ms) / 1000,
                usage=usage,
            )
        engine, shared = await asyncio.gather(self._engine(names), self._sharing(at_work))
        return Facts(
            connections=connections,
            outcomes=self._totals.take(found.tallied, now_ms),
            letters=found.letters,
            counts=self.counts,
            engine=engine,
            shared=shared,
        )

    async def _engine(self, names: Collection[str]) -> EngineFacts | None:
        return None if self.lanes is None else await look_at(self.lanes, names)

    async def _sharing(
        self, at_work: Mapping[str, wharfinger.Connection]
    ) -> sharing.SharedFacts | None:
        return None if self.shared is None else await sharing.look_at(self.shared.store, at_work)


@attrs.frozen
class _Found:
    connections: dict[str, tuple[Backlog, int | None]]
    tallied: list[Tallied]
    letters: dict[Target, int]


def _look(db: Database, now_s: float, since_ms: int) -> _Found:
    letters = db.execute(
        "SELECT t.connection, t.mapping, l.status, count(*) FROM letters AS l "
        "JOIN targets AS t ON t.id = l.target GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    return _Found(
        {name: (backlog_of(db, name, now_s), oldest_of(db, name)) for name in known(db)},
        minutes_since(db, since_ms),
        {(connection, mapping, status): count for connection, mapping, status, count in letters},
    )
