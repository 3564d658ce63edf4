"""What every page needs: inbox, configuration, connections at work, and who may what."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import attrs

import wharfinger
from wharfinger_host.configuration import read_inbox_configuration
from wharfinger_host.dashboard.access import Access
from wharfinger_host.dashboard.replays import Replays
from wharfinger_host.serving.counts import Counts
from wharfinger_host.serving.intake import Intake
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.store import Store, finished
from wharfinger_host.tally import Tally

__all__ = ["Desk"]

_P = ParamSpec("_P")
_Made = TypeVar("_Made")


@attrs.define(eq=False, kw_only=True)
class Desk:
    """What the pages are made of.

    Attributes:
        config: The configuration file.
        store: The inbox, opened for the dashboard alone: what it asks keeps no event waiting.
        plugins: Those that are loaded.
        access: Knows who may change something.
        at_work: Gives the connections that this process delivers to, by name.
        tally: What this process delivered.
        counts: What this process took in.
        intake: Takes in an event that a person writes; None where none can be.
        reload: Lets the process read its configuration again.
        replays: Those that were begun here.
        clock: The clock of leases, in seconds.
        thinking: Held while something is explained: that takes time, so one by one.
    """

    config: pathlib.Path
    store: Store
    plugins: wharfinger.Plugins
    access: Access
    at_work: Callable[[], Mapping[str, wharfinger.Connection]]
    tally: Tally = attrs.field(factory=Tally)
    counts: Counts = attrs.field(factory=Counts)
    intake: Intake | None = None
    reload: Callable[[], None] = lambda: None
    replays: Replays = attrs.field(factory=Replays)
    clock: Callable[[], float] = attrs.field()
    thinking: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    @clock.default
    def _of_the_store(self) -> Callable[[], float]:
        return self.store.lease_clock

    async def ask(
        self,
        question: Callable[Concatenate[Database, _P], _Made],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _Made:
        """Ask the inbox something, in one snapshot of it.

        Raises:
            StoreError: It cannot be read.
        """
        return await finished(self.store.read(question, *args, **kwargs))

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the connections as the configuration has them at present; none where it is gone.

        Nothing is looked up, so no secret is in them that does not stand in the file itself.
        """
        try:
            return read_inbox_configuration(self.config).connections
        except OSError:
            return {}

    def mappings(self) -> dict[str, list[str]]:
        """Return the names of connections and of their mappings, as the configuration has them."""
        return {
            name: list(mappings) if isinstance(mappings := table.get("mappings"), dict) else []
            for name, table in self.tables().items()
        }

    def routes(self) -> dict[str, str]:
        """Return where the requests of connections go instead of to the vendor, by name."""
        found = {name: table.get("route") for name, table in self.tables().items()}
        return {
            name: route
            for name, route in found.items()
            if isinstance(route, str) and route.startswith(("http://", "https://"))
        }
