"""Workers that share one access token of a business unit."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import attrs
import httpx
import pytest
from tests.core.shared_state import Kept, SharedInMemory, failing

import wharfinger
from wharfinger_sfmc.auth import MarketingCloudAuth

URL = "https://mcsample0sample0sample0sampl.rest.marketingcloudapis.com/x"


class Tenant:
    """Gives numbered tokens, of which it takes some no longer."""

    def __init__(self):
        self.tokens = 0
        self.refused = set()
        self.forbids = set()
        self.seen = []
        self.answer = None

    async def __call__(self, request):
        await asyncio.sleep(0)
        if request.url.path == "/v2/token":
            if self.answer is not None:
                return self.answer
            self.tokens += 1
            fields = {"access_token": f"t{self.tokens}", "expires_in": 1079, "scope": "a b"}
            return httpx.Response(200, json=fields)
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.seen.append(token)
        if token in self.forbids:
            return httpx.Response(403)
        return httpx.Response(401 if token in self.refused else 200)


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tenant():
    return Tenant()


@pytest.fixture
async def worker(tenant, clock, settings):
    """Make workers, each of which signs in by itself or takes what another one has."""
    kept = Kept()
    async with AsyncExitStack() as stack:

        async def worker(client_secret=None):
            plugins = wharfinger.load_plugins(allow=["salesforce-marketing-cloud"])
            state = SharedInMemory(kept, clock)
            plugins.share(state)
            own = attrs.asdict(settings, recurse=False)
            if client_secret:
                own["client_secret"] = wharfinger.Secret(client_secret)
            config = {"destination": "salesforce-marketing-cloud", "settings": own}
            connection = plugins.connect(config, transport=httpx.MockTransport(tenant))
            await stack.enter_async_context(connection)
            auth = connection._account.session.auth
            assert isinstance(auth, MarketingCloudAuth)
            auth._clock = clock
            return connection._account.session, auth, state

        yield worker


async def test_of_many_workers_one_signs_in(worker, tenant):
    workers = [await worker() for _ in range(5)]
    await asyncio.gather(*(session.request("GET", URL) for session, _, _ in workers))
    assert tenant.tokens == 1
    assert tenant.seen == ["t1"] * 5
    assert {auth.granted for _, auth, _ in workers} == {frozenset({"a", "b"})}


async def test_a_token_is_renewed_once_two_minutes_before_its_end(worker, tenant, clock):
    (one, _, _), (other, _, _) = await worker(), await worker()
    await one.request("GET", URL)
    clock.now += 500
    await other.request("GET", URL)
    clock.now += 1079 - 500 - 121
    await other.request("GET", URL)
    assert tenant.tokens == 1
    clock.now += 2
    await other.request("GET", URL)
    await one.request("GET", URL)
    assert tenant.tokens == 2
    assert tenant.seen[-2:] == ["t2", "t2"]


async def test_a_refused_token_is_replaced_once_for_all_and_not_taken_again(worker, tenant):
    workers = [await worker() for _ in range(3)]
    for session, _, _ in workers:
        await session.request("GET", URL)
    tenant.refused = {"t1"}
    replies = [await session.request("GET", URL) for session, _, _ in workers]
    assert {reply.status_code for reply in replies} == {200}
    session, _, _ = await worker()
    await session.request("GET", URL)
    assert tenant.tokens == 2
    assert tenant.seen[-1] == "t2"


async def test_a_token_that_soap_refused_is_not_taken_again(worker, tenant):
    session, auth, _ = await worker()
    token = await auth.bearer(session)
    assert (await auth.bearer(session, refused=token)).reveal() == "t2"


async def test_a_worker_with_another_secret_signs_in_itself(worker, tenant):
    session, _, _ = await worker()
    await session.request("GET", URL)
    wrong, _, _ = await worker("another-secret-000000000")
    tenant.answer = httpx.Response(401, json={"error": "invalid_client"})
    with pytest.raises(wharfinger.CredentialsError):
        await wrong.request("GET", URL)


async def test_what_a_later_version_wrote_is_not_taken(worker, tenant):
    session, _, state = await worker()
    await session.request("GET", URL)
    [name] = state.kept.tokens
    state.kept.tokens[name] = wharfinger.Secret(json.dumps({"token": "new"})), 1e9
    other, _, _ = await worker()
    await other.request("GET", URL)
    assert tenant.seen == ["t1", "t2"]


async def test_without_the_store_each_worker_signs_in(worker, tenant):
    for _ in range(2):
        session, _, state = await worker()
        state.down = failing()
        await session.request("GET", URL)
    assert tenant.seen == ["t1", "t2"]


@pytest.mark.parametrize(
    "written",
    [
        "no JSON",
        "[]",
        "5",
        '{"token": "x\\r\\nCookie: y", "scope": null, "by": BY}',
        '{"token": 5, "scope": null, "by": BY}',
        '{"token": "x", "scope": 5, "by": BY}',
        '{"token": "", "scope": null, "by": BY}',
    ],
)
async def test_what_is_no_token_is_not_taken(worker, tenant, written):
    session, auth, state = await worker()
    await session.request("GET", URL)
    [name] = state.kept.tokens
    text = written.replace("BY", json.dumps(auth._made_by()))
    state.kept.tokens[name] = wharfinger.Secret(text), 1e9
    other, _, _ = await worker()
    await other.request("GET", URL)
    assert tenant.seen == ["t1", "t2"]


async def test_who_begins_anew_takes_no_token_with_which_something_was_forbidden(worker, tenant):
    """Permissions are given while a token lasts, and it does not have them."""
    session, _, state = await worker()
    await session.request("GET", URL)
    tenant.forbids = {"t1"}
    for _ in range(3):
        assert (await session.request("GET", URL)).status_code == 403
    assert state.asked.count("drop") == 1
    for _ in range(2):
        other, _, _ = await worker()
        assert (await other.request("GET", URL)).status_code == 200
    assert tenant.seen == ["t1"] * 4 + ["t2"] * 2
