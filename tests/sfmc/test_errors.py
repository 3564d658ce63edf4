"""The table from replies to errors, row by row."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from wharfinger import DeliveryError, Outcome, RetryError, Status, ThrottledError, UnknownError
from wharfinger_sfmc.api.replies import Reply, read_reply
from wharfinger_sfmc.errors import RULES, Call, Topic, failure, rule_for

CALLS = {
    topic: Call(topic=topic, subject=f"the {topic} asked for", permissions='"Sample: Write"')
    for topic in Topic
}
ONCE = {topic: attrs.evolve(call, repeatable=False) for topic, call in CALLS.items()}
UNABLE = "Unable to save rows for data extension ID 5b6f8f1a-0000-ef11-b859-48df37dc1382"


@attrs.frozen
class Case:
    """A reply, the row that takes it, and what becomes of the event.

    With ``once`` the request must not take effect twice.
    """

    rule: str
    topic: str
    status: int
    body: Any
    outcome: str
    says: str = ""
    once: bool = False
    headers: dict[str, str] = attrs.field(factory=dict)

    @property
    def call(self) -> Call:
        return (ONCE if self.once else CALLS)[Topic(self.topic)]

    @property
    def reply(self) -> Reply:
        kind = "content" if isinstance(self.body, bytes) else "json"
        response = httpx.Response(self.status, headers=self.headers, **{kind: self.body})
        return read_reply(response)


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
UNFILLED = said("{{eventDefinition}} not found.", "30000")
TOO_MANY = said("Interaction Count Limit Exceeded", 10000)
MALFORMED = said("JSON Deserialization Exception: something", 10004)
BAD_QUERY = said("request parameter $filter could not be resolved", 10003)
MISPLACED = said("The token must stand in a header.", 40004)
NO_SECOND_KEY = "This Data Extension does not have any primary keys defined."
NOT_READY = result("AsyncRequestStatusNotFound", "Unable to locate an Async Request Status Record.")
TAKEN = said("It exists", "30004")
HAS_ERRORS = {"HasErrors": True, "ResultMessages": [{"message": "no"}]}
INTERNAL = said("Internal Server Error", 0)
AWAY = said("unavailable", 50300)
PAGE = b"<html>Bad gateway</html>"
NO_COLUMN = "rejected row-refused-unexplained"
NO_EVENTS = "halted event-definition-refused"
NO_FORM = "halted request-refused"
AWAY_A_WHILE = "retry unavailable"
WAIT = {"Retry-After": "5"}
BAD_SECRET = oauth("invalid_client", "Client authentication failed. Make sure that the client ID")

CASES = [
    # Throttling
    Case("blocked", "rows", 429, BLOCKED, "retry temporarily-blocked", "lanes"),
    Case("blocked", "event", 503, BLOCKED_AS_TEXT, "retry temporarily-blocked", once=True),
    Case("blocked", "token", 429, BLOCKED, "retry temporarily-blocked"),
    Case("slow-down", "rows", 429, LIMITED, "retry rate-limited"),
    Case("slow-down", "event", 429, LIMITED_AS_TEXT, "retry rate-limited", once=True),
    Case("slow-down", "events", 429, PAGE, "retry rate-limited", once=True),
    Case("slow-down", "token", 429, b"", "retry rate-limited"),
    Case("slow-down-by-code", "catalogue", 500, LIMITED, "retry rate-limited"),
    # Signing in
    Case("sign-in-address", "token", 401, BAD_ADDRESS, "halted credentials-refused", "allow list"),
    Case("sign-in-refused", "token", 401, NO_TOKEN, "halted credentials-refused", "client ID."),
    Case("sign-in-refused", "token", 401, BAD_SECRET, "halted credentials-refused", '"Client ID"'),
    Case("sign-in-refused", "token", 401, b"", "halted credentials-refused", "no reason"),
    Case("sign-in-not-accepted", "token", 400, BAD_GRANT, "halted credentials-refused", "_grant"),
    Case("sign-in-not-accepted", "token", 403, b"", "halted credentials-refused", '"Account ID"'),
    Case("sign-in-not-found", "token", 404, PAGE, "halted sign-in-not-found", '"Subdomain"'),
    Case("sign-in-failed", "token", 500, b"", "retry sign-in-failed"),
    Case("sign-in-failed", "token", 502, PAGE, "retry sign-in-failed"),
    Case("sign-in-failed", "token", 302, b"", "retry sign-in-failed"),
    Case("sign-in-failed", "token", 200, PAGE, "retry sign-in-failed"),
    Case("sign-in-failed", "token", 200, {"token_type": "Bearer"}, "retry sign-in-failed"),
    # Permissions
    Case("token-misplaced", "rows", 401, MISPLACED, "halted request-refused", "fault of the"),
    Case("token-refused", "rows", 401, NOT_AUTHORIZED, "halted not-authorized", '"Sample: Write"'),
    Case("token-refused", "account", 401, b"", "halted not-authorized", '"Account ID"'),
    Case("token-refused", "event", 401, NOT_AUTHORIZED, "halted not-authorized", once=True),
    Case("token-refused-as-400", "rows", 400, NOT_AUTHORIZED, "halted not-authorized", '"Sample'),
    Case("wrong-tenant", "rows", 403, WRONG_STACK, "halted wrong-tenant", '"Subdomain"'),
    Case("business-rule", "rows", 403, said("Not set", 20001), "halted permission-missing", "Ask"),
    Case("security", "rows", 403, said("Security", "40001"), "halted security-refused"),
    Case("security", "events", 403, said("Security", 40003), "halted security-refused", once=True),
    Case("privileges", "rows", 403, NO_PRIVILEGE, "halted permission-missing", '"Sample: Write"'),
    Case("privileges", "rows", 403, said("No", 20000), "halted permission-missing", "No. Tick"),
    Case("privileges", "event", 403, NO_PRIVILEGE_AS_TEXT, "halted permission-missing"),
    Case("privileges", "contact", 403, b"", "halted permission-missing", '"Sample: Write"'),
    Case("soap-token-refused", "catalogue", 500, said("Token Expired"), "halted not-authorized"),
    Case(
        "soap-permission",
        "catalogue",
        200,
        said("Error: API Permission Failed. Ask"),
        "halted permission-missing",
        '"Sample: Write"',
    ),
    # Rows
    Case("rows-object-not-found", "rows", 400, NO_OBJECT, "halted data-extension-not-found"),
    Case("rows-object-not-found", "rows", 200, NO_OBJECT, "halted data-extension-not-found"),
    Case("rows-address", "rows", 400, BAD_PARAMETER, "halted data-extension-not-found", "nope"),
    Case(
        "rows-address-by-text",
        "rows",
        400,
        BAD_PARAMETER_OTHERWISE,
        "halted data-extension-not-found",
        "the rows asked for",
    ),
    Case("rows-primary-key-mismatch", "rows", 400, NO_KEY, "halted primary-key-mismatch", "email"),
    Case(
        "rows-no-primary-key",
        "rows",
        400,
        result("Odd", NO_SECOND_KEY),
        "halted primary-key-missing",
        "The rows asked for has no primary key",
    ),
    Case("rows-save-failed", "rows", 400, OPAQUE, "retry save-failed"),
    Case("rows-save-failed", "rows", 400, {**OPAQUE, "additionalErrors": []}, "retry save-failed"),
    Case("rows-save-failed", "rows", 400, {"errorcode": "10006"}, "retry save-failed"),
    Case("rows-errors-in-success", "rows", 200, ODD_RESULT, "retry save-failed", "is odd."),
    Case("row-refused", "rows", 400, BAD_COLUMN, "rejected row-refused", "not valid. Compare"),
    Case("row-refused-unexplained", "rows", 400, said("odd", 10000), NO_COLUMN, "odd."),
    Case("row-refused-unexplained", "rows", 400, said("odd", 10002), NO_COLUMN, "odd."),
    Case("row-refused-unexplained", "rows", 400, MALFORMED, NO_COLUMN),
    Case("row-refused-unexplained", "rows", 400, said("odd", "10005"), NO_COLUMN),
    Case("row-refused-unexplained", "rows", 400, b"", NO_COLUMN, "no reason"),
    Case("row-refused-unexplained", "rows", 400, PAGE, NO_COLUMN),
    Case("job-not-ready", "job", 200, NOT_READY, "retry job-not-ready", "yet"),
    Case("job-errors-in-success", "job", 200, ODD_RESULT, "retry save-failed", "odd."),
    # Journey events
    Case("event-without-instance", "event", 201, b"", "unknown outcome-unknown", once=True),
    Case("event-without-instance", "event", 200, PAGE, "unknown outcome-unknown", once=True),
    Case("event-without-instance-again", "event", 201, b"", "retry outcome-unknown", "again"),
    Case("event-refused-in-success", "event", 200, ODD_RESULT, "rejected event-refused", "odd."),
    Case("events-without-verdict", "events", 202, b"", "unknown outcome-unknown", once=True),
    Case("events-without-verdict", "events", 200, HAS_ERRORS, "unknown outcome-unknown", once=True),
    Case("events-without-verdict-again", "events", 202, b"", "retry outcome-unknown", "again"),
    Case("events-too-many-journeys", "events", 400, TOO_MANY, "halted too-many-journeys", "Stop"),
    Case("events-definition-refused", "events", 400, NO_DEFINITION, NO_EVENTS, '"Event Def'),
    Case("events-definition-refused", "events", 400, UNFILLED, NO_EVENTS, "{{eventDefinition}}"),
    Case("event-malformed", "event", 400, MALFORMED, "rejected event-refused", '"Event Data"'),
    Case("event-malformed", "events", 400, MALFORMED, "rejected event-refused", once=True),
    Case("event-save-failed-again", "event", 400, OPAQUE, "retry save-failed", "sent again"),
    Case("event-refused", "event", 400, OPAQUE, "rejected event-refused", once=True),
    Case("event-refused", "event", 400, NO_DEFINITION, "rejected event-refused", '"Event Def'),
    Case("event-refused", "event", 400, UNFILLED, "rejected event-refused"),
    Case("event-refused", "event", 400, said("x is required.", 10002), "rejected event-refused"),
    Case("event-refused", "event", 400, BAD_COLUMN, "rejected event-refused", "is not valid."),
    Case("event-refused", "events", 400, said("runtime", 10000), "rejected event-refused"),
    # Contacts
    Case("contact-refused-in-success", "contact", 200, HAS_ERRORS, "rejected contact-refused"),
    Case("contact-refused", "contact", 400, said("No key.", 10003), "rejected contact-refused"),
    # Refusals of any request
    Case("too-large", "rows", 413, PAGE, "rejected too-large"),
    Case("too-large", "events", 413, b"", "rejected too-large", once=True),
    Case("media-type", "rows", 415, b"", "halted request-refused", "fault of the plugin"),
    Case("not-found", "rows", 404, NO_ENDPOINT, "halted not-found", "the rows asked for"),
    Case("not-found", "event", 404, NO_ENDPOINT, "halted not-found", once=True),
    Case("not-found-by-code", "catalogue", 400, BAD_PARAMETER, "halted not-found", "nope"),
    Case("not-found-by-code", "job", 400, NO_ENDPOINT, "halted not-found"),
    Case("malformed", "catalogue", 400, BAD_QUERY, "halted request-refused", "$filter"),
    Case("malformed", "catalogue", 400, MALFORMED, "halted request-refused", "fault of the"),
    Case("already-exists", "catalogue", 409, TAKEN, "halted already-exists", "It exists."),
    Case("invalid-state", "catalogue", 409, said("Busy", 30002), "halted invalid-state", "Busy."),
    Case(
        "soap-refused",
        "catalogue",
        200,
        said("Error: Unable to find a handler for object type: X."),
        "halted request-refused",
        "X.",
    ),
    # Trouble on SFMC's side
    Case("unavailable", "rows", 503, AWAY, "retry unavailable"),
    Case("unavailable", "event", 503, AWAY, "retry unavailable", once=True),
    Case("unavailable-for-a-while", "events", 503, PAGE, AWAY_A_WHILE, once=True, headers=WAIT),
    Case("unavailable-unexplained", "rows", 503, PAGE, "retry unavailable"),
    Case("service-not-found", "rows", 596, PAGE, "halted service-not-found", '"Subdomain"'),
    Case("service-not-found", "event", 596, b"", "halted service-not-found", once=True),
    Case("request-slow", "event", 408, b"", "retry unavailable", once=True),
    Case("vendor-failed-again", "event", 500, INTERNAL, "retry vendor-failed", "sent again"),
    Case("vendor-failed-again", "events", 504, PAGE, "retry vendor-failed", "sent again"),
    Case("vendor-failed", "rows", 500, INTERNAL, "retry vendor-failed"),
    Case("vendor-failed", "contact", 502, PAGE, "retry vendor-failed"),
    Case("vendor-failed", "rows", 504, b"", "retry vendor-failed"),
    Case("vendor-failed-once", "event", 500, INTERNAL, "unknown vendor-failed", once=True),
    Case("vendor-failed-once", "events", 502, PAGE, "unknown vendor-failed", once=True),
    Case("vendor-failed-once", "event", 503, PAGE, "unknown vendor-failed", once=True),
    # The rest
    Case("request-refused", "contact", 405, said("No.", 1), "halted request-refused", "No."),
    Case("request-refused", "catalogue", 400, said("x is required", 10002), NO_FORM, "required."),
    Case("request-refused", "account", 400, said("It broke", 30000), NO_FORM, "It broke."),
    Case("request-refused", "job", 400, said("Invalid", "30001"), NO_FORM),
    Case("unexpected-reply", "rows", 307, b"", "retry unexpected-reply"),
    Case("unexpected-reply-once", "event", 302, b"", "unknown unexpected-reply", once=True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}-{c.topic}-{c.status}")
def test_a_reply_is_taken_by_its_row_and_stands_for_its_error(case):
    assert rule_for(case.reply, case.call).name == case.rule

    error = failure(case.reply, case.call)

    outcome = Outcome.of(error)
    assert f"{outcome.status} {outcome.code}" == case.outcome
    assert error.http_status == case.status
    assert case.says in error.message
    assert "{subject}" not in error.message
    assert "{vendor}" not in error.message
    assert error.message.endswith(".")


def test_every_row_of_the_table_has_a_case_and_a_name_of_its_own():
    names = [rule.name for rule in RULES]

    assert len(names) == len(set(names))
    assert {case.rule for case in CASES} == set(names)


def test_what_may_have_taken_effect_and_must_not_twice_is_never_a_retry():
    proofs = {408, 429, 596}
    for topic in (Topic.EVENT, Topic.EVENTS):
        for status in {*range(200, 600)} - proofs:
            error = failure(read_reply(httpx.Response(status)), ONCE[topic])
            assert not isinstance(error, RetryError), status
        for status in {*range(200, 400), *range(500, 600)} - proofs:
            error = failure(read_reply(httpx.Response(status)), ONCE[topic])
            assert isinstance(error, UnknownError), status


def test_what_may_be_sent_again_is_never_unknown():
    for topic in Topic:
        for status in range(200, 600):
            error = failure(read_reply(httpx.Response(status)), CALLS[topic])
            assert Outcome.of(error).status is not Status.UNKNOWN, (topic, status)


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
