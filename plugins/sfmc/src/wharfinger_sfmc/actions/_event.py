"""What the two actions that send journey events share."""

from __future__ import annotations

from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.account.preflight import open_event_definition
from wharfinger_sfmc.journeys.settling import Journeys, Sent

__all__ = [
    "contact_key_field",
    "delivery_field",
    "event_definition_key_field",
    "note",
    "open_events",
]

_AT_MOST_ONCE: Final = "at-most-once"
_AT_LEAST_ONCE: Final = "at-least-once"


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


def note(
    session: wharfinger.Session, journeys: Journeys, sent: Sent, error: wharfinger.DeliveryError
) -> None:
    """Take note of an event that ended with an error, if that proves that it did not enter."""
    unproven = (
        not isinstance(error, wharfinger.ThrottledError)
        if session.idempotent and isinstance(error, wharfinger.RetryError)
        else isinstance(error, wharfinger.UnknownError)
    )
    if not unproven:
        journeys.decide(sent)
