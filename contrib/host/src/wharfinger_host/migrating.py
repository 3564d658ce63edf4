"""One move from the inbox to an engine: counted, done, and counted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from wharfinger import Connection
from wharfinger_host.engines.at_work import check
from wharfinger_host.engines.contract import EngineError
from wharfinger_host.engines.moving import Move, Target
from wharfinger_host.exits import Exit
from wharfinger_host.progress import MoveProgress
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.leases import known, waiting_for
from wharfinger_host.store.moving import Waits, waits
from wharfinger_host.store.store import Store
from wharfinger_host.views.migrate import Migration

__all__ = ["Migrating"]


@attrs.define(eq=False, kw_only=True)
class Migrating:
    """A move, as the command makes it.

    Attributes:
        store: The inbox.
        engine: Gets what waits; not connected yet.
        connections: Of the configuration; see `Move` for which are opened.
        url: Of the engine, without the password.
        progress: Shows how far it has come.
        interrupted: Whether a person ended it.
    """

    store: Store
    engine: Target
    connections: Mapping[str, Connection]
    url: str
    progress: MoveProgress
    interrupted: bool = False
    _before: dict[str, Waits] = attrs.field(factory=dict)
    _move: Move | None = None

    async def run(self, *, dry_run: bool) -> Migration:
        """Move, or only count.

        Raises:
            EngineError: The engine cannot be used; nothing was moved.
            StoreError: The inbox cannot be used, or is worked on; nothing was moved.
        """
        problem = ""
        try:
            await check(self.engine, tuple(self.connections))
            self._before = self._waits()
            if not dry_run:
                problem = await self._moved()
        finally:
            await self.engine.close()
        return self.found(problem)

    async def _moved(self) -> str:
        """Move, and return why it ended early, or ``""``."""
        self.progress.begin(sum(each.ahead + each.aside for each in self._before.values()))
        self._move = Move(
            store=self.store,
            engine=self.engine,
            connections=self.connections,
            hear=self.progress.add,
        )
        try:
            await self._move.run()
        except (EngineError, StoreError) as error:
            if not self._move.moved:
                raise
            return str(error)
        return ""

    def found(self, problem: str = "") -> Migration:
        """Return what was done.

        Args:
            problem: Why it ended early, or ``""``.
        """
        return Migration(
            engine=self.url,
            before=self._before,
            moved=None if self._move is None else self._move.moved,
            after=self._waits(),
            strangers=self.store.read(_strangers, tuple(self.connections)).result(),
            problem=problem,
        )

    def exit_code(self, found: Migration) -> Exit:
        """Return what the command ends with."""
        if self.interrupted:
            return Exit.INTERRUPTED
        if found.problem:
            return Exit.FILES
        return Exit.OK if found.is_whole else Exit.FAILED

    def _waits(self) -> dict[str, Waits]:
        return {
            name: self.store.read(waits, name, tuple(each.mappings)).result()
            for name, each in self.connections.items()
        }


def _strangers(db: Database, connections: Sequence[str]) -> dict[str, int]:
    counts = {name: waiting_for(db, name) for name in known(db) if name not in connections}
    return {name: count for name, count in counts.items() if count}
