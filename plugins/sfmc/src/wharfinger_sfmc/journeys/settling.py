"""What became of journey events whose reply was lost: settled by evidence, or left unknown.

SFMC lists what became of events (``GET /interaction/v1/async/events/status``, documented for events
that were sent in batches; single events may or may not be listed). Finding an event there can prove
that it entered; finding none proves nothing, because nobody says how soon an event is listed.

An event is taken for ours only where the list shows exactly one that this connection does not know
already, that changed after ours was sent, while no other event of the same contact and event
definition is undecided here. What remains is an assumption: nobody else, and no connection before
this one, sent the same event definition for the same contact so that SFMC took or processed it
after ours was sent, or in the two seconds before (in the 15 seconds before, where SFMC's replies do
not tell the time). For a batch the request as a whole must hold our contacts and no others, which
leaves next to no room for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

import wharfinger
from wharfinger_sfmc.journeys.statuses import (
    ListedEvent,
    UnclearError,
    events_of_contact,
    events_of_request,
)
from wharfinger_sfmc.journeys.verdicts import refusal_of

__all__ = ["Journeys", "Sent", "settle"]

_WAITS_S: Final = (1.0, 3.0, 9.0)
_MOST_INSTANCES: Final = 50_000
_MOST_UNDECIDED: Final = 10_000
# SFMC's clock and ours may differ by less than this; `event_statuses` looks at that.
_MARGIN: Final = timedelta(seconds=15)


@attrs.frozen(eq=False)
class Sent:
    """One event on its way.

    Attributes:
        definition: Its event definition key.
        contact: Its contact key.
        at: When it was sent, or a little before.
    """

    definition: str
    contact: str
    at: datetime

    @property
    def since(self) -> datetime:
        """The moment before which SFMC cannot have seen it."""
        return self.at - _MARGIN

    @property
    def entrance(self) -> tuple[str, str]:
        """What tells its place from others; two spellings of one contact are one place."""
        return self.definition.casefold(), self.contact.rstrip().casefold()


class Journeys:
    """What one open connection knows of its own journey events.

    What it remembers is bounded, and what it had to forget settles nothing.
    """

    def __init__(self) -> None:
        self._undecided: Counter[tuple[str, str]] = Counter()
        self._overflown = False
        self._instances: dict[str, datetime] = {}
        self._forgotten_until = datetime.min.replace(tzinfo=UTC)

    @classmethod
    def of(cls, session: wharfinger.Session) -> Journeys:
        """Return what the connection shares; a preview sends nothing and leaves nothing behind."""
        return cls() if session.previewing else session.shared(cls)

    def send(self, definition: str, contact: str) -> Sent:
        """Take note of an event that is about to be sent."""
        sent = Sent(definition, contact, datetime.now(UTC))
        if len(self._undecided) < _MOST_UNDECIDED:
            self._undecided[sent.entrance] += 1
        else:
            self._overflown = True
        return sent

    def decide(self, sent: Sent, instance: str | None = None) -> None:
        """Take note of what became of an event.

        Args:
            sent: The event; what is never decided stays in the way of later ones.
            instance: SFMC's name for it, where it has one.
        """
        if self._undecided[sent.entrance] > 1:
            self._undecided[sent.entrance] -= 1
        else:
            del self._undecided[sent.entrance]
        if instance:
            self._instances[instance.lower()] = sent.at
            if len(self._instances) > _MOST_INSTANCES:
                oldest = next(iter(self._instances))
                self._forgotten_until = max(self._forgotten_until, self._instances.pop(oldest))

    def knows(self, instance: str) -> bool:
        """Tell whether an instance is one of our own that was decided already."""
        return instance.lower() in self._instances

    def check_alone(self, sent: Sent) -> None:
        """Refuse to settle an event that could be mistaken for another one of ours.

        Raises:
            UnclearError: It could.
        """
        if self._overflown or sent.since <= self._forgotten_until:
            raise UnclearError("is of no help, because too many events are undecided", final=True)
        if self._undecided[sent.entrance] != 1:
            raise UnclearError(
                "is of no help, because another event of this contact is undecided too", final=True
            )


async def settle(
    session: wharfinger.Session,
    doubtful: Sequence[Sent],
    error: wharfinger.UnknownError,
    *,
    batch: Sequence[Sent] = (),
    request_id: str | None = None,
) -> list[wharfinger.Outcome]:
    """Ask SFMC what became of events, a few times, and give each an outcome.

    Args:
        session: The way to the account.
        doubtful: The events nobody knows about.
        error: Why nobody does.
        batch: All events of their request, where they were sent as a batch.
        request_id: SFMC's name for that request, where the reply told it.

    Returns:
        One outcome per event: ``delivered`` or what SFMC refused it for where that is proven,
        ``unknown`` otherwise.
    """
    journeys = Journeys.of(session)
    outcomes: dict[Sent, wharfinger.Outcome] = {}
    finding = ""
    for wait_s in _WAITS_S:
        await session.wait(wait_s)
        rest = [sent for sent in doubtful if sent not in outcomes]
        try:
            found = await _look(session, journeys, rest, batch, request_id)
        except UnclearError as unclear:
            finding = unclear.finding
            if unclear.final:
                break
            continue
        for sent, listed in found.items():
            journeys.decide(sent, listed.instance)
            outcomes[sent] = _outcome(listed, sent)
        finding = "does not tell"
        if len(outcomes) == len(doubtful):
            break
    return [outcomes.get(sent) or _unsettled(error, finding) for sent in doubtful]


async def _look(
    session: wharfinger.Session,
    journeys: Journeys,
    rest: Sequence[Sent],
    batch: Sequence[Sent],
    request_id: str | None,
) -> dict[Sent, ListedEvent]:
    """Look once, and return the events that were found without doubt."""
    if not batch:
        (sent,) = rest
        return {sent: await _find(session, journeys, sent)}
    if request_id:
        return _matched(await events_of_request(session, request_id), journeys, rest, batch)
    probe = _unmistakable(journeys, rest)
    request_id = (await _find(session, journeys, probe)).request_id
    listed = await events_of_request(session, request_id) if request_id else []
    if Counter(event.contact for event in listed) != Counter(sent.contact for sent in batch):
        raise UnclearError("does not show the request as it was sent")
    return _matched(listed, journeys, rest, batch)


async def _find(session: wharfinger.Session, journeys: Journeys, sent: Sent) -> ListedEvent:
    """Find the one event that must be this one.

    Raises:
        UnclearError: There is none, or it could be another one.
    """
    journeys.check_alone(sent)
    listed = await events_of_contact(session, sent.definition, sent.contact, sent.at, sent.since)
    # Another one may have started in the meantime, and be on that list.
    journeys.check_alone(sent)
    strangers = [event for event in listed if not journeys.knows(event.instance)]
    if not strangers:
        raise UnclearError("does not show it, which proves nothing")
    if len(strangers) > 1:
        raise UnclearError(f"shows {len(strangers)} events that it could be", final=True)
    return strangers[0]


def _unmistakable(journeys: Journeys, rest: Sequence[Sent]) -> Sent:
    """Return an event of the batch that cannot be mistaken for another one of ours."""
    for sent in rest[:-1]:
        try:
            journeys.check_alone(sent)
        except UnclearError:
            continue
        return sent
    return rest[-1]


def _matched(
    listed: Sequence[ListedEvent],
    journeys: Journeys,
    rest: Sequence[Sent],
    batch: Sequence[Sent],
) -> dict[Sent, ListedEvent]:
    """Match the events of one request by contact, as far as nothing can be confused."""
    found: dict[Sent, ListedEvent] = {}
    for contact in {sent.contact: None for sent in rest}:
        events = [event for event in listed if event.contact == contact]
        strangers = [event for event in events if not journeys.knows(event.instance)]
        waiting = [sent for sent in rest if sent.contact == contact]
        complete = len(events) == sum(sent.contact == contact for sent in batch)
        agree = len({event.entered for event in strangers}) == 1
        if complete and agree and len(strangers) == len(waiting):
            found.update(zip(waiting, strangers, strict=True))
    return found


def _outcome(listed: ListedEvent, sent: Sent) -> wharfinger.Outcome:
    if listed.entered:
        return wharfinger.Outcome.delivered(request_id=listed.instance)
    refusal = refusal_of(sent.definition, listed.errorcode, listed.message)
    return attrs.evolve(refusal, request_id=listed.instance)


def _unsettled(error: wharfinger.UnknownError, finding: str) -> wharfinger.Outcome:
    outcome = wharfinger.Outcome.of(error)
    return attrs.evolve(
        outcome,
        message=f"{outcome.message} SFMC's list of events {finding}. Look for the contact in the "
        "journey's history and entry data, and send the event again only if it is not there.",
    )
