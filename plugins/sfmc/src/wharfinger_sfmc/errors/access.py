"""Throttling, signing in and permissions: they come before what a request was about."""

from __future__ import annotations

import re
from typing import Final

import wharfinger
from wharfinger_sfmc.errors.rule import Rule, Topic
from wharfinger_sfmc.permissions import IN_SETUP

__all__ = ["ACCESS", "FORBIDDEN", "SIGN_IN_ADVICE"]

FORBIDDEN: Final = frozenset({"permission-missing", "not-authorized"})
"""Codes of errors that mean: this integration must not do that."""

_TOKEN: Final = frozenset({Topic.TOKEN})
_CATALOGUE: Final = frozenset({Topic.CATALOGUE})
_CREDENTIALS_ADVICE: Final = (
    'Compare "Client ID" and "Client Secret" with '
    f'{IN_SETUP}, and see that the package is installed and enabled, that "Account ID" is the '
    "MID of a business unit it may use, and that it allows this machine's IP address."
)
_ADDRESS_ADVICE: Final = (
    "Add its IP address to the allow list of the account, or let the package sign in from anywhere."
)
SIGN_IN_ADVICE: Final = (_CREDENTIALS_ADVICE, _ADDRESS_ADVICE)
"""What to do about a refused sign-in; its message ends with one of these."""
_SECOND_401: Final = (
    "SFMC refused a fresh access token for {subject}. Either the integration lacks a "
    f'permission (tick {{permissions}} in {IN_SETUP}) or "Account ID" is not the business '
    "unit where this is found."
)
_TICK: Final = (
    "The integration has too few privileges for {subject}: {vendor} Tick {permissions} "
    f"in {IN_SETUP}."
)

_THROTTLING: Final = (
    # In every envelope, the token endpoint included, and on SOAP with status 500.
    Rule(
        name="blocked",
        error=wharfinger.ThrottledError,
        code="temporarily-blocked",
        statuses=frozenset(range(400, 600)),
        errorcodes=frozenset({50200}),
        message="SFMC blocks this account's requests for a while because there were too many at "
        "once. Lower the lanes of the mappings if it happens often.",
        retry_after_s=60.0,
    ),
    Rule(
        name="slow-down",
        error=wharfinger.ThrottledError,
        code="rate-limited",
        statuses=frozenset({429}),
        message="SFMC asks this account to slow down.",
    ),
    Rule(
        name="slow-down-by-code",
        error=wharfinger.ThrottledError,
        code="rate-limited",
        statuses=frozenset(range(400, 600)),
        errorcodes=frozenset({50100}),
        message="SFMC asks this account to slow down, whatever the status of its reply.",
    ),
)

_SIGNING_IN: Final = (
    Rule(
        name="sign-in-address",
        error=wharfinger.CredentialsError,
        code=wharfinger.CredentialsError.CODE,
        topics=_TOKEN,
        statuses=frozenset(range(400, 404)),
        text=re.compile(r"\bIP address\b", re.IGNORECASE),
        message=f"SFMC does not let this machine sign in: {{vendor}} {_ADDRESS_ADVICE}",
    ),
    Rule(
        name="sign-in-refused",
        error=wharfinger.CredentialsError,
        code=wharfinger.CredentialsError.CODE,
        topics=_TOKEN,
        statuses=frozenset({401}),
        message=f"SFMC refused to sign in: {{vendor}} {_CREDENTIALS_ADVICE}",
    ),
    Rule(
        name="sign-in-not-accepted",
        error=wharfinger.CredentialsError,
        code=wharfinger.CredentialsError.CODE,
        topics=_TOKEN,
        statuses=frozenset(range(400, 404)),
        message=f"SFMC did not accept the way we sign in: {{vendor}} {_CREDENTIALS_ADVICE}",
    ),
    Rule(
        name="sign-in-not-found",
        error=wharfinger.HaltedError,
        code="sign-in-not-found",
        topics=_TOKEN,
        statuses=frozenset({404, 405}),
        message='Nobody signs in at this address. Check "Subdomain".',
    ),
    Rule(
        name="sign-in-failed",
        error=wharfinger.RetryError,
        code="sign-in-failed",
        topics=_TOKEN,
        message="SFMC gave no access token, but did not refuse the credentials either. It can be "
        "tried again.",
    ),
)

_PERMISSIONS: Final = (
    Rule(
        name="token-misplaced",
        error=wharfinger.HaltedError,
        code="request-refused",
        statuses=frozenset({401}),
        errorcodes=frozenset({40004}),
        message="SFMC says that the access token is in the wrong place of the request: {vendor} "
        "This is a fault of the plugin; report it to its authors.",
    ),
    # A fresh token has been tried by the time a 401 gets here.
    Rule(
        name="token-refused",
        error=wharfinger.HaltedError,
        code="not-authorized",
        statuses=frozenset({401}),
        message=_SECOND_401,
    ),
    Rule(
        name="token-refused-as-400",
        error=wharfinger.HaltedError,
        code="not-authorized",
        statuses=frozenset({400}),
        text=re.compile(r"^not authorized\b", re.IGNORECASE),
        message=_SECOND_401,
    ),
    Rule(
        name="wrong-tenant",
        error=wharfinger.HaltedError,
        code="wrong-tenant",
        statuses=frozenset({403}),
        errorcodes=frozenset({40002}),
        message='The access token is not valid for this tenant. Check "Subdomain" and '
        '"Account ID".',
    ),
    Rule(
        name="business-rule",
        error=wharfinger.HaltedError,
        code="permission-missing",
        statuses=frozenset({403}),
        errorcodes=frozenset({20001}),
        message="The account is not set up for {subject}: {vendor} Ask Salesforce to enable the "
        'feature for the business unit of "Account ID".',
    ),
    Rule(
        name="security",
        error=wharfinger.HaltedError,
        code="security-refused",
        statuses=frozenset({403}),
        errorcodes=frozenset({40000, 40001, 40003}),
        message="SFMC refused {subject} for a reason of security: {vendor} See that the package "
        "is enabled and that the account's security settings let its API integration in.",
    ),
    Rule(
        name="privileges",
        error=wharfinger.HaltedError,
        code="permission-missing",
        statuses=frozenset({403}),
        message=_TICK,
    ),
    Rule(
        name="soap-token-refused",
        error=wharfinger.HaltedError,
        code="not-authorized",
        topics=_CATALOGUE,
        text=re.compile(r"\btoken expired\b", re.IGNORECASE),
        message=_SECOND_401,
    ),
    Rule(
        name="soap-permission",
        error=wharfinger.HaltedError,
        code="permission-missing",
        topics=_CATALOGUE,
        text=re.compile(r"\bAPI permission failed\b", re.IGNORECASE),
        message=_TICK,
    ),
)

ACCESS: Final = (*_THROTTLING, *_SIGNING_IN, *_PERMISSIONS)
