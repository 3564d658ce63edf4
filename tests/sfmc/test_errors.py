"""The table from replies to errors, row by row."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from wharfinger import (
    CredentialsError,
    DeliveryError,
    HaltedError,
    RejectedError,
    RetryError,
    ThrottledError,
    UnknownError,
)
from wharfinger_sfmc.errors import RULES, Call, Topic, failure
from wharfinger_sfmc.replies import read_reply

CALLS = {
    topic: Call(topic=topic, subject=f"the {topic} asked for", permissions='"Sample: Write"')
    for topic in Topic
}
UNABLE = "Unable to save rows for data extension ID 5b6f8f1a-0000-ef11-b859-48df37dc1382"


@attrs.frozen
class Case:
    topic: str
    status: int
    body: Any
    error: type[DeliveryError]
    code: str
    says: str = ""


def said(message: str, code: Any = None, *details: str) -> dict[str, Any]:
    body: dict[str, Any] = {"message": message, "documentation": ""}
    if code is not None:
        body["errorcode"] = code
    if details:
        body["additionalErrors"] = [
            {"message": text, "errorcode": 10000, "documentation": ""} for text in details
        ]
    return body


def result(code: str, message: str) -> dict[str, Any]:
    entry = {"resultType": "Operational", "resultClass": "Error", "resultCode": code}
    return {"requestId": "r-1", "resultMessages": [{**entry, "message": message}]}


def oauth(error: str, description: str = "") -> dict[str, Any]:
    return {"error": error, "error_description": description, "error_uri": "https://x.example"}


NO_TOKEN = oauth("invalid_client", "Invalid client ID.")
BAD_ADDRESS = oauth("unauthorized_client", "The client's IP address is unauthorized.")
BAD_GRANT = oauth("unsupported_grant_type")
LIMITED = said("Rate limit exceeded", 50100)
LIMITED_AS_TEXT = said("Rate limit exceeded", "50100")
BLOCKED = said("Your requests are temporarily blocked.", 50200)
BLOCKED_AS_TEXT = said("Your requests are temporarily blocked.", "50200")
NOT_AUTHORIZED = said("Not Authorized", 0)
NO_PRIVILEGE = said("Insufficient privileges to complete this action.", 20002)
NO_PRIVILEGE_AS_TEXT = said("Insufficient privileges to complete this action.", "20002")
WRONG_STACK = said("The token is not valid for this endpoint.", 40002)
BAD_PARAMETER = said("Parameter nope is invalid.", 10001)
BAD_PARAMETER_OTHERWISE = said("Parameter nope is invalid.", 10000)
NO_OBJECT = result("CustomObjectNotFound", "Failed to resolve the Custom Object.")
NO_KEY = said("Primary key 'email' does not exist.", 10000)
OPAQUE = said(UNABLE, 10006)
BAD_COLUMN = said(UNABLE, "10006", "Email: The value is not valid")
ODD_RESULT = result("Odd", "something is odd")
NO_ENDPOINT = said("No endpoint exists for key 'x'.", 30003)
NO_DEFINITION = said("Event definition key 'x' not found.", 30003)
HAS_ERRORS = {"HasErrors": True, "ResultMessages": [{"message": "no"}]}
INTERNAL = said("Internal Server Error", 0)
AWAY = said("unavailable", 50300)
PAGE = b"<html>Bad gateway</html>"

CASES = [
    # Signing in
    Case("token", 401, NO_TOKEN, CredentialsError, "credentials-refused", "Invalid client ID."),
    Case("token", 401, NO_TOKEN, CredentialsError, "credentials-refused", '"Client Secret"'),
    Case("token", 401, BAD_ADDRESS, CredentialsError, "credentials-refused", "IP address"),
    Case("token", 400, BAD_GRANT, CredentialsError, "credentials-refused", "grant_type"),
    Case("token", 403, b"", CredentialsError, "credentials-refused", '"Account ID"'),
    Case("token", 404, PAGE, HaltedError, "sign-in-not-found", '"Subdomain"'),
    Case("token", 429, BLOCKED, ThrottledError, "temporarily-blocked"),
    Case("token", 429, b"", ThrottledError, "rate-limited"),
    Case("token", 500, b"", RetryError, "sign-in-failed"),
    Case("token", 502, PAGE, RetryError, "sign-in-failed"),
    Case("token", 302, b"", RetryError, "sign-in-failed"),
    Case("token", 200, PAGE, RetryError, "sign-in-failed"),
    Case("token", 200, {"token_type": "Bearer"}, RetryError, "sign-in-failed"),
    # Throttling
    Case("rows", 429, LIMITED, ThrottledError, "rate-limited"),
    Case("event", 429, LIMITED_AS_TEXT, ThrottledError, "rate-limited"),
    Case("contact", 429, PAGE, ThrottledError, "rate-limited"),
    Case("rows", 429, BLOCKED, ThrottledError, "temporarily-blocked"),
    Case("event", 503, BLOCKED_AS_TEXT, ThrottledError, "temporarily-blocked"),
    # Permissions
    Case("rows", 401, NOT_AUTHORIZED, HaltedError, "not-authorized", '"Sample: Write"'),
    Case("account", 401, b"", HaltedError, "not-authorized", '"Account ID"'),
    Case("rows", 403, NO_PRIVILEGE, HaltedError, "permission-missing", '"Sample: Write"'),
    Case("event", 403, NO_PRIVILEGE_AS_TEXT, HaltedError, "permission-missing", "Insufficient"),
    Case("contact", 403, b"", HaltedError, "permission-missing", '"Sample: Write"'),
    Case("rows", 403, said("Security", 40001), HaltedError, "permission-missing"),
    Case("rows", 403, WRONG_STACK, HaltedError, "wrong-tenant", '"Subdomain"'),
    # Rows
    Case("rows", 400, BAD_PARAMETER, HaltedError, "data-extension-not-found", "the rows asked"),
    Case("rows", 400, BAD_PARAMETER_OTHERWISE, HaltedError, "data-extension-not-found"),
    Case("rows", 400, NO_OBJECT, HaltedError, "data-extension-not-found", "the rows asked"),
    Case("rows", 200, NO_OBJECT, HaltedError, "data-extension-not-found", '"Account ID"'),
    Case("rows", 400, NO_KEY, HaltedError, "primary-key-mismatch", "Primary key 'email' does"),
    Case("rows", 400, OPAQUE, RetryError, "save-failed"),
    Case("rows", 400, {**OPAQUE, "additionalErrors": []}, RetryError, "save-failed"),
    Case("rows", 400, {"errorcode": 10006}, RetryError, "save-failed"),
    Case("rows", 400, BAD_COLUMN, RejectedError, "row-refused", "Email: The value is not valid."),
    Case("rows", 400, said("odd", 10000), RejectedError, "row-refused-unexplained", "odd."),
    Case("rows", 400, b"", RejectedError, "row-refused-unexplained", "it gave no reason"),
    Case("rows", 400, PAGE, RejectedError, "row-refused-unexplained"),
    Case("rows", 200, ODD_RESULT, RetryError, "save-failed", "something is odd."),
    Case("rows", 413, PAGE, RejectedError, "too-large"),
    Case("rows", 404, NO_ENDPOINT, HaltedError, "not-found", "the rows asked for"),
    # Contacts
    Case("contact", 400, said("No key.", 10003), RejectedError, "contact-refused", "No key."),
    Case("contact", 200, HAS_ERRORS, RejectedError, "contact-refused", "no."),
    Case("contact", 413, b"", RejectedError, "too-large"),
    # Events
    Case("event", 400, NO_DEFINITION, RejectedError, "event-refused", '"Event Definition Key"'),
    Case("event", 400, OPAQUE, RejectedError, "event-refused"),
    Case("event", 200, ODD_RESULT, RejectedError, "event-refused", "something is odd."),
    Case("event", 201, b"", UnknownError, "outcome-unknown", "journey"),
    Case("event", 200, PAGE, UnknownError, "outcome-unknown"),
    Case("event", 404, NO_ENDPOINT, HaltedError, "not-found"),
    Case("event", 500, INTERNAL, UnknownError, "vendor-failed", "not repeated"),
    Case("event", 502, PAGE, UnknownError, "vendor-failed"),
    Case("event", 504, b"", UnknownError, "vendor-failed"),
    Case("event", 503, AWAY, RetryError, "unavailable"),
    Case("event", 596, b"", RetryError, "unavailable"),
    Case("event", 302, b"", UnknownError, "unexpected-reply"),
    # SFMC's side, and the rest
    Case("rows", 500, INTERNAL, RetryError, "vendor-failed"),
    Case("contact", 500, b"", RetryError, "vendor-failed"),
    Case("rows", 502, PAGE, RetryError, "vendor-failed"),
    Case("rows", 504, b"", RetryError, "vendor-failed"),
    Case("rows", 503, AWAY, RetryError, "unavailable"),
    Case("rows", 596, b"Service Not Found", RetryError, "unavailable"),
    Case("rows", 408, b"", RetryError, "unavailable"),
    Case("rows", 415, b"", HaltedError, "request-refused"),
    Case("contact", 409, said("It exists", 30004), HaltedError, "request-refused", "It exists."),
    Case("rows", 307, b"", RetryError, "unexpected-reply"),
]


def reply_to(case: Case, headers: dict[str, str] | None = None) -> Any:
    kind = "content" if isinstance(case.body, bytes) else "json"
    return read_reply(httpx.Response(case.status, headers=headers, **{kind: case.body}))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.topic}-{c.status}-{c.code}")
def test_a_reply_stands_for_its_error(case):
    error = failure(reply_to(case), CALLS[Topic(case.topic)])

    assert type(error) is case.error
    assert error.code == case.code
    assert error.http_status == case.status
    assert case.says in error.message
    assert "{" not in error.message
    assert error.message.endswith(".")


def test_every_row_of_the_table_has_a_case():
    used = {
        next(rule for rule in RULES if rule.fits(reply_to(case), CALLS[Topic(case.topic)])).message
        for case in CASES
    }

    assert used == {rule.message for rule in RULES}


def test_nothing_of_an_event_that_may_have_entered_is_ever_a_retry():
    for status in {*range(200, 400), *range(500, 600)} - {503, 596}:
        error = failure(read_reply(httpx.Response(status)), CALLS[Topic.EVENT])
        assert isinstance(error, UnknownError), status


@pytest.mark.parametrize(
    ("headers", "body", "expected_s"),
    [
        ({"Retry-After": "5"}, said("Rate limit exceeded", 50100), 5.0),
        ({"Retry-After": "5"}, {**said("Rate limit exceeded", 50100), "retryAfter": 9}, 5.0),
        ({}, {**said("Rate limit exceeded", 50100), "retryAfter": 9}, 9.0),
        ({}, {**said("Rate limit exceeded", 50100), "retryAfter": "9"}, 9.0),
        ({"Retry-After": "soon"}, {**said("x", 50100), "retryAfter": 9}, 9.0),
        ({}, said("Rate limit exceeded", 50100), None),
        ({}, said("blocked", 50200), 60.0),
        ({"Retry-After": "7"}, said("blocked", 50200), 7.0),
        ({"Retry-After": "0"}, said("blocked", 50200), 0.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, said("x", 50100), 0.0),
        ({"Retry-After": "-5"}, said("x", 50100), None),
        ({"Retry-After": "nan"}, said("x", 50100), None),
        ({"Retry-After": "9" * 400}, said("x", 50100), None),
        ({}, {**said("x", 50100), "retryAfter": True}, None),
        ({}, {**said("x", 50100), "retryAfter": [5]}, None),
    ],
)
def test_a_throttled_account_waits_as_long_as_it_was_asked_to(headers, body, expected_s):
    reply = read_reply(httpx.Response(429, headers=headers, json=body))

    error = failure(reply, CALLS[Topic.ROWS])

    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == expected_s


def test_a_date_to_come_is_a_wait_in_seconds():
    reply = read_reply(
        httpx.Response(503, headers={"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})
    )

    error = failure(reply, CALLS[Topic.ROWS])

    assert isinstance(error, RetryError)
    assert error.retry_after_s is not None
    assert error.retry_after_s > 86_400 * 365


NAMES = [
    "message",
    "errorCode",
    "additionalErrors",
    "validationErrors",
    "resultMessages",
    "resultClass",
    "resultCode",
    "hasErrors",
    "requestId",
    "retryAfter",
    "error",
]
junk_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(
    st.sampled_from(Topic),
    st.integers(200, 599),
    st.binary(max_size=200) | junk_json,
    st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=30),
)
def test_no_reply_is_beyond_the_table(topic, status, body, retry_after):
    kind = "content" if isinstance(body, bytes) else "json"
    headers = {"Retry-After": retry_after}
    reply = read_reply(httpx.Response(status, headers=headers, **{kind: body}))

    error = failure(reply, CALLS[topic])

    assert isinstance(error, DeliveryError)
    assert len(reply.vendor_message) <= 500
    if isinstance(error, RetryError) and error.retry_after_s is not None:
        assert error.retry_after_s >= 0
