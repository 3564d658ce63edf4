"""Plans of several connections: made, shown to a person, and applied over the same open ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import attrs

import wharfinger
from wharfinger import Connection, Finding, Plan
from wharfinger_host.looking import failure
from wharfinger_host.progress import working

__all__ = ["Planned", "Planner", "changes_of"]


@attrs.define(kw_only=True)
class Planned:
    """What is to be made for one connection, and what became of it.

    Attributes:
        connection: The connection.
        plans: One per mapping whose action can make what it needs.
        obstacle: Why there are no plans, where the vendor did not say what is there.
        applied: What was found while the plans were applied; None before that.
    """

    connection: Connection
    plans: Sequence[Plan] = ()
    obstacle: Finding | None = None
    applied: Sequence[Finding] | None = None

    @property
    def unplanned(self) -> list[str]:
        """Names of the mappings whose action makes nothing at the vendor."""
        mappings = self.connection.mappings.items()
        return [name for name, mapping in mappings if mapping.action.provision is None]

    @property
    def findings(self) -> list[Finding]:
        """Everything that was found, while planning and while applying."""
        found = [finding for plan in self.plans for finding in plan.findings]
        obstacle = [self.obstacle] if self.obstacle else []
        return [*obstacle, *found, *(self.applied or ())]


def changes_of(planned: Sequence[Planned]) -> Counter[str]:
    """Return how many lines of which kind the plans have."""
    plans = (plan for each in planned for plan in each.plans)
    return Counter(change.kind for plan in plans for change in plan.changes)


class Planner:
    """Opens connections, plans, and applies; a context manager.

    A person reads and answers between these steps, outside the event loop: Ctrl-C ends the
    waiting for an answer at once.

    Args:
        connections: By name; not open yet.
        quiet: Shows no progress.
    """

    def __init__(self, connections: Mapping[str, Connection], *, quiet: bool = False) -> None:
        self._connections = connections
        self._quiet = quiet
        self._stack = AsyncExitStack()
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()

    def plan(
        self, events: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
    ) -> list[Planned]:
        """Plan for every connection; one that cannot be reached does not keep the others waiting.

        Args:
            events: Samples.
            options: What is wished for, by name.

        Raises:
            ConfigurationError: An option is unknown or wrong; nothing was changed.
        """
        return [
            self._runner.run(self._plan(connection, events, options))
            for connection in self._connections.values()
        ]

    def apply(self, planned: Sequence[Planned]) -> None:
        """Make what the plans say, and enter what became of it."""
        for each in planned:
            if any(plan.creates for plan in each.plans):
                self._runner.run(self._apply(each))

    async def _plan(
        self,
        connection: Connection,
        events: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
    ) -> Planned:
        with working(f"Looking at {connection.name}", quiet=self._quiet):
            try:
                await self._stack.enter_async_context(connection)
                plans = await connection.plan(events, options)
            except wharfinger.ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001  # any plugin may break; the others go on
                return Planned(connection=connection, obstacle=failure(connection.name, error))
        return Planned(connection=connection, plans=plans)

    async def _apply(self, planned: Planned) -> None:
        with working(f"Making what {planned.connection.name} needs", quiet=self._quiet):
            planned.applied = await planned.connection.apply(planned.plans)
