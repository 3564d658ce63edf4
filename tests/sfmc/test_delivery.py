"""What SFMC answers, and what becomes of the events, through the whole of core."""

from __future__ import annotations

import logging

import httpx
import pytest

import wharfinger

ALL_TRACKS = 'type = "track"'
ACTIONS = {
    "create-contact": {},
    "send-api-event": {"eventDefinitionKey": "e"},
    "send-event-to-data-extension": {
        "key": "orders",
        "keys": {"OrderId": {"@path": "$.properties.order_id"}},
        "values": {"Total": {"@path": "$.properties.total"}},
    },
}
ROWS = "send-event-to-data-extension"
SUCCESS = {
    "create-contact": {"status": 200, "json": {"hasErrors": False}},
    "send-api-event": {"status": 201, "json": {"eventInstanceId": "i-1"}},
    ROWS: {"status": 200, "json": [{}]},
}
every_action = pytest.mark.parametrize("action", ACTIONS)


def event(number: int = 1, **properties: object) -> dict[str, object]:
    own = {"order_id": f"o-{number}", "total": number, **properties}
    return {"type": "track", "userId": f"c-{number}", "properties": own}


@pytest.fixture
def send(deliver):
    async def send(action, events=None, **other):
        other.setdefault("batch", {"lanes": 1})
        return await deliver(
            events or [event()], action, ACTIONS[action], trigger=ALL_TRACKS, **other
        )

    return send


@pytest.fixture
def send_one(send):
    async def send_one(action, **other):
        (outcome,) = await send(action, **other)
        return outcome

    return send_one


@every_action
async def test_a_success_is_delivered(cloud, send_one, action):
    cloud.answers(**SUCCESS[action])

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.http_status == SUCCESS[action]["status"]


@every_action
async def test_a_401_on_the_way_is_mended_by_a_fresh_token(cloud, send_one, action):
    cloud.answers(401, json={"message": "Not Authorized", "errorcode": 0})
    cloud.answers(**SUCCESS[action])

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.DELIVERED
    assert len(cloud.token_requests) == 2


@every_action
async def test_a_second_401_halts_and_says_what_to_tick(cloud, send_one, action):
    for _ in range(2):
        cloud.answers(401, json={"message": "Not Authorized", "errorcode": 0})

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.HALTED
    assert outcome.code == "not-authorized"
    assert "business unit" in outcome.message
    assert outcome.vendor_message == "Not Authorized"


@pytest.mark.parametrize(
    ("action", "permissions"),
    [
        ("create-contact", ["List and Subscribers: Write"]),
        ("send-api-event", ["Journeys: Read", "List and Subscribers: Read"]),
        (ROWS, ["Data Extensions: Write"]),
    ],
)
async def test_a_403_names_the_permission_to_tick(cloud, send_one, action, permissions):
    cloud.answers(
        403,
        json={"message": "Insufficient privileges to complete this action.", "errorcode": 20002},
    )

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.HALTED
    assert outcome.code == "permission-missing"
    assert "Installed Packages" in outcome.message
    for permission in permissions:
        assert f'"{permission}"' in outcome.message


@every_action
async def test_a_429_without_retry_after_is_a_retry(cloud, send_one, action):
    cloud.answers(429, json={"message": "Rate limit exceeded", "errorcode": 50100})

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.RETRY
    assert outcome.retry_after_s is None


@every_action
async def test_a_429_with_retry_after_says_how_long(cloud, send_one, action):
    cloud.answers(429, headers={"Retry-After": "5"}, json={"errorcode": 50100})

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.RETRY
    assert outcome.retry_after_s == 5.0


@every_action
async def test_a_blocked_account_waits_a_minute(cloud, send_one, action):
    cloud.answers(
        429, json={"message": "Your requests are temporarily blocked.", "errorcode": 50200}
    )

    outcome = await send_one(action)

    assert outcome.code == "temporarily-blocked"
    assert outcome.retry_after_s == 60.0


@every_action
async def test_a_429_is_tried_again(cloud, send_one, action):
    cloud.answers(429, json={"errorcode": 50100}).answers(**SUCCESS[action])

    outcome = await send_one(action, attempts=2)

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.attempts == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"json": {"message": "Internal Server Error", "errorcode": 0}}),
        (502, {"content": b"<html>Bad gateway</html>"}),
        (504, {"content": b""}),
        (503, {"content": b"<html>"}),
    ],
)
@every_action
async def test_trouble_on_sfmcs_side_is_repeated_where_twice_is_harmless(
    cloud, send_one, action, status, body
):
    cloud.answers(status, **body)

    outcome = await send_one(action)

    harmless = action != "send-api-event"
    expected = wharfinger.Status.RETRY if harmless else wharfinger.Status.UNKNOWN
    assert outcome.status is expected
    assert outcome.http_status == status


@every_action
async def test_a_gateway_that_lost_its_way_is_asked_once_more(cloud, send_one, action):
    cloud.answers(596, content=b"Service Not Found").answers(**SUCCESS[action])

    assert (await send_one(action)).status is wharfinger.Status.DELIVERED


@every_action
async def test_a_gateway_that_finds_no_service_twice_halts(cloud, send_one, action):
    cloud.answers(596, content=b"Service Not Found").answers(596)

    outcome = await send_one(action, attempts=5)

    assert outcome.status is wharfinger.Status.HALTED
    assert outcome.code == "service-not-found"
    assert '"Subdomain"' in outcome.message


@pytest.mark.parametrize(
    "error",
    [httpx.ReadTimeout("slow"), httpx.WriteTimeout("slow"), httpx.ReadError("reset"),
     httpx.RemoteProtocolError("torn")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@every_action
async def test_silence_after_sending_is_repeated_where_twice_is_harmless(
    cloud, send_one, action, error
):
    cloud.fails(error)

    outcome = await send_one(action)

    once = action == "send-api-event"
    assert outcome.status is (wharfinger.Status.UNKNOWN if once else wharfinger.Status.RETRY)


async def test_an_event_that_may_have_entered_is_not_sent_again(cloud, send_one):
    cloud.fails(httpx.ReadTimeout("slow"))

    outcome = await send_one("send-api-event", attempts=5)

    assert outcome.status is wharfinger.Status.UNKNOWN
    assert len(cloud.requests) == 1


@every_action
async def test_an_sfmc_that_cannot_be_reached_is_a_retry(cloud, send_one, action):
    cloud.fails(httpx.ConnectError("no route"))

    assert (await send_one(action)).status is wharfinger.Status.RETRY


@every_action
async def test_silence_while_signing_in_is_a_retry_because_nothing_else_was_sent(
    cloud, send_one, action
):
    for _ in ("while the connection opens", "while it delivers"):
        cloud.fails_tokens(httpx.ReadTimeout("slow"))

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.RETRY
    assert cloud.requests == []


@every_action
async def test_refused_credentials_halt_everything(cloud, send_one, action):
    cloud.answers_tokens(401, json={"error": "invalid_client", "error_description": "No."})

    outcome = await send_one(action)

    assert outcome.status is wharfinger.Status.HALTED
    assert outcome.code == wharfinger.CredentialsError.CODE
    assert cloud.requests == []


async def test_a_contact_that_has_errors_is_rejected_with_sfmcs_words(cloud, send_one):
    cloud.answers(
        200, json={"hasErrors": True, "resultMessages": [{"message": "The key is too long"}]}
    )

    outcome = await send_one("create-contact")

    assert outcome.status is wharfinger.Status.REJECTED
    assert outcome.vendor_message == "The key is too long"


async def test_a_contact_carries_sfmcs_name_for_the_request(cloud, send_one):
    cloud.answers(200, json={"hasErrors": False, "requestServiceMessageID": "r-1"})

    assert (await send_one("create-contact")).request_id == "r-1"


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_an_event_instance_proves_the_entry(cloud, send_one, status):
    cloud.answers(status, json={"EventInstanceId": "i-7"})

    outcome = await send_one("send-api-event")

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.request_id == "i-7"


@pytest.mark.parametrize(
    "body",
    [{"content": b""}, {"content": b"<html>"}, {"json": {}}, {"json": {"eventInstanceId": ""}},
     {"json": {"eventInstanceId": None}}, {"json": []}],
)  # fmt: skip
async def test_a_success_that_proves_nothing_is_unknown(cloud, send_one, body):
    cloud.answers(201, **body)

    assert (await send_one("send-api-event")).status is wharfinger.Status.UNKNOWN


async def test_an_unknown_event_definition_rejects_the_event_by_label(cloud, send_one):
    cloud.answers(400, json={"message": "Event definition key 'e' not found.", "errorcode": 30003})

    outcome = await send_one("send-api-event")

    assert outcome.status is wharfinger.Status.REJECTED
    assert '"Event Definition Key"' in outcome.message
    assert outcome.vendor_message == "Event definition key 'e' not found."


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(cloud, send_one, status):
    cloud.answers(status, headers={"Location": "https://elsewhere.example/"})

    outcome = await send_one(ROWS)

    assert outcome.status is wharfinger.Status.RETRY
    assert len(cloud.requests) == 1


@every_action
async def test_vendor_words_are_short_and_hold_no_secret(
    cloud, send_one, raw_settings, action, caplog
):
    caplog.set_level(logging.DEBUG)
    secret = raw_settings["client_secret"]
    echo = f"{secret} sample-access-token-1 " + "x" * 10_000
    cloud.answers(400, json={"message": echo, "errorcode": 10000})

    outcome = await send_one(action)

    assert len(outcome.vendor_message) <= 500
    for text in (repr(outcome), caplog.text):
        assert secret not in text
        assert "sample-access-token-1" not in text
