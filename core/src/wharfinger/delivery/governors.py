"""Which connections share a governor: those of one tenant, reached in the same way."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, MutableMapping
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import httpx

from wharfinger.delivery.governor import Governor
from wharfinger.delivery.shared import SharedState
from wharfinger.delivery.sharing import Asking
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
        self._all: WeakSet[Governor] = WeakSet()
        self._asking: Asking | None = None

    @property
    def shared(self) -> SharedState | None:
        """What they share; None where they share nothing."""
        return None if self._asking is None else self._asking.state

    def share(self, state: SharedState) -> None:
        """Let all of them keep what processes share, those of later connections as well."""
        self._asking = Asking(state)
        for governor in tuple(self._all):
            governor.share_with(self._asking)

    def of(
        self,
        destination: Destination,
        settings: Any,
        *,
        name: str = "",
        route: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> Governor:
        """Return the governor for a connection; its own where the destination names no tenants.

        Args:
            destination: Where the connection delivers to.
            settings: Its settings, from which the destination tells the tenant.
            name: Its name, by which it is told from others where the destination names no tenants.
            route: The address that is dialled instead, behind which another tenant stands.
            transport: What takes the place of the network, if anything does.

        Raises:
            PluginError: The destination's function failed, or gave what cannot be a key.
        """
        parallel = destination.limits.parallel_requests
        if destination.tenant is None:
            # The settings hide their secrets when they are shown.
            tenant = _name(destination, (name, settings), route)
            return self._known(Governor(parallel, tenant=tenant))
        try:
            account = destination.tenant(settings)
            # By identity: a transport may be unhashable, and lives as long as its connections do.
            key = destination.slug, account, route, id(transport)
            home: MutableMapping[Hashable, Governor]
            home = self._kept if transport is None else self._lent
            fresh = Governor(parallel, tenant=_name(destination, account, route))
            return self._known(home.setdefault(key, fresh))
        except Exception as error:
            raise PluginError(
                f"{destination.title} could not tell the tenant from the settings: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _known(self, governor: Governor) -> Governor:
        self._all.add(governor)
        if self._asking is not None:
            governor.share_with(self._asking)
        return governor


def _name(destination: Destination, account: Any, route: str | None) -> str:
    """Return a name of a tenant that is the same in every process."""
    digest = hashlib.sha256(repr((account, route)).encode("utf-8", "backslashreplace"))
    return f"{destination.slug}-{digest.hexdigest()[:32]}"
