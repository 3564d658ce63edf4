"""What the two actions that send journey events share."""

from __future__ import annotations

from typing import Any, Final, Protocol

import attrs

import wharfinger
from wharfinger_sfmc.account.preflight import open_event_definition
from wharfinger_sfmc.errors import doubted, leaves_doubt
from wharfinger_sfmc.journeys.settling import Journeys, Sent

__all__ = [
    "EventPayload",
    "contact_key_field",
    "delivery_field",
    "event_definition_key_field",
    "note",
    "open_events",
    "told",
]

_AT_MOST_ONCE: Final = "at-most-once"
_AT_LEAST_ONCE: Final = "at-least-once"
_MAY_HAVE_ENTERED: Final = (
    "The contact may have entered all the same, with an earlier request: SFMC's reply to that one "
    "was lost or is no proof. Look for the contact in the journey's history and entry data, and "
    "send the event again only if it is not there."
)


def event_definition_key_field() -> Any:
    """Declare the field that names the event definition."""
    return wharfinger.field(
        name="eventDefinitionKey",
        label="Event Definition Key",
        category=wharfinger.Category.DATA,
        description="The key of an event definition that exists in SFMC. It is not the key of "
        "the journey.",
        maximum=1000,
        pattern=r"[^.]+",
        pattern_hint="must not contain a period",
    )


def contact_key_field() -> Any:
    """Declare the field that names the contact."""
    return wharfinger.field(
        name="contactKey",
        label="Contact Key",
        category=wharfinger.Category.IDENTIFIER,
        description="Identifies the contact that enters.",
    )


def delivery_field() -> Any:
    """Declare the option that says what happens where nobody knows whether an event arrived."""
    return wharfinger.field(
        label="Delivery",
        description="What to do where nobody knows whether SFMC took an event. at-most-once: it "
        "is never sent again, so nobody enters twice, and its outcome is unknown. at-least-once: "
        "it is sent again, so nobody is left out, and somebody may enter twice.",
        default=_AT_MOST_ONCE,
        choices=(_AT_MOST_ONCE, _AT_LEAST_ONCE),
        control=wharfinger.Control.OPTION,
    )


async def open_events(
    session: wharfinger.Session, outline: wharfinger.Outline, action: wharfinger.Action
) -> wharfinger.Opening:
    """Look at the event definition of a mapping, and take its choice of delivery over."""
    findings = await open_event_definition(session, outline)
    if outline.constants.get("delivery") != _AT_LEAST_ONCE:
        return wharfinger.Opening(findings=findings)
    again = attrs.evolve(action, effect=wharfinger.Effect.IDEMPOTENT)
    return wharfinger.Opening(findings=findings, action=again)


class EventPayload(Protocol):
    """What the payloads of both actions have."""

    in_doubt: bool


def note(
    session: wharfinger.Session,
    journeys: Journeys,
    sent: Sent,
    payload: EventPayload,
    error: wharfinger.DeliveryError,
) -> None:
    """Take note of an event that ended with an error: that it did not enter, or may have."""
    if session.idempotent and leaves_doubt(error):
        payload.in_doubt = True
    elif not isinstance(error, wharfinger.UnknownError):
        journeys.decide(sent)


def told(payload: EventPayload, outcome: wharfinger.Outcome) -> wharfinger.Outcome:
    """Return what may be said of an event: what may have entered before is not refused."""
    is_refused = outcome.status is wharfinger.Status.REJECTED
    return doubted(outcome, _MAY_HAVE_ENTERED) if payload.in_doubt and is_refused else outcome
