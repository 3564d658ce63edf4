"""The ways of a connection to its account: clients and sessions, all by one configuration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs
import httpx

from wharfinger.configuration import ConnectionConfig
from wharfinger.delivery.client import Client
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.http import build_client
from wharfinger.delivery.redaction import Redactor
from wharfinger.delivery.session import Session
from wharfinger.errors import PluginError
from wharfinger.model.destination import Destination, names
from wharfinger.model.secret import Secret

if TYPE_CHECKING:
    from wharfinger.telemetry.recording import Telemetry

__all__ = ["Access"]


@attrs.frozen(kw_only=True)
class Access:
    """Makes the clients and the sessions of one connection.

    Attributes:
        destination: Where the connection delivers to.
        settings: An instance of the destination's settings class.
        config: The configuration of the connection.

    Raises:
        PluginError: The destination could not tell its hosts from the settings.
    """

    destination: Destination
    settings: Any
    config: ConnectionConfig
    _hosts: tuple[str, ...] = attrs.field(init=False)
    _redactor: Redactor = attrs.field(init=False, repr=False)

    @_hosts.default
    def _of_the_destination(self) -> tuple[str, ...]:
        return _hosts_of(self.destination, self.settings)

    @_redactor.default
    def _of_the_settings(self) -> Redactor:
        return Redactor(_secrets_of(self.settings))

    def client(
        self,
        auth: httpx.Auth | None,
        transport: httpx.AsyncBaseTransport | None,
        *,
        route: str | None = None,
        spend: Callable[[str, bytes], Awaitable[None]] | None = None,
        telemetry: Telemetry | None = None,
    ) -> Client:
        """Return a client for the destination's hosts; see `build_client`."""
        return build_client(
            hosts=self._hosts,
            redactor=self._redactor,
            auth=auth,
            timeouts=self.config.timeouts,
            transport=transport,
            route=route,
            spend=spend,
            telemetry=telemetry,
        )

    def session(self, client: Client, governor: Governor, auth: httpx.Auth | None) -> Session:
        """Return a session over a client."""
        return Session(
            settings=self.settings,
            auth=auth,
            client=client,
            governor=governor,
            redactor=self._redactor,
            longest_s=self.config.timeouts.whole_s,
            longest_wait_s=self.config.retry.wait_max_s,
        )

    def preview_session(self, client: Client, opened: Session | None) -> Session:
        """Return a session that neither waits for the account nor signs in to it.

        Args:
            client: Its client.
            opened: The session of the open connection, which may know things of the account.
        """
        governor = Governor(self.destination.limits.parallel_requests)
        session = opened or self.session(client, governor, None)
        return attrs.evolve(session, client=client, governor=governor, previewing=True)


def _hosts_of(destination: Destination, settings: Any) -> tuple[str, ...]:
    if destination.hosts_of is None:
        return destination.hosts
    try:
        return (*destination.hosts, *names(destination.hosts_of(settings)))
    except Exception as error:
        raise PluginError(
            f"{destination.title} could not tell its hosts from the settings: "
            f"{type(error).__name__}: {error}"
        ) from error


def _secrets_of(settings: Any) -> list[Secret]:
    if settings is None:
        return []
    values = (getattr(settings, attribute.name) for attribute in attrs.fields(type(settings)))
    each = chain.from_iterable(v if isinstance(v, list) else [v] for v in values)
    return [value for value in each if isinstance(value, Secret)]
