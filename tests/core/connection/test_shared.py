"""Connections of two hosts that share what a tenant bears."""

from __future__ import annotations

import asyncio
import time

import attrs
import httpx
import pytest
from tests.core.shared_state import Kept, SharedInMemory

from wharfinger import Secret, Status
from wharfinger.delivery.governors import Governors


class Bearer(httpx.Auth):
    """Signs in with a token that is fetched once by all."""

    def __init__(self, tokens):
        self.tokens = tokens

    async def async_auth_flow(self, request):
        async with self.tokens.turn("acme") as kept:
            token = kept.secret if kept else Secret("fresh")
            if kept is None:
                await self.tokens.keep("acme", token, 600)
        request.headers["Authorization"] = f"Bearer {token.reveal()} {kept is None}"
        yield request


@pytest.fixture
def shared():
    return SharedInMemory(Kept(), time.monotonic)


@pytest.fixture
def connect_to(plugins, vendor, config, shared):
    """Connect to Acme as a host of its own, which shares unless a test says otherwise."""
    transport = httpx.MockTransport(vendor)
    destination = attrs.evolve(plugins.destination("acme"), tenant=lambda given: given.region)

    def connect_to(*, share=True, authentication=None, **more):
        plugins._registry.destinations["acme"] = destination
        if authentication is not None:
            plugins._registry.authentication["acme"] = authentication
        plugins.governors = Governors()
        if share:
            plugins.share(shared)
        given = {**config, **more, "settings": {**config["settings"], "region": "eu"}}
        return plugins.connect(given, transport=transport)

    return connect_to


async def test_a_pause_that_one_host_was_asked_for_holds_another_host(connect_to, vendor, track):
    vendor.script = [httpx.Response(429, headers={"retry-after": "3600"})]
    async with connect_to() as one, connect_to() as other, connect_to(share=False) as apart:
        await one.deliver([track()])
        await one._governor.told()
        assert (await other.deliver([track()]))[0].outcomes["notes"].code == "paused"
        assert other.usage.paused_s > 3_000
        assert (await apart.deliver([track()]))[0].outcomes["notes"].status is Status.DELIVERED


async def test_a_pause_is_told_before_a_connection_is_closed(connect_to, vendor, track, shared):
    vendor.script = [httpx.Response(429, headers={"retry-after": "3600"})]
    at_once = shared.pause

    async def pause(tenant, seconds):
        for _ in range(50):
            await asyncio.sleep(0)
        await at_once(tenant, seconds)

    shared.pause = pause
    async with connect_to() as connection:
        await connection.deliver([track()])
    assert shared.kept.paused_until > time.monotonic() + 3_000


async def test_the_day_of_a_tenant_is_one_for_two_hosts(connect_to, track):
    budget = {"per_day": 2}
    async with connect_to(budget=budget) as one, connect_to(budget=budget) as other:
        outcomes = [
            (await each.deliver([track()]))[0].outcomes["notes"] for each in (one, other, one)
        ]
    assert [outcome.code for outcome in outcomes[2:]] == ["budget-used"]
    assert {outcome.status for outcome in outcomes[:2]} == {Status.DELIVERED}


async def test_an_authentication_that_shares_is_given_the_tokens_of_the_tenant(
    connect_to, vendor, track, plugins, shared
):
    def create(_settings):
        raise AssertionError("it can share")

    authentication = attrs.evolve(
        plugins.authentication("acme"), create=create, share=lambda _, tokens: Bearer(tokens)
    )
    async with (
        connect_to(authentication=authentication) as one,
        connect_to(authentication=authentication) as other,
    ):
        await one.deliver([track()])
        await other.deliver([track()])
    sent = [request.headers["authorization"] for request in vendor.requests]
    assert sent == ["Bearer fresh True", "Bearer fresh False"]


async def test_an_authentication_is_created_as_ever_where_no_tokens_are_shared(
    connect_to, track, plugins, shared
):
    def share(_settings, _tokens):
        raise AssertionError("there is no key")

    shared.shares_tokens = False
    authentication = attrs.evolve(plugins.authentication("acme"), share=share)
    async with connect_to(authentication=authentication) as connection:
        assert (await connection.deliver([track()]))[0].outcomes["notes"].status == "delivered"


def test_tenants_have_the_same_name_in_every_process_and_others_have_others(
    plugins, config, connect_to
):
    def name(**more):
        return connect_to(**more).tenant

    assert name() == name()
    assert name().startswith("acme-")
    assert name() != name(route="http://127.0.0.1:8025")
    assert "s3cr3t" not in name()


@pytest.mark.parametrize("share", [0, -0.5, 1.5])
def test_a_share_is_a_part(connect_to, share):
    with pytest.raises(ValueError, match="above 0"):
        connect_to().share(share)


async def test_a_share_of_a_connection_divides_its_budget(connect_to):
    async with connect_to(share=False, budget={"per_day": 100}) as connection:
        connection.share(0.25)
        assert connection.usage.budget_left == 25


def test_sharing_counts_for_connections_that_are_made_already(connect_to, plugins, shared):
    connection = connect_to(share=False)
    assert connection._governor.tokens is None
    plugins.share(shared)
    assert connection._governor.tokens is not None
