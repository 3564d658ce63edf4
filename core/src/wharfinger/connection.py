"""One configured account at a destination: events in, receipts out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType, TracebackType
from typing import Any, Self

import attrs
import httpx

from wharfinger.active import ActiveMapping
from wharfinger.configuration import ConnectionConfig
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.http import RefusingTransport, build_client
from wharfinger.delivery.lanes import Item, Lane, LanedBatch, plan_lanes
from wharfinger.delivery.redaction import Redactor
from wharfinger.delivery.retry import perform
from wharfinger.delivery.session import Session
from wharfinger.errors import (
    DeliveryError,
    NotOpenError,
)
from wharfinger.explanation import Explanation, explain_mapping
from wharfinger.model.action import Effect
from wharfinger.model.batching import BatchReport
from wharfinger.model.destination import Authentication, Destination, Diagnostic, Finding
from wharfinger.model.outcome import Outcome, Receipt
from wharfinger.model.secret import Secret
from wharfinger.preview import Preview, PreviewedRequest, previewed, refuse
from wharfinger.receipts import Halts, Receipts

__all__ = ["Connection", "Observer"]

logger = logging.getLogger(__name__)

Observer = tuple[str, Callable[[BatchReport], None]]
"""A plugin's name and what it wants called per finished batch."""


class Connection:
    """One configured account at a destination; made by ``plugins.connect``.

    Example:
        ::

            async with connection:
                receipts = await connection.deliver(events)

    Attributes:
        name: What messages and reports call it.
        destination: Where it delivers to.
        settings: An instance of the destination's settings class.
        mappings: The enabled mappings, by name, in the order of the configuration.
        warnings: What is allowed but looks wrong.
    """

    def __init__(
        self,
        *,
        name: str,
        destination: Destination,
        config: ConnectionConfig,
        settings: Any,
        mappings: Mapping[str, ActiveMapping],
        warnings: Sequence[Finding] = (),
        authentication: Authentication | None = None,
        diagnostics: Sequence[Diagnostic] = (),
        observers: Sequence[Observer] = (),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.destination = destination
        self.settings = settings
        self.mappings: Mapping[str, ActiveMapping] = MappingProxyType(dict(mappings))
        self.warnings = tuple(warnings)
        self._config = config
        self._authentication = authentication
        self._diagnostics = diagnostics
        self._observers = observers
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._governor = Governor(
            destination.limits.parallel_requests, longest_wait_s=config.retry.wait_max_s
        )
        self._redactor = Redactor(_secrets_of(settings))

    def __repr__(self) -> str:
        return f"<Connection {self.name} to {self.destination.slug}, {len(self.mappings)} mappings>"

    async def __aenter__(self) -> Self:
        auth = self._authentication.create(self.settings) if self._authentication else None
        self._client = self._make_client(auth, self._transport, self._config.route)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def deliver(self, events: Sequence[Mapping[str, Any]]) -> list[Receipt]:
        """Deliver events and say what became of each.

        Args:
            events: JSON objects in the Segment event specification.

        Returns:
            One receipt per event, in the order of the events; each holds exactly one outcome per
            mapping.

        Raises:
            NotOpenError: Outside ``async with connection``.
        """
        session = self._session()
        receipts = Receipts(len(events), self.mappings)
        halts = Halts()
        async with asyncio.TaskGroup() as group:
            for mapping in self.mappings.values():
                for lane in plan_lanes(self._prepare(mapping, events, receipts), mapping.policy):
                    group.create_task(self._send_lane(session, mapping, lane, receipts, halts))
        return receipts.all()

    async def preview(self, events: Sequence[Mapping[str, Any]]) -> Preview:
        """Show the requests that events would lead to; the transport refuses to send them.

        Args:
            events: As for `deliver`. The connection need not be open.
        """
        receipts = Receipts(len(events), self.mappings)
        requests: list[PreviewedRequest] = []
        refusing = RefusingTransport()
        async with self._make_client(None, refusing, None) as client:
            session = self._session(client)
            for mapping in self.mappings.values():
                lanes = plan_lanes(self._prepare(mapping, events, receipts), mapping.policy)
                for laned in sorted(chain.from_iterable(lanes), key=lambda each: each.events[0]):
                    refusing.refused.clear()
                    await refuse(session, mapping, laned, receipts)
                    requests += [previewed(mapping, laned, r) for r in refusing.refused]
        return Preview(requests=tuple(requests), receipts=tuple(receipts.all(partial=True)))

    async def explain(self, event: Mapping[str, Any]) -> Explanation:
        """Say why an event becomes what it becomes under each mapping; nothing is sent.

        Args:
            event: As for `deliver`. The connection need not be open.
        """
        preview = await self.preview([event])
        requests = {request.mapping: request for request in preview.requests}
        return Explanation(
            tuple(
                explain_mapping(mapping, event, requests.get(name))
                for name, mapping in self.mappings.items()
            )
        )

    async def test(self) -> list[Finding]:
        """Try the credentials and say what was found.

        Raises:
            NotOpenError: Outside ``async with connection``.
        """
        session = self._session()
        if self._authentication is None:
            return []
        return await _findings("Credentials", self._authentication.test, session)

    async def diagnose(self) -> list[Finding]:
        """Try the credentials and run every check that plugins add for this destination.

        Raises:
            NotOpenError: Outside ``async with connection``.
        """
        findings = [*self.warnings, *await self.test()]
        for diagnostic in self._diagnostics:
            findings += await _findings(diagnostic.title, diagnostic.check, self._session())
        return findings

    def _prepare(
        self, mapping: ActiveMapping, events: Sequence[Mapping[str, Any]], receipts: Receipts
    ) -> list[Item]:
        items: list[Item] = []
        for index, event in enumerate(events):
            prepared = mapping.prepare(index, event)
            if isinstance(prepared, Outcome):
                receipts.enter(mapping.name, [index], [prepared])
            else:
                items.append(prepared)
        return items

    async def _send_lane(
        self, session: Session, mapping: ActiveMapping, lane: Lane, receipts: Receipts, halts: Halts
    ) -> None:
        idempotent = mapping.action.effect is Effect.IDEMPOTENT
        session = session.with_effect(idempotent=idempotent)
        for laned in lane:
            if halt := halts.of(mapping.name, laned.batch.key):
                receipts.enter(mapping.name, laned.events, [halt] * len(laned.events))
                continue
            started = time.monotonic()
            outcomes = await perform(
                mapping.action, session, self._governor, laned.batch, self._config.retry
            )
            receipts.enter(mapping.name, laned.events, outcomes)
            halts.learn(mapping.name, laned.batch.key, outcomes)
            self._report(mapping, laned, outcomes, time.monotonic() - started)

    def _report(
        self, mapping: ActiveMapping, laned: LanedBatch, outcomes: Sequence[Outcome], took_s: float
    ) -> None:
        if not self._observers:
            return
        report = BatchReport(
            connection=self.name,
            destination=self.destination.slug,
            mapping=mapping.name,
            action=mapping.action.slug,
            batch_key=str(laned.batch.key),
            statuses=dict(Counter(outcome.status.value for outcome in outcomes)),
            attempts=max(outcome.attempts for outcome in outcomes),
            duration_s=took_s,
        )
        for plugin, observe in self._observers:
            try:
                observe(report)
            except Exception:
                logger.exception("the plugin %s failed to observe a batch", plugin)

    def _make_client(
        self, auth: httpx.Auth | None, transport: httpx.AsyncBaseTransport | None, route: str | None
    ) -> httpx.AsyncClient:
        return build_client(
            hosts=self.destination.hosts,
            redactor=self._redactor,
            auth=auth,
            timeouts=self._config.timeouts,
            transport=transport,
            route=route,
        )

    def _session(self, client: httpx.AsyncClient | None = None) -> Session:
        client = client or self._client
        if client is None:
            raise NotOpenError(f'Open the connection first: "async with connection" ({self.name}).')
        return Session(client, self.settings, self._governor, self._redactor)


async def _findings(
    subject: str, check: Callable[[Session], Any], session: Session
) -> list[Finding]:
    """Run one check; whatever it raises is a finding, so that the others still run."""
    try:
        return list(await check(session))
    except DeliveryError as error:
        return [Finding(level="error", subject=subject, message=error.message)]
    except Exception as error:
        logger.exception("the check %s failed in an unforeseen way", subject)
        message = f"The check itself failed with {type(error).__name__}; the log has the details."
        return [Finding(level="error", subject=subject, message=message)]


def _secrets_of(settings: Any) -> list[Secret]:
    if settings is None:
        return []
    values = (getattr(settings, attribute.name) for attribute in attrs.fields(type(settings)))
    return [value for value in values if isinstance(value, Secret)]
