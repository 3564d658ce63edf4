"""What can befall any request: refusals of its form, trouble on SFMC's side, and the rest."""

from __future__ import annotations

import re
from typing import Final

import wharfinger
from wharfinger_sfmc.errors.doubt import InDoubtError
from wharfinger_sfmc.errors.rule import Rule, Topic

__all__ = ["GENERAL", "TOO_LARGE"]

TOO_LARGE: Final = "too-large"

_SERVER: Final = frozenset(range(500, 600))
_LOOKING: Final = frozenset({Topic.ACCOUNT, Topic.JOB, Topic.CATALOGUE})
_EVENTS: Final = frozenset({Topic.EVENT, Topic.EVENTS})
_CATALOGUE: Final = frozenset({Topic.CATALOGUE})
_OUR_FAULT: Final = "This is a fault of the plugin; report it to its authors."
_CHECK: Final = 'Check it, and that "Account ID" is its business unit.'
_AWAY: Final = "SFMC is not available at the moment."

_REFUSED: Final = (
    Rule(
        name="too-large",
        error=wharfinger.RejectedError,
        code=TOO_LARGE,
        statuses=frozenset({413}),
        message="SFMC finds the request too large, and it cannot be made smaller. Map fewer or "
        "shorter values.",
    ),
    Rule(
        name="media-type",
        error=wharfinger.HaltedError,
        code="request-refused",
        statuses=frozenset({415}),
        message=f"SFMC does not take the media type of a request for {{subject}}. {_OUR_FAULT}",
    ),
    Rule(
        name="not-found",
        error=wharfinger.HaltedError,
        code="not-found",
        statuses=frozenset({404}),
        message=f"SFMC does not find {{subject}}. {_CHECK}",
    ),
    Rule(
        name="not-found-by-code",
        error=wharfinger.HaltedError,
        code="not-found",
        topics=_LOOKING,
        statuses=frozenset({400}),
        errorcodes=frozenset({10001, 30003}),
        message=f"SFMC does not find {{subject}}: {{vendor}} {_CHECK}",
    ),
    Rule(
        name="malformed",
        error=wharfinger.HaltedError,
        code="request-refused",
        topics=_LOOKING,
        statuses=frozenset({400}),
        errorcodes=frozenset({10003, 10004}),
        message=f"SFMC cannot read a request for {{subject}}: {{vendor}} {_OUR_FAULT}",
    ),
    Rule(
        name="already-exists",
        error=wharfinger.HaltedError,
        code="already-exists",
        statuses=frozenset({409}),
        errorcodes=frozenset({30004}),
        message="SFMC has {subject} already: {vendor} Use it, or choose another key and name.",
    ),
    Rule(
        name="invalid-state",
        error=wharfinger.HaltedError,
        code="invalid-state",
        statuses=frozenset({409}),
        message="SFMC cannot do this in the present state of {subject}: {vendor} Look at it in "
        "SFMC.",
    ),
    Rule(
        name="soap-refused",
        error=wharfinger.HaltedError,
        code="request-refused",
        topics=_CATALOGUE,
        statuses=frozenset(range(200, 300)),
        text=re.compile(r"^error\b", re.IGNORECASE),
        message=f"SFMC's SOAP service refused to answer about {{subject}}: {{vendor}} {_OUR_FAULT}",
    ),
)

_TROUBLE: Final = (
    Rule(
        name="unavailable",
        error=wharfinger.RetryError,
        code="unavailable",
        statuses=frozenset({503}),
        errorcodes=frozenset({50300}),
        message=f"{_AWAY} It took nothing of this.",
    ),
    Rule(
        name="unavailable-for-a-while",
        error=wharfinger.RetryError,
        code="unavailable",
        statuses=frozenset({503}),
        names_wait=True,
        message=f"{_AWAY} It says when to come again.",
    ),
    Rule(
        name="unavailable-unexplained",
        error=InDoubtError,
        code="unavailable",
        statuses=frozenset({503}),
        repeatable=True,
        message=f"{_AWAY} Sending it again is safe.",
    ),
    # Asked twice by the time it gets here.
    Rule(
        name="service-not-found",
        error=wharfinger.HaltedError,
        code="service-not-found",
        statuses=frozenset({596}),
        message="SFMC's gateway finds no service for {subject} at this address. Check "
        '"Subdomain"; if it is right, wait a while and open the connection again.',
    ),
    Rule(
        name="request-slow",
        error=wharfinger.RetryError,
        code="unavailable",
        statuses=frozenset({408}),
        message="SFMC did not receive the whole request in time.",
    ),
    Rule(
        name="vendor-failed-again",
        error=InDoubtError,
        code="vendor-failed",
        topics=_EVENTS,
        statuses=_SERVER,
        repeatable=True,
        message="SFMC failed on its side, and the contact may have entered before it did. It is "
        "sent again, because the mapping delivers at least once.",
    ),
    Rule(
        name="vendor-failed",
        error=InDoubtError,
        code="vendor-failed",
        statuses=_SERVER,
        repeatable=True,
        message="SFMC failed on its side. Sending it again is safe.",
    ),
    Rule(
        name="vendor-failed-once",
        error=wharfinger.UnknownError,
        code="vendor-failed",
        statuses=_SERVER,
        repeatable=False,
        message="SFMC failed on its side, and the contact may have entered before it did. It is "
        "not repeated; look at the journey's entry data.",
    ),
)

_REST: Final = (
    Rule(
        name="request-refused",
        error=wharfinger.HaltedError,
        code="request-refused",
        statuses=frozenset(range(400, 500)),
        message="SFMC does not accept requests of this form for {subject}: {vendor}",
    ),
    Rule(
        name="unexpected-reply",
        error=InDoubtError,
        code="unexpected-reply",
        repeatable=True,
        message="SFMC gave a reply that nobody can read. It can be tried again.",
    ),
    Rule(
        name="unexpected-reply-once",
        error=wharfinger.UnknownError,
        code="unexpected-reply",
        repeatable=False,
        message="SFMC gave a reply that nobody can read. The event is not repeated; look at the "
        "journey's entry data.",
    ),
)

GENERAL: Final = (*_REFUSED, *_TROUBLE, *_REST)
