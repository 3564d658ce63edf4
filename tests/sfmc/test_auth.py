"""Signing in, against a Marketing Cloud on paper."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest

import wharfinger
from wharfinger_sfmc.auth import MarketingCloudAuth

HOST = "https://mcsample0sample0sample0sampl"
URL = f"{HOST}.rest.marketingcloudapis.com/x"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def auth(settings, clock) -> MarketingCloudAuth:
    return MarketingCloudAuth(settings, clock=clock)


@pytest.fixture
async def client(auth, cloud):
    async with httpx.AsyncClient(transport=cloud, auth=auth, timeout=httpx.Timeout(7.0)) as client:
        yield client


def authorizations(cloud) -> list[str]:
    return [request.headers["Authorization"] for request in cloud.requests]


async def test_the_token_request_is_what_sfmc_documents(cloud, client):
    cloud.answers()

    await client.get(URL)

    (request,) = cloud.token_requests
    assert request.method == "POST"
    assert str(request.url) == f"{HOST}.auth.marketingcloudapis.com/v2/token"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {
        "grant_type": "client_credentials",
        "client_id": "0sample0client0id00000000",
        "client_secret": "0sample0client0secret0000",
        "account_id": "510001234",
    }
    assert authorizations(cloud) == ["Bearer sample-access-token-1"]


async def test_the_token_request_waits_no_longer_than_the_client(cloud, client):
    cloud.answers()

    await client.get(URL)

    assert cloud.token_requests[0].extensions["timeout"] == httpx.Timeout(7.0).as_dict()


async def test_a_token_is_kept_until_two_minutes_before_its_end(cloud, client, clock):
    cloud.answers().answers().answers()

    await client.get(URL)
    clock.now += 1079 - 121
    await client.get(URL)
    assert len(cloud.token_requests) == 1

    clock.now += 1
    await client.get(URL)
    assert len(cloud.token_requests) == 2
    assert authorizations(cloud)[-1] == "Bearer sample-access-token-2"


@pytest.mark.parametrize("expires_in", [100, "100", 100.0])
async def test_a_short_token_is_kept_for_half_its_life(cloud, client, clock, expires_in):
    cloud.answers_tokens(200, json={"access_token": "short", "expires_in": expires_in})
    cloud.answers().answers()

    await client.get(URL)
    clock.now += 49
    await client.get(URL)
    assert len(cloud.token_requests) == 1

    cloud.answers()
    clock.now += 1
    await client.get(URL)
    assert len(cloud.token_requests) == 2


@pytest.mark.parametrize("expires_in", [None, 0, -5, "soon", [], {}, "nan", "inf", 1e300])
async def test_a_token_of_unknown_length_is_kept_as_long_as_tokens_last(
    cloud, client, clock, expires_in
):
    cloud.answers_tokens(200, json={"access_token": "odd", "expires_in": expires_in})
    cloud.answers().answers()

    await client.get(URL)
    clock.now += 950
    await client.get(URL)
    assert len(cloud.token_requests) == 1

    cloud.answers()
    clock.now += 20
    await client.get(URL)
    assert len(cloud.token_requests) == 2


async def test_fifty_tasks_fetch_one_token(settings):
    tokens = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal tokens
        if ".auth." in request.url.host:
            tokens += 1
            await asyncio.sleep(0)
            return httpx.Response(200, json={"access_token": "one", "expires_in": 1079})
        return httpx.Response(200)

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, auth=MarketingCloudAuth(settings)) as client:
        replies = await asyncio.gather(*(client.get(URL) for _ in range(50)))

    assert [reply.status_code for reply in replies] == [200] * 50
    assert tokens == 1


async def test_fifty_tasks_whose_token_is_refused_renew_it_once(settings):
    tokens = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal tokens
        await asyncio.sleep(0)
        if ".auth." in request.url.host:
            tokens += 1
            return httpx.Response(200, json={"access_token": f"t{tokens}", "expires_in": 1079})
        return httpx.Response(401 if request.headers["Authorization"] == "Bearer t1" else 200)

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, auth=MarketingCloudAuth(settings)) as client:
        replies = await asyncio.gather(*(client.get(URL) for _ in range(50)))

    assert [reply.status_code for reply in replies] == [200] * 50
    assert tokens == 2


async def test_a_refused_request_is_sent_once_more_with_a_fresh_token(cloud, client):
    cloud.answers(401).answers(200)

    reply = await client.post(URL, content=b"body")

    assert reply.status_code == 200
    assert authorizations(cloud) == ["Bearer sample-access-token-1", "Bearer sample-access-token-2"]
    assert [request.content for request in cloud.requests] == [b"body", b"body"]


async def test_a_request_that_is_refused_twice_is_not_sent_again(cloud, client):
    cloud.answers(401).answers(401)

    reply = await client.post(URL, content=b"body")

    assert reply.status_code == 401
    assert len(cloud.requests) == 2
    assert len(cloud.token_requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"json": {"error": "invalid_client"}}, "credentials-refused"),
        (400, {"json": {"error": "invalid_scope"}}, "credentials-refused"),
        (429, {"json": {"message": "Blocked.", "errorcode": 50200}}, "temporarily-blocked"),
        (500, {"content": b"<html>"}, "sign-in-failed"),
        (200, {"content": b""}, "sign-in-failed"),
        (200, {"content": b"<html>"}, "sign-in-failed"),
        (200, {"json": []}, "sign-in-failed"),
        (200, {"json": {}}, "sign-in-failed"),
        (200, {"json": {"access_token": ""}}, "sign-in-failed"),
        (200, {"json": {"access_token": None}}, "sign-in-failed"),
        (200, {"json": {"access_token": 7}}, "sign-in-failed"),
        (200, {"json": {"access_token": "a\r\nX-Evil: 1"}}, "sign-in-failed"),
        (200, {"json": {"access_token": "tökén"}}, "sign-in-failed"),
        (302, {"headers": {"Location": "https://elsewhere.example/"}}, "sign-in-failed"),
    ],
)
async def test_without_a_token_nothing_else_is_sent(cloud, client, status, body, code):
    cloud.answers_tokens(status, **body)

    with pytest.raises(wharfinger.DeliveryError) as caught:
        await client.get(URL)

    assert caught.value.code == code
    assert cloud.requests == []

    cloud.answers()
    assert (await client.get(URL)).status_code == 200, "the next task fetches a token again"


async def test_who_is_refused_is_told_which_settings_to_compare(cloud, client):
    cloud.answers_tokens(401, json={"error": "invalid_client", "error_description": "No."})

    with pytest.raises(wharfinger.CredentialsError) as caught:
        await client.get(URL)

    for label in ("Client ID", "Client Secret", "Account ID"):
        assert f'"{label}"' in caught.value.message
    assert caught.value.vendor_message == "No."


async def test_a_token_request_that_breaks_does_not_lock_the_others_out(cloud, client):
    cloud.fails_tokens(httpx.ReadTimeout("slow"))
    cloud.answers()

    with pytest.raises(httpx.ReadTimeout):
        await client.get(URL)

    assert (await client.get(URL)).status_code == 200


async def test_a_task_that_is_cancelled_does_not_lock_the_others_out(settings):
    stuck = asyncio.Event()
    patient = False

    async def answer(request: httpx.Request) -> httpx.Response:
        if ".auth." in request.url.host and not patient:
            stuck.set()
            await asyncio.Event().wait()
        return httpx.Response(200, json={"access_token": "one", "expires_in": 1079})

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, auth=MarketingCloudAuth(settings)) as client:
        task = asyncio.create_task(client.get(URL))
        await stuck.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        patient = True

        assert (await client.get(URL)).status_code == 200


async def test_a_token_reply_that_breaks_off_is_tried_again(settings):
    async def torn():
        yield b'{"access'
        raise httpx.ReadError("reset")

    def answer(request: httpx.Request) -> httpx.Response:
        assert ".auth." in request.url.host
        return httpx.Response(200, content=torn())

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, auth=MarketingCloudAuth(settings)) as client:
        with pytest.raises(wharfinger.RetryError, match="broke off"):
            await client.get(URL)


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (
            "journeys_read  list_and_subscribers_read\n",
            {"journeys_read", "list_and_subscribers_read"},
        ),
        ("", set()),
        (None, None),
        (["journeys_read"], None),
        (7, None),
    ],
)
async def test_what_a_token_may_do_is_kept(cloud, client, auth, scope, granted):
    assert auth.granted is None
    cloud.answers_tokens(200, json={"access_token": "t", "scope": scope})
    cloud.answers()

    await client.get(URL)

    assert auth.granted == granted


async def test_what_the_next_token_may_do_takes_the_place_of_what_the_last_one_could(
    cloud, client, auth
):
    cloud.answers_tokens(200, json={"access_token": "t", "scope": "journeys_read"})
    cloud.answers(401).answers(200)

    await client.get(URL)

    assert auth.granted is None, "the second reply is silent"


async def test_a_token_reply_that_trickles_in_is_not_waited_for(settings):
    async def endless():
        while True:
            yield b" "
            await asyncio.sleep(0)

    def answer(request: httpx.Request) -> httpx.Response:
        assert ".auth." in request.url.host
        return httpx.Response(200, content=endless())

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(answer),
        auth=MarketingCloudAuth(settings),
        timeout=httpx.Timeout(7.0, read=0.0),
    ) as client:
        with pytest.raises(wharfinger.RetryError, match="broke off") as caught:
            await client.get(URL)

    assert caught.value.code == "sign-in-failed"


async def test_a_token_reply_without_end_is_not_kept_in_memory(plugins, raw_settings):
    async def megabytes():
        while True:
            yield b" " * 1_000_000

    def answer(request: httpx.Request) -> httpx.Response:
        assert ".auth." in request.url.host
        return httpx.Response(200, content=megabytes())

    config = {
        "destination": "salesforce-marketing-cloud",
        "settings": raw_settings,
        "mappings": {"only": {"action": "create-contact"}},
        "retry": {"attempts": 1},
    }
    async with plugins.connect(config, transport=httpx.MockTransport(answer)) as connection:
        (receipt,) = await connection.deliver([{"type": "identify", "userId": "c-1"}])

    assert receipt.outcomes["only"].status is wharfinger.Status.RETRY
    assert receipt.outcomes["only"].code == "sign-in-failed"


async def test_the_address_in_a_token_reply_is_not_followed(cloud, client):
    cloud.answers()

    await client.get(URL)

    assert cloud.request.url.host == "mcsample0sample0sample0sampl.rest.marketingcloudapis.com"


def test_it_serves_clients_without_an_event_loop(settings):
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host.split(".")[1], request.headers.get("Authorization")))
        if ".auth." in request.url.host:
            number = sum(host == "auth" for host, _ in seen)
            return httpx.Response(200, json={"access_token": f"t{number}", "expires_in": 1079})
        return httpx.Response(401 if len(seen) == 2 else 200)

    with httpx.Client(
        transport=httpx.MockTransport(answer), auth=MarketingCloudAuth(settings)
    ) as client:
        assert client.get(URL).status_code == 200
        assert client.get(URL).status_code == 200

    assert seen == [
        ("auth", None),
        ("rest", "Bearer t1"),
        ("auth", None),
        ("rest", "Bearer t2"),
        ("rest", "Bearer t2"),
    ]


async def test_secrets_are_in_no_repr_no_log_and_no_error(cloud, client, auth, settings, caplog):
    caplog.set_level(logging.DEBUG)
    secret = settings.client_secret.reveal()
    cloud.answers()
    await client.get(URL)
    cloud.answers(401)
    cloud.answers_tokens(401, json={"error": "x", "error_description": f"bad secret {secret}"})

    with pytest.raises(wharfinger.CredentialsError) as caught:
        await client.get(URL)

    error = caught.value
    for text in (repr(auth), str(vars(auth)), caplog.text, str(error), error.vendor_message):
        assert secret not in text
        assert "sample-access-token" not in text
    assert "***" in error.vendor_message
