"""The account of a connection: opened, at work, and closed again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import attrs
import httpx

from wharfinger.access import Access
from wharfinger.active import ActiveMapping
from wharfinger.delivery.client import Client
from wharfinger.delivery.governor import Governor, Terms
from wharfinger.delivery.session import Session
from wharfinger.errors import NotOpenError
from wharfinger.given import Given
from wharfinger.opening import OpenedMappings, open_mappings
from wharfinger.receipts import Halts
from wharfinger.sending import BatchSender
from wharfinger.telemetry import telemetry_of
from wharfinger.watched import Watch

if TYPE_CHECKING:
    from wharfinger.telemetry.recording import Telemetry

__all__ = ["Account"]


@attrs.define(kw_only=True, eq=False)
class Account:
    """What a connection has of its account, which is more while it is open.

    Attributes:
        name: Of the connection.
        access: Makes clients and sessions.
        given: What plugins gave for it.
        governor: Bounds the requests of the tenant.
        transport: Takes the place of the network; None for the network.
        terms: What this connection asks of the governor.
        opened: The mappings as they were found when it opened; None while it is not open.
        telemetry: Records what it does; None where nobody listens.
    """

    name: str
    access: Access
    given: Given
    governor: Governor
    transport: httpx.AsyncBaseTransport | None = None
    terms: Terms = attrs.field(init=False)
    opened: OpenedMappings | None = attrs.field(init=False, default=None)
    telemetry: Telemetry | None = attrs.field(init=False, default=None)
    _client: Client | None = attrs.field(init=False, default=None)
    _session: Session | None = attrs.field(init=False, default=None)

    @terms.default
    def _as_configured(self) -> Terms:
        return Terms(budget=self.access.config.budget, circuit=self.access.config.circuit)

    async def open(self, mappings: Mapping[str, ActiveMapping]) -> None:
        """Sign in, and let every action look at what its mapping needs.

        Args:
            mappings: The enabled mappings of the connection, by name.

        Raises:
            RuntimeError: It is open already.
        """
        if self._client is not None:
            raise RuntimeError(f"The connection {self.name} is open already; use it as it is.")
        config, auth = self.access.config, self._authentication()
        longest_wait_s = min(config.retry.wait_max_s, config.timeouts.whole_s)
        self.telemetry = telemetry_of(self.name, self.access.destination.slug)
        self._client = self.access.client(
            auth,
            self.transport,
            route=config.route,
            spend=partial(self.governor.spend, longest_wait_s=longest_wait_s),
            telemetry=self.telemetry,
        )
        self.governor.join(self.terms)
        session = self.access.session(self._client, self.governor, auth)
        try:
            self.opened = await open_mappings(mappings, session, longest_s=config.retry.timeout_s)
        except BaseException:
            await self.close()
            raise
        self._session = session

    async def close(self) -> None:
        """Leave it; nothing happens where it is not open."""
        client, self._client, self._session, self.opened = self._client, None, None, None
        if client is not None:
            self.governor.part(self.terms)
            await client.aclose()
            await self.governor.told()

    def _authentication(self) -> httpx.Auth | None:
        authentication, tokens = self.given.authentication, self.governor.tokens
        if authentication is None:
            return None
        settings = self.access.settings
        if authentication.share is not None and tokens is not None:
            return authentication.share(settings, tokens)
        return authentication.create(settings)

    @property
    def known(self) -> Session | None:
        """The way to it, which may know things of it; None while it is not open."""
        return self._session

    @property
    def session(self) -> Session:
        """The way to it.

        Raises:
            NotOpenError: It is not open.
        """
        if self._session is None:
            raise NotOpenError(f'Open the connection first: "async with connection" ({self.name}).')
        return self._session

    def parts(
        self, opened: OpenedMappings
    ) -> tuple[Mapping[str, ActiveMapping], BatchSender, Watch | None]:
        """Return what a delivery or a flow is made of: mappings, what sends, and what records it.

        Args:
            opened: The mappings, and which of them are halted.

        Raises:
            NotOpenError: It is not open.
        """
        mappings, sender = opened.mappings, self._sender(opened)
        if self.telemetry is None:
            return mappings, sender, None
        watch = Watch(self.telemetry)
        return watch.mappings(mappings), watch.sender(sender), watch

    def _sender(self, opened: OpenedMappings) -> BatchSender:
        return BatchSender(
            connection=self.name,
            destination=self.access.destination.slug,
            session=self.session,
            governor=self.governor,
            retry=self.access.config.retry,
            observers=self.given.observers,
            halts=Halts(opened.halts),
        )
