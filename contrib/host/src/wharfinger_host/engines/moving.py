"""From the inbox to an engine: what waits for each connection goes to its lanes, and to no other's.

Events are published first and let go afterwards, portion by portion. Whatever ends it in between,
they are published once more the next time, under the same ids.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import attrs
import orjson

from wharfinger import Connection, Effect, Status
from wharfinger_host.engines.contract import Directed, Engine, EngineError, LaneEvent
from wharfinger_host.engines.ledger import announce
from wharfinger_host.store import leases
from wharfinger_host.store.leases import LEASE_S, Held
from wharfinger_host.store.ledger import DEFERRED, Settlement, known_since, settle
from wharfinger_host.store.moving import InboxInUseError, Waiting, read_ahead, read_aside, seize
from wharfinger_host.store.store import Store, finished
from wharfinger_host.store.targets import add_targets
from wharfinger_host.working.verdicts import takes

__all__ = ["Move", "Moved", "Target", "directed"]

PORTION: Final = 500
"""Events that are published before they are let go; as many may be published twice."""


@attrs.define
class Moved:
    """What was done for one connection.

    Attributes:
        events: How many went to the engine.
        unknown: How many became ``unknown`` dead letters, each mapping by itself: they were on
            their way when a worker died, and must not be sent twice.
    """

    events: int = 0
    unknown: int = 0


@attrs.frozen
class _Leaving:
    """An event on its way out.

    Attributes:
        seq: Its number.
        event: As the engine gets it.
        again: Numbers of the mappings that have delivered it, and are to once more.
    """

    seq: int
    event: LaneEvent
    again: tuple[int, ...] = ()


class Target(Engine, Directed, Protocol):
    """An engine that what waits for one connection can be moved to."""


def directed(engine: Engine) -> Target:
    """Return an engine that what waits for one connection can be moved to.

    Raises:
        EngineError: It hands every event to all connections.
    """
    if not isinstance(engine, Directed):
        raise EngineError(
            "This engine hands every event to all connections, so what waits for one of them "
            "cannot be moved there. Let the inbox run empty: `wharfinger run --once` without "
            "an engine."
        )
    return engine


@attrs.define(eq=False, kw_only=True)
class Move:
    """Moves what waits.

    Attributes:
        store: The inbox.
        engine: Gets it.
        connections: Whose events, by name. One is opened only where a worker died and left gaps, to
            learn which of its mappings may send an event twice.
        hear: Called after each portion with how many events went to the engine.
        portion: Events that go together.
        clock: The clock of leases.
        moved: What was done, by connection.
    """

    store: Store
    engine: Target
    connections: Mapping[str, Connection]
    hear: Callable[[int], None] = lambda _: None
    portion: int = PORTION
    clock: Callable[[], float] = time.monotonic
    moved: dict[str, Moved] = attrs.field(factory=dict)
    _effects: dict[str, dict[str, Effect]] = attrs.field(factory=dict)
    _owner: str = attrs.field(factory=lambda: f"move {secrets.token_hex(8)}")
    _file: str = ""

    async def run(self) -> None:
        """Move everything; what is accepted meanwhile may stay for the next time.

        Raises:
            InboxInUseError: Somebody works on the inbox.
            EngineError: The engine takes no more; what was moved before stays moved.
            StoreError: The inbox cannot be used.
        """
        store = self.store
        seized = await finished(
            store.write(seize, self._owner, tuple(self.connections), self.clock, store.now_ms())
        )
        self._file = seized.file
        self.moved = {name: Moved(unknown=count) for name, count in seized.unknown.items()}
        keeping = asyncio.create_task(self._keep(seized.lanes))
        try:
            for held in seized.lanes:
                await self._move(held)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await finished(store.note(leases.leave, self._owner))

    async def _keep(self, lanes: Sequence[Held]) -> None:
        """Renew the leases; whoever lost one hears of it as a portion is let go."""
        while True:
            await asyncio.sleep(LEASE_S / 5)
            await finished(
                self.store.note(lambda db: leases.hold(db, self._owner, lanes, self.clock()))
            )

    async def _move(self, held: Held) -> None:
        connection = self.connections[held.connection]
        names = tuple(connection.mappings)
        targets = await finished(self.store.write(add_targets, held.connection, names))
        while aside := await finished(self.store.read(read_aside, held, names, self.portion)):
            named = {number: name for name, number in targets.items()}
            leaving = [
                self._leaving(each, tuple(named[target] for target in each.targets))
                for each in aside
            ]
            done = [(t, held.partition, each.seq) for each in aside for t in each.targets]
            await self._pass_on(held, leaving, Settlement(done=done))
        numbers = {name: targets[name] for name in names}
        known = await finished(self.store.read(known_since, held, tuple(numbers.values())))
        sorting = _Sorting(connection, numbers, known, await self._effects_of(connection, known))
        position = held.position
        while True:
            ahead, read_to = await finished(
                self.store.read(read_ahead, held, position, self.portion)
            )
            if not ahead:
                return
            settlement = Settlement(position=read_to)
            leaving = []
            for each in ahead:
                settlement.done += [
                    (target, held.partition, each.seq) for target in sorting.deferred(each.seq)
                ]
                choice = sorting.choose(each)
                if choice.is_left:
                    leaving.append(self._leaving(each, choice.only, again=choice.again))
            await self._pass_on(held, leaving, settlement)
            position = read_to

    async def _effects_of(
        self, connection: Connection, known: Mapping[int, Any]
    ) -> Mapping[str, Effect]:
        if not known:
            return {}
        if connection.name not in self._effects:
            async with connection:
                self._effects[connection.name] = dict(connection.effects)
        return self._effects[connection.name]

    def _leaving(
        self, each: Waiting, only: tuple[str, ...], *, again: tuple[int, ...] = ()
    ) -> _Leaving:
        name = each.message_id or f"{self._file}-{each.seq}"
        event = LaneEvent(name, each.contact, each.raw, only)
        return _Leaving(each.seq, event, again)

    async def _pass_on(
        self, held: Held, leaving: Sequence[_Leaving], settlement: Settlement
    ) -> None:
        """Publish events, and let them go once they are safe."""
        if leaving:
            named = {each.seq: each.event.id for each in leaving}
            again = [(each.seq, target) for each in leaving for target in each.again]
            await finished(self.store.write(announce, named, again))
            await self.engine.publish_to(held.connection, [each.event for each in leaving])
        (kept,) = await finished(self.store.write(settle, [(held, settlement)]))
        if not kept:
            raise InboxInUseError(
                f"Another process has taken over partition {held.partition} of {held.connection}. "
                "End it, and move again: what both have is told by its ids."
            )
        self.moved[held.connection].events += len(leaving)
        self.hear(len(leaving))


@attrs.frozen
class _Choice:
    """What is still to be done with an event.

    Attributes:
        only: Through which mappings it is to go; empty for all.
        is_left: Whether anything is.
        again: Numbers of those that have delivered it, and are to once more.
    """

    only: tuple[str, ...] = ()
    is_left: bool = True
    again: tuple[int, ...] = ()


@attrs.define(eq=False)
class _Sorting:
    """Tells through which mappings the events of a log are still to go, as a worker would.

    Attributes:
        connection: Whose events.
        targets: Numbers of its mappings.
        known: What was settled or put aside beyond the position of the lane.
        effects: What it means to send an event twice, by name of the mapping; empty where nothing
            is known.
    """

    connection: Connection
    targets: Mapping[str, int]
    known: dict[int, dict[int, str]]
    effects: Mapping[str, Effect]
    _gaps: set[tuple[int, str]] = attrs.field(factory=set)

    def deferred(self, seq: int) -> list[int]:
        """Return the mappings that an event was put aside for."""
        return [t for t, status in self.known.get(seq, {}).items() if status == DEFERRED]

    def choose(self, each: Waiting) -> _Choice:
        """Return what is still to be done with the next event of the lane."""
        found = self.known.pop(each.seq, None)
        if found is None and not self.known:
            return _Choice()
        content = orjson.loads(each.raw)
        found = found or {}
        left = [name for name in self.targets if self._is_left(name, each, found, content)]
        if not found:
            return _Choice()
        again = (self.targets[name] for name in left)
        delivered = tuple(each for each in again if found.get(each) == Status.DELIVERED)
        return _Choice(tuple(left), bool(left), delivered)

    def _is_left(self, name: str, each: Waiting, found: Mapping[int, str], content: Any) -> bool:
        """Tell whether an event is not settled for a mapping, or is to follow one that is not.

        A worker may have died when an event was delivered and an earlier one of the same contact
        was not settled. The earlier one is sent again, so the later one has to follow.
        """
        mapping: Any = self.connection.mappings[name]
        place = (self.targets[name], each.contact)
        status = found.get(place[0])
        if status not in (None, DEFERRED):
            follows = place in self._gaps and self.effects[name] is Effect.IDEMPOTENT
            return follows and status == Status.DELIVERED
        if mapping.action.order_key is not None and takes(mapping, content):
            self._gaps.add(place)
        return True
