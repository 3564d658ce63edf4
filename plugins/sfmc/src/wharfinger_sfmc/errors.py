"""What SFMC's refusals mean: one table from replies to errors.

The first rule that fits a reply counts. Where Salesforce's page "Handle Errors in REST API" is
silent, a rule follows what clients have seen in production.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.replies import Reply

__all__ = [
    "PRIMARY_KEY_MISMATCH",
    "ROW_REFUSED",
    "RULES",
    "TOO_LARGE",
    "Call",
    "Rule",
    "Topic",
    "failure",
]

PRIMARY_KEY_MISMATCH: Final = "primary-key-mismatch"
ROW_REFUSED: Final = "row-refused"
TOO_LARGE: Final = "too-large"


class Topic(StrEnum):
    """What a request was about."""

    TOKEN = "token"  # noqa: S105  # a topic, not a password
    ACCOUNT = "account"
    CONTACT = "contact"
    EVENT = "event"
    ROWS = "rows"


@attrs.frozen(kw_only=True)
class Call:
    """What was asked of SFMC, in the words its error will use.

    Attributes:
        topic: What it was about.
        subject: What it was aimed at: ``'the data extension with the key "orders"'``.
        permissions: What to tick in Setup for it, or ``""`` where it needs no permission.
    """

    topic: Topic
    subject: str
    permissions: str = ""


_NEVER_TWICE: Final = frozenset({Topic.EVENT})
_REPEATABLE: Final = frozenset(Topic) - _NEVER_TWICE
_IN_SETUP: Final = "Setup, Platform Tools, Apps, Installed Packages, your package, API Integration"
_CREDENTIALS_ADVICE: Final = (
    'Compare "Client ID" and "Client Secret" with '
    f'{_IN_SETUP}, and see that the package is installed and enabled, that "Account ID" is the '
    "MID of a business unit it may use, and that it allows this machine's IP address."
)


@attrs.frozen(kw_only=True)
class Rule:
    """One row of the table: the replies it fits, and the error they stand for.

    Attributes:
        error: What is raised.
        code: Its code.
        message: Its message; ``{subject}``, ``{permissions}`` and ``{vendor}`` are filled in.
        topics: What the request was about.
        statuses: HTTP statuses it fits; empty for any.
        errorcodes: SFMC's numbers it fits; empty for any.
        result_code: A result message's code it fits, or ``""`` for any.
        text: Fits where this is found in what SFMC said; None for any text.
        details: Whether SFMC named columns or rows; None for either.
        retry_after_s: Seconds to wait where SFMC names none.
    """

    error: type[wharfinger.DeliveryError]
    code: str
    message: str
    topics: frozenset[Topic] = frozenset(Topic)
    statuses: frozenset[int] = frozenset()
    errorcodes: frozenset[int] = frozenset()
    result_code: str = ""
    text: re.Pattern[str] | None = None
    details: bool | None = None
    retry_after_s: float | None = None

    def fits(self, reply: Reply, call: Call) -> bool:
        """Tell whether this row is about this reply."""
        return (
            call.topic in self.topics
            and (not self.statuses or reply.status in self.statuses)
            and (not self.errorcodes or reply.errorcode in self.errorcodes)
            and (not self.result_code or self.result_code in reply.result_codes)
            and (self.text is None or self.text.search(reply.vendor_message) is not None)
            and (self.details is None or self.details is bool(reply.details))
        )


_SUCCESS: Final = frozenset(range(200, 300))
_SERVER: Final = frozenset(range(500, 600))
_ABOUT_TOKEN: Final = frozenset({Topic.TOKEN})
_ABOUT_CONTACT: Final = frozenset({Topic.CONTACT})
_ABOUT_EVENT: Final = frozenset({Topic.EVENT})
_ABOUT_ROWS: Final = frozenset({Topic.ROWS})

RULES: Final = (
    # Throttling comes in every envelope, the token endpoint included.
    Rule(
        error=wharfinger.ThrottledError,
        code="temporarily-blocked",
        errorcodes=frozenset({50200}),
        message="SFMC blocks this account's requests for a while because there were too many at "
        "once. Lower the lanes of the mappings if it happens often.",
        retry_after_s=60.0,
    ),
    Rule(
        error=wharfinger.ThrottledError,
        code="rate-limited",
        statuses=frozenset({429}),
        message="SFMC asks this account to slow down.",
    ),
    # Signing in.
    Rule(
        error=wharfinger.CredentialsError,
        code=wharfinger.CredentialsError.CODE,
        topics=_ABOUT_TOKEN,
        statuses=frozenset({401}),
        message=f"SFMC refused to sign in: {{vendor}} {_CREDENTIALS_ADVICE}",
    ),
    Rule(
        error=wharfinger.CredentialsError,
        code=wharfinger.CredentialsError.CODE,
        topics=_ABOUT_TOKEN,
        statuses=frozenset(range(400, 404)),
        message=f"SFMC did not accept the way we sign in: {{vendor}} {_CREDENTIALS_ADVICE}",
    ),
    Rule(
        error=wharfinger.HaltedError,
        code="sign-in-not-found",
        topics=_ABOUT_TOKEN,
        statuses=frozenset(range(404, 406)),
        message='Nobody signs in at this address. Check "Subdomain".',
    ),
    Rule(
        error=wharfinger.RetryError,
        code="sign-in-failed",
        topics=_ABOUT_TOKEN,
        message="SFMC gave no access token, but did not refuse the credentials either. It can be "
        "tried again.",
    ),
    # Permissions: a fresh token has been tried by the time a 401 gets here.
    Rule(
        error=wharfinger.HaltedError,
        code="not-authorized",
        statuses=frozenset({401}),
        message="SFMC refused a fresh access token for {subject}. Either the integration lacks a "
        f'permission (tick {{permissions}} in {_IN_SETUP}) or "Account ID" is not the business '
        "unit where this is found.",
    ),
    Rule(
        error=wharfinger.HaltedError,
        code="wrong-tenant",
        statuses=frozenset({403}),
        errorcodes=frozenset({40002}),
        message='The access token is not valid for this tenant. Check "Subdomain" and '
        '"Account ID".',
    ),
    Rule(
        error=wharfinger.HaltedError,
        code="permission-missing",
        statuses=frozenset({403}),
        message="The integration has too few privileges for {subject}: {vendor} Tick {permissions} "
        f"in {_IN_SETUP}.",
    ),
    # Rows, in the order in which SFMC looks at them.
    Rule(
        error=wharfinger.HaltedError,
        code="data-extension-not-found",
        topics=_ABOUT_ROWS,
        result_code="CustomObjectNotFound",
        message="SFMC does not find {subject}. Check it, and that it is in the business unit of "
        '"Account ID".',
    ),
    Rule(
        error=wharfinger.HaltedError,
        code="data-extension-not-found",
        topics=_ABOUT_ROWS,
        statuses=frozenset({400}),
        errorcodes=frozenset({10001}),
        message="SFMC does not find {subject}: {vendor} Check it, and that it is in the business "
        'unit of "Account ID".',
    ),
    Rule(
        error=wharfinger.HaltedError,
        code="data-extension-not-found",
        topics=_ABOUT_ROWS,
        statuses=frozenset({400}),
        errorcodes=frozenset({10000}),
        text=re.compile(r"parameter .* is invalid", re.IGNORECASE),
        details=False,
        message="SFMC does not know {subject}: {vendor} Check it, and that it is in the business "
        'unit of "Account ID".',
    ),
    Rule(
        error=wharfinger.HaltedError,
        code=PRIMARY_KEY_MISMATCH,
        topics=_ABOUT_ROWS,
        statuses=frozenset({400}),
        text=re.compile(r"primary key .* does not exist", re.IGNORECASE),
        message="The primary keys that are sent are not those of {subject}: {vendor} Map exactly "
        "its primary key columns, spelled as in SFMC.",
    ),
    Rule(
        error=wharfinger.RetryError,
        code="save-failed",
        topics=_ABOUT_ROWS,
        statuses=frozenset({400}),
        errorcodes=frozenset({10006}),
        details=False,
        message="SFMC could not save rows of {subject} and gave no reason; this passes as a rule.",
    ),
    Rule(
        error=wharfinger.RejectedError,
        code=TOO_LARGE,
        statuses=frozenset({413}),
        message="SFMC finds the request too large, and it cannot be made smaller. Map fewer or "
        "shorter values.",
    ),
    Rule(
        error=wharfinger.HaltedError,
        code="not-found",
        statuses=frozenset({404}),
        message='SFMC does not find {subject}. Check it, and that "Account ID" is its business '
        "unit.",
    ),
    # Journey events: whatever proves nothing must not be repeated.
    Rule(
        error=wharfinger.UnknownError,
        code="outcome-unknown",
        topics=_NEVER_TWICE,
        statuses=_SUCCESS,
        details=False,
        message="SFMC accepted the event but named no event instance, so nobody knows whether the "
        "contact entered. It is not repeated; look at the journey's entry data.",
    ),
    Rule(
        error=wharfinger.RejectedError,
        code="event-refused",
        topics=_ABOUT_EVENT,
        statuses=_SUCCESS,
        message="SFMC refused this event for {subject}: {vendor}",
    ),
    Rule(
        error=wharfinger.RejectedError,
        code="event-refused",
        topics=_ABOUT_EVENT,
        statuses=frozenset({400}),
        message='SFMC refused this event: {vendor} Check that "Event Definition Key" names '
        "{subject} in this business unit, that the contact is active, and that the names and types "
        'in "Event Data" are those of its schema.',
    ),
    # Contacts and rows.
    Rule(
        error=wharfinger.RejectedError,
        code="contact-refused",
        topics=_ABOUT_CONTACT,
        statuses=_SUCCESS | {400},
        message='SFMC refused this contact: {vendor} Check "Contact Key".',
    ),
    Rule(
        error=wharfinger.RetryError,
        code="save-failed",
        topics=_ABOUT_ROWS,
        statuses=_SUCCESS,
        message="SFMC answered with success and reported errors about {subject} all the same: "
        "{vendor} Sending the rows again is safe.",
    ),
    Rule(
        error=wharfinger.RejectedError,
        code=ROW_REFUSED,
        topics=_ABOUT_ROWS,
        statuses=frozenset({400}),
        details=True,
        message="SFMC refused this row of {subject}: {vendor} Compare its values with the columns.",
    ),
    Rule(
        error=wharfinger.RejectedError,
        code="row-refused-unexplained",
        topics=_ABOUT_ROWS,
        statuses=frozenset({400}),
        message="SFMC refused this row of {subject} and named no column: {vendor} Compare its "
        "values with the columns.",
    ),
    # Trouble on SFMC's side.
    Rule(
        error=wharfinger.RetryError,
        code="unavailable",
        statuses=frozenset({503}),
        message="SFMC is not available at the moment.",
    ),
    Rule(
        error=wharfinger.RetryError,
        code="unavailable",
        statuses=frozenset({596}),
        message="SFMC's gateway finds no service at this address at the moment.",
    ),
    Rule(
        error=wharfinger.RetryError,
        code="unavailable",
        statuses=frozenset({408}),
        message="SFMC did not receive the whole request in time.",
    ),
    Rule(
        error=wharfinger.RetryError,
        code="vendor-failed",
        topics=_REPEATABLE,
        statuses=_SERVER,
        message="SFMC failed on its side. Sending it again is safe.",
    ),
    Rule(
        error=wharfinger.UnknownError,
        code="vendor-failed",
        topics=_NEVER_TWICE,
        statuses=_SERVER,
        message="SFMC failed on its side, and the contact may have entered before it did. It is "
        "not repeated; look at the journey's entry data.",
    ),
    # The rest.
    Rule(
        error=wharfinger.HaltedError,
        code="request-refused",
        statuses=frozenset(range(400, 500)),
        message="SFMC does not accept requests of this form for {subject}: {vendor}",
    ),
    Rule(
        error=wharfinger.UnknownError,
        code="unexpected-reply",
        topics=_NEVER_TWICE,
        message="SFMC gave a reply that nobody can read. The event is not repeated; look at the "
        "journey's entry data.",
    ),
    Rule(
        error=wharfinger.RetryError,
        code="unexpected-reply",
        message="SFMC gave a reply that nobody can read. It can be tried again.",
    ),
)


def failure(reply: Reply, call: Call) -> wharfinger.DeliveryError:
    """Return the error that a reply stands for.

    Args:
        reply: A reply that is not the success the caller hoped for.
        call: What was asked.
    """
    rule = next(rule for rule in RULES if rule.fits(reply, call))
    message = rule.message.format(
        subject=call.subject,
        permissions=call.permissions or "the permissions of this action",
        vendor=_sentence(reply.vendor_message),
    )
    waits_s = rule.retry_after_s if reply.retry_after_s is None else reply.retry_after_s
    facts: dict[str, Any] = {
        "code": rule.code,
        "vendor_message": reply.vendor_message,
        "http_status": reply.status,
        "request_id": reply.request_id,
    }
    if issubclass(rule.error, wharfinger.RetryError):
        facts["retry_after_s"] = waits_s
    return rule.error(message, **facts)


def _sentence(text: str) -> str:
    if not text:
        return "it gave no reason."
    return text if text[-1] in ".!?…" else f"{text}."
