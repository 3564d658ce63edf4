"""Rows, in the order in which SFMC looks at them, and the jobs of asynchronous rows."""

from __future__ import annotations

import re
from typing import Final

import wharfinger
from wharfinger_sfmc.errors.doubt import InDoubtError
from wharfinger_sfmc.errors.rule import Rule, Topic

__all__ = ["JOBS", "PRIMARY_KEY_MISMATCH", "ROWS", "ROW_REFUSED"]

PRIMARY_KEY_MISMATCH: Final = "primary-key-mismatch"
ROW_REFUSED: Final = "row-refused"

_ROWS: Final = frozenset({Topic.ROWS})
_JOB: Final = frozenset({Topic.JOB})
_CHECK: Final = 'Check it, and that it is in the business unit of "Account ID".'

ROWS: Final = (
    Rule(
        name="rows-object-not-found",
        error=wharfinger.HaltedError,
        code="data-extension-not-found",
        topics=_ROWS,
        result_code="CustomObjectNotFound",
        message=f"SFMC does not find {{subject}}. {_CHECK}",
    ),
    Rule(
        name="rows-address",
        error=wharfinger.HaltedError,
        code="data-extension-not-found",
        topics=_ROWS,
        statuses=frozenset({400}),
        errorcodes=frozenset({10001}),
        message=f"SFMC does not find {{subject}}: {{vendor}} {_CHECK}",
    ),
    Rule(
        name="rows-address-by-text",
        error=wharfinger.HaltedError,
        code="data-extension-not-found",
        topics=_ROWS,
        statuses=frozenset({400}),
        errorcodes=frozenset({10000}),
        text=re.compile(r"parameter .* is invalid", re.IGNORECASE),
        details=False,
        message=f"SFMC does not know {{subject}}: {{vendor}} {_CHECK}",
    ),
    Rule(
        name="rows-primary-key-mismatch",
        error=wharfinger.HaltedError,
        code=PRIMARY_KEY_MISMATCH,
        topics=_ROWS,
        statuses=frozenset({400}),
        text=re.compile(r"primary key .* does not exist", re.IGNORECASE),
        message="The primary keys that are sent are not those of {subject}: {vendor} Map exactly "
        "its primary key columns, spelled as in SFMC.",
    ),
    Rule(
        name="rows-no-primary-key",
        error=wharfinger.HaltedError,
        code="primary-key-missing",
        topics=_ROWS,
        text=re.compile(r"does not have any primary keys", re.IGNORECASE),
        message="{subject} has no primary key, so rows cannot be upserted: {vendor} Give it a "
        "primary key in SFMC, or choose a data extension that has one.",
    ),
    Rule(
        name="rows-save-failed",
        error=wharfinger.RetryError,
        code="save-failed",
        topics=_ROWS,
        statuses=frozenset({400}),
        errorcodes=frozenset({10006}),
        details=False,
        message="SFMC could not save rows of {subject} and gave no reason; this passes as a rule.",
    ),
    Rule(
        name="rows-errors-in-success",
        error=InDoubtError,
        code="save-failed",
        topics=_ROWS,
        statuses=frozenset(range(200, 300)),
        message="SFMC answered with success and reported errors about {subject} all the same: "
        "{vendor} Sending the rows again is safe.",
    ),
    Rule(
        name="row-refused",
        error=wharfinger.RejectedError,
        code=ROW_REFUSED,
        topics=_ROWS,
        statuses=frozenset({400}),
        details=True,
        message="SFMC refused this row of {subject}: {vendor} Compare its values with the columns.",
    ),
    Rule(
        name="row-refused-unexplained",
        error=wharfinger.RejectedError,
        code="row-refused-unexplained",
        topics=_ROWS,
        statuses=frozenset({400}),
        message="SFMC refused this row of {subject} and named no column: {vendor} Compare its "
        "values with the columns.",
    ),
)

JOBS: Final = (
    Rule(
        name="job-not-ready",
        error=wharfinger.RetryError,
        code="job-not-ready",
        topics=_JOB,
        result_code="AsyncRequestStatusNotFound",
        message="SFMC has no status of {subject} yet. Ask again; after a day or so it has "
        "forgotten it.",
    ),
    Rule(
        name="job-errors-in-success",
        error=wharfinger.RetryError,
        code="save-failed",
        topics=_JOB,
        statuses=frozenset(range(200, 300)),
        details=True,
        message="SFMC answered with success and reported errors about {subject} all the same: "
        "{vendor} Asking again is safe.",
    ),
)
