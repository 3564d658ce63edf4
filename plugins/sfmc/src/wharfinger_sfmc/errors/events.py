"""Journey events, alone and in batches, and contacts."""

from __future__ import annotations

import re
from typing import Final

import wharfinger
from wharfinger_sfmc.errors.doubt import OUTCOME_UNKNOWN, InDoubtError
from wharfinger_sfmc.errors.rule import Rule, Topic

__all__ = ["CONTACTS", "EVENTS", "EVENT_REFUSED"]

EVENT_REFUSED: Final = "event-refused"

_SUCCESS: Final = frozenset(range(200, 300))
_ALONE: Final = frozenset({Topic.EVENT})
_TOGETHER: Final = frozenset({Topic.EVENTS})
_EITHER: Final = _ALONE | _TOGETHER
_CONTACT: Final = frozenset({Topic.CONTACT})
_ONCE: Final = "It is not repeated; look at the journey's entry data."
_AGAIN: Final = "It is sent again, because the mapping delivers at least once."

EVENTS: Final = (
    # Only an event instance proves an entry.
    Rule(
        name="event-without-instance",
        error=wharfinger.UnknownError,
        code=OUTCOME_UNKNOWN,
        topics=_ALONE,
        statuses=_SUCCESS,
        details=False,
        repeatable=False,
        message="SFMC accepted the event but did not clearly name its event instance, so nobody "
        f"knows whether the contact entered. {_ONCE}",
    ),
    Rule(
        name="event-without-instance-again",
        error=InDoubtError,
        code=OUTCOME_UNKNOWN,
        topics=_ALONE,
        statuses=_SUCCESS,
        details=False,
        repeatable=True,
        message="SFMC accepted the event but did not clearly name its event instance, so nobody "
        f"knows whether the contact entered. {_AGAIN}",
    ),
    Rule(
        name="event-refused-in-success",
        error=wharfinger.RejectedError,
        code=EVENT_REFUSED,
        topics=_ALONE,
        statuses=_SUCCESS,
        message="SFMC refused this event for {subject}: {vendor}",
    ),
    Rule(
        name="events-without-verdict",
        error=wharfinger.UnknownError,
        code=OUTCOME_UNKNOWN,
        topics=_TOGETHER,
        statuses=_SUCCESS,
        repeatable=False,
        message="SFMC took the batch but did not say what became of this event, so nobody knows "
        f"whether the contact entered. {_ONCE}",
    ),
    Rule(
        name="events-without-verdict-again",
        error=InDoubtError,
        code=OUTCOME_UNKNOWN,
        topics=_TOGETHER,
        statuses=_SUCCESS,
        repeatable=True,
        message="SFMC took the batch but did not say what became of this event, so nobody knows "
        f"whether the contact entered. {_AGAIN}",
    ),
    Rule(
        name="events-too-many-journeys",
        error=wharfinger.HaltedError,
        code="too-many-journeys",
        topics=_EITHER,
        statuses=frozenset({400}),
        text=re.compile(r"interaction count limit", re.IGNORECASE),
        message="More journeys listen to {subject} than SFMC allows: {vendor} Stop some of them, "
        "or give them an event definition of their own.",
    ),
    Rule(
        name="events-definition-refused",
        error=wharfinger.HaltedError,
        code="event-definition-refused",
        topics=_TOGETHER,
        statuses=frozenset({400}),
        errorcodes=frozenset(range(30000, 30005)),
        message='SFMC takes no events for {subject}: {vendor} Check that "Event Definition Key" '
        'names an API event of the business unit of "Account ID".',
    ),
    Rule(
        name="event-malformed",
        error=wharfinger.RejectedError,
        code=EVENT_REFUSED,
        topics=_EITHER,
        statuses=frozenset({400}),
        errorcodes=frozenset({10004}),
        message='SFMC cannot read this event for {subject}: {vendor} Map plain values to "Event '
        'Data": texts, numbers, truth values and dates.',
    ),
    Rule(
        name="event-save-failed-again",
        error=wharfinger.RetryError,
        code="save-failed",
        topics=_EITHER,
        statuses=frozenset({400}),
        errorcodes=frozenset({10006}),
        details=False,
        repeatable=True,
        message=f"SFMC could not save this event for {{subject}} and gave no reason. {_AGAIN}",
    ),
    Rule(
        name="event-refused",
        error=wharfinger.RejectedError,
        code=EVENT_REFUSED,
        topics=_EITHER,
        statuses=frozenset({400}),
        message='SFMC refused this event: {vendor} Check that "Event Definition Key" names '
        "{subject} in this business unit, that the contact is active, and that the names and types "
        'in "Event Data" are those of its schema.',
    ),
)

CONTACTS: Final = (
    Rule(
        name="contact-refused-in-success",
        error=wharfinger.RejectedError,
        code="contact-refused",
        topics=_CONTACT,
        statuses=_SUCCESS,
        message="SFMC answered with success and reported errors about this contact all the same: "
        '{vendor} Check "Contact Key".',
    ),
    Rule(
        name="contact-refused",
        error=wharfinger.RejectedError,
        code="contact-refused",
        topics=_CONTACT,
        statuses=frozenset({400}),
        message='SFMC refused this contact: {vendor} Check "Contact Key".',
    ),
)
