"""From what a request says to events on disk."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import attrs

from wharfinger_host.serving.authentication import Doorkeeper
from wharfinger_host.serving.counts import Counts
from wharfinger_host.serving.normalising import Arrival, normalised
from wharfinger_host.serving.refusing import EventRefused, Refused, RequestRefused
from wharfinger_host.serving.rejects import RejectsFile
from wharfinger_host.sources import Source
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.inbox import Accepted, Entry
from wharfinger_host.store.store import Store, finished

__all__ = ["Audience", "Intake", "utc_now"]

_MOST_EVENTS: Final = 2_500
"""In one batch, as Segment has it (HTTP API Source, "Errors")."""
_MOST_GROWTH: Final = 8
_WHEN_FULL_S: Final = 30
_WHEN_BROKEN_S: Final = 5


class Audience(Protocol):
    """Hears of what a person should know."""

    def refused(self, source: str, refused: Sequence[Refused]) -> None:
        """Hear that events were not accepted."""

    def broken(self, error: Exception) -> None:
        """Hear that nothing can be accepted from now on."""

    def mended(self) -> None:
        """Hear that events are accepted again."""


def utc_now() -> dt.datetime:
    """Return the time."""
    return dt.datetime.now(dt.UTC)


@attrs.define(eq=False, kw_only=True)
class Intake:
    """Takes events in.

    Attributes:
        store: The inbox.
        doorkeeper: Knows who may send; another one takes its place when keys change.
        rejects: Keeps what is not accepted.
        audience: Hears of what a person should know.
        counts: What has come in.
        clock: Gives the time, with its zone.
        take: Keeps events, so that nothing loses them any more.
    """

    store: Store
    doorkeeper: Doorkeeper
    rejects: RejectsFile
    audience: Audience
    counts: Counts = attrs.field(factory=Counts)
    clock: Callable[[], dt.datetime] = utc_now
    take: Callable[[Sequence[Entry]], Awaitable[Accepted]] = attrs.field()
    _broken: bool = False

    @take.default
    def _into_the_inbox(self) -> Callable[[Sequence[Entry]], Awaitable[Accepted]]:
        return lambda entries: finished(self.store.accept(entries))

    async def take_one(self, source: Source, said: dict[str, Any], kind: str) -> None:
        """Take one event in.

        Args:
            source: Who sends it.
            said: The body of the request: the event itself.
            kind: The type that the path says.

        Raises:
            RequestRefused: It is not in the inbox.
        """
        arrival = Arrival(received_at=self.clock(), event_bytes=source.event_bytes)
        refused = await self._take(source, [said], kind, arrival)
        for each in refused:
            status = 413 if each.code == "event-too-large" else 400
            raise RequestRefused(status, each.code, each.message)

    async def take_batch(
        self, source: Source, said: dict[str, Any], *, as_given: bool
    ) -> list[Refused]:
        """Take the events of a batch in, and return those that were not accepted.

        Args:
            source: Who sends it.
            said: The body of the request.
            as_given: Whether the times of the events are taken as they are.

        Raises:
            RequestRefused: Nothing of it is in the inbox.
        """
        events = said.get("batch")
        if not isinstance(events, list):
            message = 'A batch needs its events in a list: {"batch": [...]}.'
            raise RequestRefused(400, "no-batch", message)
        if len(events) > _MOST_EVENTS:
            message = f"{len(events):,} events are too many; {_MOST_EVENTS:,} may come at once."
            raise RequestRefused(413, "too-many-events", message)
        arrival = Arrival(
            received_at=self.clock(),
            sent_at=said.get("sentAt"),
            context=said.get("context"),
            integrations=said.get("integrations"),
            as_given=as_given,
            event_bytes=source.event_bytes,
        )
        refused = await self._take(source, events, None, arrival)
        if refused and len(refused) == len(events):
            # An SDK tells the program around it of a 400, and of nothing that is in a 200.
            message = f"No event of the batch was accepted; the first: {refused[0].message}"
            raise RequestRefused(400, refused[0].code, message)
        return refused

    async def _take(
        self, source: Source, events: Sequence[Any], kind: str | None, arrival: Arrival
    ) -> list[Refused]:
        entries: list[Entry] = []
        refused: list[Refused] = []
        room = source.batch_bytes * _MOST_GROWTH
        for index, event in enumerate(events):
            try:
                made, raw = normalised(event, kind, arrival)
            except EventRefused as no:
                refused.append(Refused(index, no.code, no.message, _without_key(event)))
                continue
            entries.append(Entry.of(made, raw, self.store.layout))
            # What the batch says of all events is written with each of them.
            room -= len(raw)
            if room < 0:
                message = "The context of the batch is too large for so many events."
                raise RequestRefused(413, "context-too-large", message)
        await self._keep(source, entries, refused, arrival.received_at)
        return refused

    async def _keep(
        self,
        source: Source,
        entries: Sequence[Entry],
        refused: Sequence[Refused],
        received_at: dt.datetime,
    ) -> None:
        try:
            if entries:
                accepted = await self.take(entries)
                self.counts.events += accepted.events
                self.counts.duplicates += accepted.duplicates
            if refused:
                at = received_at.isoformat(timespec="milliseconds")
                await asyncio.to_thread(self.rejects.write, source.name, at, refused)
        except InboxFullError as error:
            message = "Too many events wait here. Send these again later."
            self._hear(error)
            raise RequestRefused(429, "inbox-full", message, retry_after_s=_WHEN_FULL_S) from error
        except (StoreError, OSError) as error:
            message = "Events cannot be kept at present. Send these again."
            self._hear(error)
            raise RequestRefused(
                503, "inbox-broken", message, retry_after_s=_WHEN_BROKEN_S
            ) from error
        if self._broken:
            self._broken = False
            self.audience.mended()
        if refused:
            self.counts.refused.update((source.name, each.code) for each in refused)
            self.audience.refused(source.name, refused)

    def _hear(self, error: Exception) -> None:
        """Say it once: every request that follows finds the same."""
        if not self._broken:
            self._broken = True
            self.audience.broken(error)


def _without_key(event: Any) -> Any:
    if isinstance(event, dict):
        return {name: value for name, value in event.items() if name != "writeKey"}
    return event
