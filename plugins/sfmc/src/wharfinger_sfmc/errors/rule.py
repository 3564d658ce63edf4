"""One row of the table from SFMC's replies to errors, and what is asked of the table."""

from __future__ import annotations

import re
from enum import StrEnum

import attrs

import wharfinger
from wharfinger_sfmc.api.replies import Reply

__all__ = ["Call", "Rule", "Topic"]


class Topic(StrEnum):
    """What a request was about."""

    TOKEN = "token"  # noqa: S105  # a topic, not a password
    ACCOUNT = "account"
    CONTACT = "contact"
    EVENT = "event"
    """One journey event."""
    EVENTS = "events"
    """A batch of journey events."""
    ROWS = "rows"
    JOB = "job"
    """Status and results of rows that were sent asynchronously."""
    CATALOGUE = "catalogue"
    """Reading what data extensions, folders and event definitions there are."""
    CREATION = "creation"
    """Making a data extension."""


@attrs.frozen(kw_only=True)
class Call:
    """What was asked of SFMC, in the words its error will use.

    Attributes:
        topic: What it was about.
        subject: What it was aimed at: ``'the data extension with the key "orders"'``.
        permissions: What to tick in Setup for it, or ``""`` where it needs no permission.
        repeatable: Whether it may be sent again although it may have taken effect; give
            ``session.idempotent``.
    """

    topic: Topic
    subject: str
    permissions: str = ""
    repeatable: bool = True


@attrs.frozen(kw_only=True)
class Rule:
    """One row of the table: the replies it fits, and the error they stand for.

    Attributes:
        name: Its name in the table and in tests, unique and stable.
        error: What is raised.
        code: Its code.
        message: Its message; ``{subject}``, ``{permissions}`` and ``{vendor}`` are filled in.
        topics: What the request was about.
        statuses: HTTP statuses it fits; empty for any.
        errorcodes: SFMC's numbers it fits; empty for any.
        result_code: A result message's code it fits, or ``""`` for any.
        text: Fits where this is found in what SFMC said; None for any text.
        details: Whether SFMC named columns, rows or result messages; None for either.
        names_wait: Whether SFMC said how long to wait; None for either.
        repeatable: Whether the request may be sent again although it may have taken effect; None
            for either.
        retry_after_s: Seconds to wait where SFMC names none.
    """

    name: str
    error: type[wharfinger.DeliveryError]
    code: str
    message: str
    topics: frozenset[Topic] = frozenset(Topic)
    statuses: frozenset[int] = frozenset()
    errorcodes: frozenset[int] = frozenset()
    result_code: str = ""
    text: re.Pattern[str] | None = None
    details: bool | None = None
    names_wait: bool | None = None
    repeatable: bool | None = None
    retry_after_s: float | None = None

    def fits(self, reply: Reply, call: Call) -> bool:
        """Tell whether this row is about this reply."""
        return (
            call.topic in self.topics
            and (not self.statuses or reply.status in self.statuses)
            and (not self.errorcodes or reply.errorcode in self.errorcodes)
            and (not self.result_code or self.result_code in reply.result_codes)
            and (self.text is None or self.text.search(reply.vendor_message) is not None)
            and self.details in (None, bool(reply.details))
            and self.names_wait in (None, reply.retry_after_s is not None)
            and self.repeatable in (None, call.repeatable)
        )
