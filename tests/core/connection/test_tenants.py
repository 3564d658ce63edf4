"""Connections of one tenant share what it bears."""

from __future__ import annotations

import asyncio
import gc
import weakref

import attrs
import httpx
import pytest

import wharfinger
from wharfinger import ConfigurationError, Status


@pytest.fixture
def connect_to(plugins, vendor, config):
    """Connect to Acme, whose tenants are its regions unless a test says otherwise."""
    transport = httpx.MockTransport(vendor)

    def connect_to(region="eu", tenant=lambda settings: settings.region, **more):
        known = plugins._registry.destinations
        known["acme"] = attrs.evolve(known["acme"], tenant=tenant)
        settings = {**config["settings"], "region": region}
        given = {"transport": transport, **more.pop("given", {})}
        return plugins.connect({**config, "settings": settings, **more}, **given)

    return connect_to


def _outcome(receipts):
    return receipts[0].outcomes["notes"]


async def test_a_pause_that_one_connection_was_asked_for_holds_the_others_of_its_tenant(
    connect_to, vendor, track
):
    vendor.script = [httpx.Response(429, headers={"retry-after": "3600"})]
    async with connect_to() as one, connect_to() as other, connect_to("us") as apart:
        await one.deliver([track()])
        assert _outcome(await other.deliver([track()])).code == "paused"
        assert _outcome(await apart.deliver([track()])).status is Status.DELIVERED
        assert other.usage.paused_s > 3_000
        assert apart.usage.paused_s == 0


async def test_requests_of_all_connections_of_a_tenant_are_bounded_together(
    connect_to, vendor, track
):
    under_way, most = 0, 0

    async def answer(_request):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(200, json={})

    given = {"transport": httpx.MockTransport(answer)}
    events = [track(user=f"u{i}", board=f"b{i}") for i in range(20)]
    async with connect_to(given=given) as one, connect_to(given=given) as other:
        await asyncio.gather(one.deliver(events), other.deliver(events))
    assert most == 4
    assert one.usage.calls == {"POST /boards/…/notes": 40}


async def test_without_tenants_every_connection_stands_for_itself(connect_to, vendor, track):
    vendor.script = [httpx.Response(429, headers={"retry-after": "3600"})]
    async with connect_to(tenant=None) as one, connect_to(tenant=None) as other:
        await one.deliver([track()])
        assert _outcome(await other.deliver([track()])).status is Status.DELIVERED


@pytest.mark.parametrize("more", [{"route": "http://127.0.0.1:9"}, {"given": {"transport": None}}])
def test_what_is_reached_in_another_way_is_another_tenant(connect_to, more):
    assert connect_to()._governor is not connect_to(**more)._governor
    assert connect_to(**more)._governor is connect_to(**more)._governor


def test_a_governor_outlives_its_connections_unless_a_test_made_its_transport(connect_to, vendor):
    seen = [
        weakref.ref(connect_to(given=given)._governor)
        for given in ({"transport": None}, {"transport": httpx.MockTransport(vendor)})
    ]
    gc.collect()
    assert [governor() is not None for governor in seen] == [True, False]


@pytest.mark.parametrize("tenant", [lambda _: [], lambda settings: settings.no_such_thing])
def test_a_tenant_that_cannot_be_told_is_reported(connect_to, tenant):
    with pytest.raises(ConfigurationError, match=r"destination: Acme could not tell the tenant"):
        connect_to(tenant=tenant)


async def test_a_budget_that_is_used_gives_events_back_unsent_and_pauses_nobody(
    connect_to, vendor, track
):
    async with connect_to(budget={"per_day": 2, "headroom": 0.5}) as connection:
        assert connection.usage.budget_left == 1
        await connection.deliver([track()])
        outcome = _outcome(await connection.deliver([track()]))
        assert (outcome.status, outcome.code, outcome.attempts) == (Status.RETRY, "budget-used", 0)
        assert 0 < outcome.retry_after_s <= 86_400
        assert connection.usage.paused_s == 0
    assert len(vendor.requests) == 1


async def test_a_budget_says_how_many_requests_may_be_under_way_and_the_strictest_counts(
    connect_to,
):
    async with connect_to(budget={"parallel": 16}) as generous:
        assert generous.usage.parallel == 16
        async with connect_to(budget={"parallel": 2}), connect_to():
            assert generous.usage.parallel == 2
        assert generous.usage.parallel == 16
    async with connect_to() as modest:
        assert modest.usage.parallel == 4


async def test_a_budget_ends_with_its_connection_and_what_was_spent_stays(
    connect_to, vendor, track
):
    async with connect_to() as one:
        async with connect_to(budget={"per_day": 1}) as strict:
            await one.deliver([track()])
            assert _outcome(await strict.deliver([track()])).code == "budget-used"
            assert _outcome(await one.deliver([track()])).code == "budget-used"
        assert _outcome(await one.deliver([track()])).status is Status.DELIVERED
    async with connect_to(budget={"per_day": 5}) as later:
        assert later.usage.budget_left == 3


async def test_a_vendor_that_does_not_work_is_left_in_peace(connect_to, vendor, track):
    vendor.script = [httpx.ConnectError("no")] * 99
    policy = {"failures": 2, "open_s": 100}
    async with connect_to(circuit=policy) as connection:
        outcome = _outcome(await connection.deliver([track()]))
        assert (outcome.code, len(vendor.requests)) == ("circuit-open", 2)
        assert outcome.retry_after_s == pytest.approx(100, abs=10)
        await connection.deliver([track()] * 5)
        assert (len(vendor.requests), connection.usage.circuit) == (2, "open")


async def test_a_wait_longer_than_the_retry_policy_of_a_connection_is_not_waited_out(
    connect_to, track
):
    async with connect_to(retry={"wait_max_s": 5}) as hasty, connect_to() as patient:
        hasty._governor.pause(30)
        assert _outcome(await hasty.deliver([track()])).code == "paused"
        assert _outcome(await patient.deliver([track()])).status is Status.DELIVERED


async def test_a_preview_is_not_counted_and_spends_nothing(connect_to, track):
    async with connect_to(budget={"per_day": 1}) as connection:
        preview = await connection.preview([track()])
        assert len(preview.requests) == 1
        assert (connection.usage.calls, connection.usage.budget_left) == ({}, 1)


async def test_a_forecast_is_known_once_some_requests_ended(connect_to, track):
    async with connect_to() as connection:
        assert connection.forecast(100) is None
        await connection.deliver([track(user=f"u{i}", board=f"b{i}") for i in range(9)])
        assert connection.forecast(100) > 0


@pytest.mark.parametrize(
    ("given", "where", "found"),
    [
        ({"budget": {"per_minute": 0}}, ("budget",), "'per_minute' must be >= 1"),
        ({"budget": {"per_day": 1.5}}, ("budget", "per_day"), "a whole number"),
        ({"budget": {"headroom": 1.0}}, ("budget",), "'headroom' must be < 1"),
        ({"budget": {"parallel": 0}}, ("budget",), "'parallel' must be >= 1"),
        ({"budget": {"per_hour": 1}}, ("budget", "per_hour"), "not known here"),
        ({"circuit": {"failures": 0}}, ("circuit",), "'failures' must be >= 1"),
        ({"circuit": {"open_s": 0}}, ("circuit",), "'open_s' must be > 0"),
    ],
)
def test_a_wrong_budget_or_circuit_is_named_with_its_path(connect, given, where, found):
    with pytest.raises(ConfigurationError) as caught:
        connect(**given)
    [problem] = caught.value.problems
    assert problem.path == where
    assert found in problem.message


def test_the_tenant_of_a_plugin_must_be_something_to_ask():
    with pytest.raises(TypeError):
        wharfinger.Destination(slug="acme", title="Acme", hosts=("a.example",), tenant="acme")  # type: ignore[arg-type]  # the mistake under test


async def test_a_connection_opened_twice_over_keeps_its_terms_once(connect_to):
    connection = connect_to(budget={"per_day": 7})
    for _ in range(2):
        async with connection:
            assert connection.usage.budget_left == 7
        assert connection.usage.budget_left is None


async def test_a_transport_that_cannot_be_hashed_serves_as_well(connect_to, vendor, track):
    @attrs.define
    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return vendor(request)

    async with connect_to(given={"transport": Transport()}) as connection:
        assert _outcome(await connection.deliver([track()])).status is Status.DELIVERED
