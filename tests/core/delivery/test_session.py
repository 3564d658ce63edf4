"""What an action gets: one account's requests, memory and time."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import attrs
import httpx
import pytest
import stamina

from wharfinger import DeliveryError, HostNotAllowedError, RetryError, ThrottledError, UnknownError
from wharfinger.delivery.governor import Governor

URL = "https://api.acme.example/x"
LOGIN = "https://login.acme.example/token"


class SigningIn(httpx.Auth):
    """Asks for a token before the first request, and for another one after a 401."""

    requires_response_body = True

    def auth_flow(self, request):
        for _ in range(2):
            token = yield httpx.Request("POST", LOGIN, extensions=request.extensions)
            request.headers["Authorization"] = f"Bearer {token.text}"
            response = yield request
            if response.status_code != 401:
                return


class Breaking(httpx.Auth):
    """Fails in its own code, with an error that names no request."""

    def __init__(self, error):
        self._error = error

    def auth_flow(self, request):
        if self._error:
            raise self._error
        yield request


def _scripted(*steps):
    script = list(steps)

    def answer(request):
        step = script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    return answer


async def test_what_is_shared_is_made_once_and_only_within_one_memory(session):
    here = session(_scripted())
    kept = here.shared(dict)
    assert here.shared(dict) is kept
    assert here.with_effect(idempotent=False).shared(dict) is kept
    assert here.shared(list) == []
    assert session(_scripted()).shared(dict) is not kept


async def test_what_cannot_be_made_is_tried_again_at_the_next_asking(session):
    class Fragile:
        broken = True

        def __init__(self):
            if Fragile.broken:
                raise RuntimeError("not yet")

    here = session(_scripted())
    with pytest.raises(RuntimeError):
        here.shared(Fragile)
    Fragile.broken = False
    assert here.shared(Fragile) is here.shared(Fragile)


async def test_a_wait_that_tests_skip_still_makes_time_pass(session, monkeypatch):
    monkeypatch.setattr("wharfinger.delivery.session.time.monotonic", lambda: 100.0)
    here = session(_scripted())
    await here.wait(30)
    await here.with_effect(idempotent=False).wait(12)
    await here.wait(-5)
    assert here.now() == 142.0
    assert session(_scripted()).now() == 100.0


async def test_a_wait_is_waited_for_where_nobody_tests(session, monkeypatch):
    stamina.set_testing(False)
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr("wharfinger.delivery.session.time.monotonic", lambda: 100.0)
    monkeypatch.setattr("wharfinger.delivery.session.asyncio.sleep", sleep)
    here = session(_scripted())
    await here.wait(30)
    assert (waits, here.now()) == ([30], 100.0)


async def test_a_wait_holds_up_no_request(session):
    stamina.set_testing(False)
    here = session(lambda _: httpx.Response(200))
    waiting = [asyncio.create_task(here.wait(3600)) for _ in range(20)]
    await asyncio.sleep(0)
    assert (await here.request("GET", URL)).status_code == 200
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


LOST = [
    (httpx.ReadTimeout("slow"), "timed-out"),
    (httpx.WriteError("gone"), "connection-lost"),
    (httpx.RemoteProtocolError("gone"), "connection-lost"),
    (TimeoutError("slow"), "timed-out"),
]


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize(
    ("method", "effect", "kind"),
    [
        ("POST", {"idempotent": True}, RetryError),
        ("GET", {"idempotent": False}, RetryError),
        ("POST", {"idempotent": False}, UnknownError),
    ],
)
async def test_a_lost_reply_is_repeatable_or_unknown(session, lost, method, effect, kind):
    error, code = lost
    here = session(_scripted(error), **effect)
    with pytest.raises(kind, match=r"^api\.acme\.example ") as caught:
        await here.request(method, URL)
    assert caught.value.code == code


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.PoolTimeout("no")])
async def test_what_was_never_sent_is_repeatable_whatever_the_effect(session, error):
    with pytest.raises(RetryError, match="Nothing was sent") as caught:
        await session(_scripted(error), idempotent=False).request("POST", URL)
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize(("error", "code"), LOST)
async def test_a_request_that_was_never_signed_in_was_never_sent(session, error, code):
    here = session(_scripted(error), auth=SigningIn(), idempotent=False)
    with pytest.raises(RetryError) as caught:
        await here.request("POST", URL)
    assert caught.value.code == code


@pytest.mark.parametrize(("error", "code"), LOST)
async def test_a_request_whose_token_was_refused_had_no_effect(session, error, code):
    steps = [httpx.Response(200, text="t1"), httpx.Response(401), error]
    here = session(_scripted(*steps), auth=SigningIn(), idempotent=False)
    with pytest.raises(RetryError) as caught:
        await here.request("POST", URL)
    assert caught.value.code == code


@pytest.mark.parametrize(("error", "code"), LOST)
async def test_a_request_that_is_lost_with_its_second_token_is_unknown(session, error, code):
    token = httpx.Response(200, text="t")
    steps = [token, httpx.Response(401), httpx.Response(200, text="t2"), error]
    here = session(_scripted(*steps), auth=SigningIn(), idempotent=False)
    with pytest.raises(UnknownError) as caught:
        await here.request("POST", URL)
    assert caught.value.code == code


@pytest.mark.parametrize("error", [httpx.ReadError("own fault"), httpx.ConnectError("own fault")])
async def test_an_error_that_names_no_request_is_told_of_ours(session, error):
    here = session(_scripted(), auth=Breaking(error), idempotent=False)
    with pytest.raises(RetryError, match=r"^api\.acme\.example "):
        await here.request("POST", URL)


async def test_the_host_that_could_not_be_reached_is_named(session):
    here = session(_scripted(httpx.ConnectError("no")), auth=SigningIn())
    with pytest.raises(RetryError, match=r"^login\.acme\.example could not be reached"):
        await here.request("POST", URL)


@pytest.mark.parametrize("auth", [None, SigningIn()])
async def test_the_route_that_could_not_be_reached_is_named_beside_the_host(session, auth):
    here = session(_scripted(httpx.ConnectError("no")), auth=auth, route="http://127.0.0.1:8025")
    at = r"^\w+\.acme\.example \(at the route http://127\.0\.0\.1:8025\) could not be reached"
    with pytest.raises(RetryError, match=at):
        await here.request("POST", URL)


async def test_a_host_that_was_not_declared_halts(session):
    with pytest.raises(HostNotAllowedError):
        await session(_scripted()).request("POST", "https://evil.example/")


async def test_the_time_for_a_request_begins_when_it_may_start(session):
    here = session(lambda _: httpx.Response(200), whole_s=0.001)
    here._governor.pause(3600)
    with pytest.raises(ThrottledError):
        await here.request("POST", URL)


async def test_a_request_that_hangs_ends_and_gives_its_place_back(session):
    async def hang(_request):
        await asyncio.Event().wait()

    here = session(hang, whole_s=0.001)
    for _ in range(5):  # more than may be under way at once
        with pytest.raises(RetryError) as caught:
            await here.request("POST", URL)
        assert caught.value.code == "timed-out"


async def test_a_deadline_of_the_caller_stays_the_callers(session):
    async def hang(_request):
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError), suppress(DeliveryError):
        async with asyncio.timeout(0.001):
            await session(hang).request("POST", URL)


async def test_a_request_that_is_cancelled_is_cancelled(session):
    reached = asyncio.Event()

    async def hang(_request):
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(session(hang).request("POST", URL))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_waiting_for_the_governor_is_no_part_of_a_request(session, monkeypatch):
    loop = asyncio.get_running_loop()
    ahead_s = 0.0
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + ahead_s)

    governor = Governor(1)

    async def hold_the_turn():
        nonlocal ahead_s
        async with governor.turn():
            ahead_s += 3600
            await asyncio.sleep(0)

    holder = asyncio.create_task(hold_the_turn())
    here = attrs.evolve(session(lambda _: httpx.Response(200), whole_s=60), governor=governor)
    request = asyncio.create_task(here.request("GET", URL))
    await holder
    assert (await request).status_code == 200


async def test_a_permit_is_kept_until_a_body_that_trickles_is_given_up(session):
    class Trickle(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"x"
            assert governor._under_way == 1
            await asyncio.Event().wait()

    governor = Governor(1)
    here = session(lambda _: httpx.Response(200, stream=Trickle()), whole_s=0.001)
    here = attrs.evolve(here, governor=governor)
    with pytest.raises(RetryError, match="did not answer in time"):
        await here.request("GET", URL)
    assert governor._under_way == 0


async def test_a_token_that_takes_all_the_time_leaves_the_request_unsent(session):
    sent = []

    async def hang(request):
        sent.append(request.url.host)
        await asyncio.Event().wait()

    here = session(hang, auth=SigningIn(), idempotent=False, whole_s=0.001)
    with pytest.raises(RetryError) as caught:
        await here.request("POST", URL)
    assert caught.value.code == "timed-out"
    assert len(sent) == 1


async def test_a_connection_that_was_closed_meanwhile_sends_nothing(session):
    here = session(lambda _: httpx.Response(200), idempotent=False)
    await here._client.aclose()
    with pytest.raises(RetryError, match=r"closed meanwhile\. Nothing was sent") as caught:
        await here.request("POST", URL)
    assert caught.value.code == "unreachable"
