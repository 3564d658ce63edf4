"""Which connections share a governor: those of one tenant, reached in the same way."""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping
from typing import Any
from weakref import WeakValueDictionary

import httpx

from wharfinger.delivery.governor import Governor
from wharfinger.errors import PluginError
from wharfinger.model.destination import Destination

__all__ = ["Governors"]


class Governors:
    """The governors of one host.

    A governor outlives the connections that share it, so that a pause, or what was spent of a
    day's budget, is not forgotten with them. One behind a transport of a test's own goes with it.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, Governor] = {}
        self._lent: WeakValueDictionary[Hashable, Governor] = WeakValueDictionary()

    def of(
        self,
        destination: Destination,
        settings: Any,
        *,
        route: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> Governor:
        """Return the governor for a connection; its own where the destination names no tenants.

        Args:
            destination: Where the connection delivers to.
            settings: Its settings, from which the destination tells the tenant.
            route: The address that is dialled instead, behind which another tenant stands.
            transport: What takes the place of the network, if anything does.

        Raises:
            PluginError: The destination's function failed, or gave what cannot be a key.
        """
        fresh = Governor(destination.limits.parallel_requests)
        if destination.tenant is None:
            return fresh
        try:
            # By identity: a transport may be unhashable, and lives as long as its connections do.
            key = destination.slug, destination.tenant(settings), route, id(transport)
            home: MutableMapping[Hashable, Governor]
            home = self._kept if transport is None else self._lent
            return home.setdefault(key, fresh)
        except Exception as error:
            raise PluginError(
                f"{destination.title} could not tell the tenant from the settings: "
                f"{type(error).__name__}: {error}"
            ) from error
