"""One configured account at a destination: events in, receipts out."""

from __future__ import annotations

import asyncio
import math
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self
from weakref import WeakSet

import httpx

from wharfinger.access import Access
from wharfinger.account import Account
from wharfinger.active import ActiveMapping
from wharfinger.configuration import ConnectionConfig
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.http import RefusingTransport
from wharfinger.delivery.lanes import plan_lanes
from wharfinger.delivery.live_lanes import Clock
from wharfinger.delivery.usage import Usage
from wharfinger.explanation import Explanation, explain
from wharfinger.flow import Flow, FlowLimits
from wharfinger.given import Given
from wharfinger.model.action import Effect
from wharfinger.model.choices import Choices, Question
from wharfinger.model.destination import Destination, Finding
from wharfinger.model.outcome import Receipt
from wharfinger.model.provision import Plan
from wharfinger.opening import OpenedMappings, findings_of
from wharfinger.preview import Preview, preview
from wharfinger.provisioning import apply_plans, make_plans
from wharfinger.receipts import Receipts
from wharfinger.road import Journal
from wharfinger.sending import Sender, prepare
from wharfinger.settling import Settled
from wharfinger.streaming import streamed

__all__ = ["Connection"]

_DRAIN_S: Final = 30.0
"""Seconds that are left to what is under way when a stream is closed early."""


class Connection:
    """One configured account at a destination; made by ``plugins.connect``.

    Example:
        ::

            async with connection:
                receipts = await connection.deliver(events)

    It may be opened again once it is closed; opening it while it is open is a `RuntimeError`.

    Attributes:
        name: What messages and reports call it.
        destination: Where it delivers to.
        settings: An instance of the destination's settings class.
        mappings: The enabled mappings, by name, in the order of the configuration.
        warnings: What is allowed but looks wrong.
        findings: What the actions found at the vendor when the connection opened. A mapping with
            an error among them is halted until the connection is opened again; the others work.
            Refused credentials halt all of them.
    """

    def __init__(
        self,
        *,
        name: str,
        destination: Destination,
        config: ConnectionConfig,
        settings: Any,
        mappings: Mapping[str, ActiveMapping],
        given: Given,
        governor: Governor,
        warnings: Sequence[Finding] = (),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.destination = destination
        self.settings = settings
        self.mappings: Mapping[str, ActiveMapping] = MappingProxyType(dict(mappings))
        self.warnings = tuple(warnings)
        self.findings: tuple[Finding, ...] = ()
        self._governor = governor
        self._account = Account(
            name=name,
            access=Access(destination=destination, settings=settings, config=config),
            given=given,
            governor=governor,
            transport=transport,
        )
        self._flows: WeakSet[Flow] = WeakSet()
        self._clock: Clock | None = None

    def __repr__(self) -> str:
        return f"<Connection {self.name} to {self.destination.slug}, {len(self.mappings)} mappings>"

    async def __aenter__(self) -> Self:
        try:
            await self._account.open(self.mappings)
        finally:
            self.findings = self._opened.findings
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for flow in tuple(self._flows):
                await (flow.drain(_DRAIN_S) if kind is None else flow.stop())
        finally:
            await self._account.close()

    @property
    def effects(self) -> Mapping[str, Effect]:
        """What it means to send an event twice, by the name of the mapping.

        While it is open, this is what the mappings themselves say, which may be more than their
        actions do; for hosts that send again what another process may have sent.
        """
        opened = self._opened.mappings
        return {
            name: opened.get(name, mapping).action.effect for name, mapping in self.mappings.items()
        }

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
        mappings, batches, watch = self._account.parts(self._opened)
        if watch is None:
            receipts = Receipts(len(events), mappings)
        else:
            receipts, events = watch.receipts(events, mappings), watch.each(events)
        sender = Sender(batches=batches, receipts=receipts)
        halts = self._opened.halts
        async with asyncio.TaskGroup() as group:
            for mapping in mappings.values():
                items = prepare(mapping, events, receipts, halt=halts.get(mapping.name))
                for lane in plan_lanes(items, mapping.policy):
                    group.create_task(sender.send(mapping, lane))
        return receipts.all()

    def flow(
        self,
        *,
        most_waiting: int = 10_000,
        most_per_lane: int | None = None,
        slow_s: float = 0.0,
        unsent_per_s: float | None = None,
        journal: Journal | None = None,
        ready: Callable[[Sequence[Any]], Awaitable[bool]] | None = None,
        keep_events: bool = True,
    ) -> Flow:
        """Return a flow: events in one by one, and each back as soon as it is settled.

        Args:
            most_waiting: Events that may be put and not yet taken back; ``put`` waits while there
                are so many.
            most_per_lane: Payloads that may wait for the same place at the vendor. Further ones
                end as ``retry`` with the code ``lane-full``, so that one slow place does not fill
                the flow; for hosts that can keep them and put them again. None: all of them wait,
                and ``put`` with them.
            slow_s: Seconds that the oldest payload of such a place has waited before further ones
                are given back, so that only a slow place gives any back. Where the flow is full,
                those of slow places that are too many are given back, too. 0: at once.
            unsent_per_s: Payloads a second that may come back unsent, as ``lane-full`` or
                ``halted``, while nothing else is delivered; ``put`` waits where they would be
                more. So a connection that can send nothing costs the others of a process little.
                None: any number.
            journal: Told before anything is sent that must not happen twice.
            ready: Awaited with the tokens of each batch before it is sent, whatever its effect, and
                again before each of its requests, another try included: a host that can write no
                outcome down at present holds requests back with it. Where it gives false nothing
                is sent, and the events end as ``retry`` with the code ``held-back``. What it raises
                before a batch ends the flow.
            keep_events: Whether what is settled brings its event back. Without, an event goes as
                soon as its payloads are made, which takes less memory and time; for hosts whose
                tokens lead to it.

        Raises:
            NotOpenError: Outside ``async with connection``.
            ValueError: Nothing would be allowed to wait, or to come back.
        """
        limits = FlowLimits(
            most_waiting=most_waiting,
            most_per_lane=most_per_lane,
            slow_s=slow_s,
            unsent_per_s=math.inf if unsent_per_s is None else unsent_per_s,
        )
        mappings, sender, watch = self._account.parts(self._opened)
        flow = Flow(
            mappings,
            sender,
            limits=limits,
            journal=journal,
            ready=ready,
            keep_events=keep_events,
            clock=self._clock,
            watch=watch,
        )
        self._flows.add(flow)
        return flow

    def stream(
        self,
        source: Iterable[Any] | AsyncIterable[Any],
        *,
        most_waiting: int = 10_000,
        drain_s: float = _DRAIN_S,
    ) -> AsyncGenerator[Settled, None]:
        """Deliver everything that a source gives, and yield each event as it settles.

        What the source raises is raised once everything it gave before is settled. When this is
        closed early, reading stops and what is under way may end. When its task is cancelled,
        everything stops at once.

        Args:
            source: Events, as for `deliver`; one without an end is as good. An iterable that
                blocks holds up the event loop, so let it be an asynchronous one.
            most_waiting: Events that may be read and not yet yielded.
            drain_s: Seconds that are left to what is under way when this is closed early.

        Yields:
            Events in no certain order; the token of each is its place in the source, from 0.

        Raises:
            NotOpenError: Outside ``async with connection``.
        """
        return streamed(self.flow(most_waiting=most_waiting), source, drain_s=drain_s)

    async def preview(self, events: Sequence[Mapping[str, Any]]) -> Preview:
        """Show the requests that events would lead to; the transport refuses to send them.

        Args:
            events: As for `deliver`. The connection need not be open; where it is, what it knows
                of the account is made use of, and mappings that are halted send nothing.
        """
        refusing = RefusingTransport()
        account = self._account
        async with account.access.client(None, refusing) as client:
            session = account.access.preview_session(client, account.known)
            return await preview(session, refusing, self._opened, events)

    async def explain(self, event: Mapping[str, Any]) -> Explanation:
        """Say why an event becomes what it becomes under each mapping; nothing is sent.

        Args:
            event: As for `deliver`. The connection need not be open.
        """
        return explain(self.mappings, event, await self.preview([event]))

    async def choices(self, action: str, question: Question) -> Choices:
        """Look up values to choose for a field of an action, for a form.

        Args:
            action: Slug or alias of the action.
            question: Which field, what was typed so far, which page.

        Returns:
            One page of choices; none where nobody can look the field up.

        Raises:
            NotOpenError: Outside ``async with connection``.
            PluginError: The destination has no such action; the message suggests one.
            DeliveryError: The vendor did not answer the question.
        """
        session = self._account.session
        ask = self._account.given.action(action).choices.get(question.field)
        return await ask(session, question) if ask else Choices()

    async def plan(
        self, events: Sequence[Mapping[str, Any]] = (), options: Mapping[str, Any] | None = None
    ) -> list[Plan]:
        """Say what has to be made at the vendor so that the mappings can deliver.

        Args:
            events: Samples, from which types and sizes are inferred; as for `deliver`.
            options: What a person wishes for, by name; see the `Provision` of each action.

        Returns:
            One plan per mapping whose action can make what it needs. Nothing is changed.

        Raises:
            NotOpenError: Outside ``async with connection``.
            ConfigurationError: An option is unknown or wrong.
            DeliveryError: The vendor did not say what is there.
        """
        session = self._account.session
        return await make_plans(session, self._opened.mappings, events, options or {})

    async def apply(self, plans: Iterable[Plan]) -> list[Finding]:
        """Make what plans of this connection say, and return what became of it.

        Nothing is ever dropped, and what is there already is left alone.

        Raises:
            NotOpenError: Outside ``async with connection``.
        """
        return await apply_plans(self._account.session, self._opened.mappings, plans)

    async def test(self) -> list[Finding]:
        """Try the credentials and say what was found.

        Raises:
            NotOpenError: Outside ``async with connection``.
        """
        session = self._account.session
        if (authentication := self._account.given.authentication) is None:
            return []
        return await findings_of("Credentials", authentication.test, session)

    async def diagnose(self) -> list[Finding]:
        """Try the credentials, look at what the mappings need, and run every further check.

        Returns:
            The warnings, what the test of the credentials and the opening found, and what the
            checks that plugins add for this destination found; each finding once.

        Raises:
            NotOpenError: Outside ``async with connection``.
        """
        session = self._account.session
        findings = [*self.warnings, *await self.test(), *self.findings]
        outlines = [mapping.outline for mapping in self.mappings.values()]
        for diagnostic in self._account.given.diagnostics:
            findings += await findings_of(diagnostic.title, diagnostic.check, session, outlines)
        return list(dict.fromkeys(findings))

    @property
    def tenant(self) -> str:
        """What every process calls the tenant, where they share it; holds no secret."""
        return self._governor.tenant

    @property
    def usage(self) -> Usage:
        """What the connections of this tenant asked of it, and how it stands now."""
        return self._governor.usage

    def share(self, share: float) -> None:
        """Say which part of the budget is this process's, where other processes have the rest.

        It counts where nothing is shared with the others (`Plugins.share`), or cannot be asked at
        present; most requests under way at once are always shared out like this. Of several
        connections to one tenant the mean counts.

        Args:
            share: Above 0, up to 1; for example the lanes this process works on, of all lanes.

        Raises:
            ValueError: It is no such number.
        """
        if not 0 < share <= 1:
            raise ValueError(f"a share is above 0, up to 1, and not {share!r}")
        self._governor.share(self._account.terms, share)

    def forecast(self, requests: int) -> float | None:
        """Say how long so many requests take at the rate observed of late.

        Args:
            requests: How many are to be sent; a batch is one.

        Returns:
            Seconds, with what is left of a pause and the budget reckoned in; None while too few
            requests ended to know a rate.
        """
        return self._governor.forecast(requests)

    @property
    def _opened(self) -> OpenedMappings:
        return self._account.opened or OpenedMappings(self.mappings)
