"""Laws that every store keeps."""

from __future__ import annotations

import asyncio
import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wharfinger import SharedStateError
from wharfinger_host.sharing.arithmetic import DAY_S, Row, aligned, paused, reserve
from wharfinger_host.sharing.contract import Ask

MORNING = 20_000.0 * DAY_S + 30_000.0
STEPS = st.lists(
    st.tuples(
        st.floats(-90_000, 90_000) | st.floats(0, 3),
        st.one_of(
            st.just("look"),
            st.floats(0, 100),
            st.builds(
                Ask,
                spacing_s=st.sampled_from([0.0, 0.02, 7.0]),
                per_day=st.none() | st.integers(1, 4),
                longest_wait_s=st.sampled_from([0.0, 60.0, 2.0 * DAY_S]),
            ),
        ),
    ),
    max_size=25,
)


def _near(seconds):
    return pytest.approx(seconds, abs=1e-3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_a_store_reckons_as_the_arithmetic_does(place, steps):
    clock = [MORNING]
    store, tenant = place.open(lambda: clock[0]), f"acme-{secrets.token_hex(4)}"

    async def main():
        row = Row()
        for gap, step in steps:
            clock[0] = now = max(10.0, clock[0] + gap)
            if step == "look":
                row = aligned(row, now)
                standing = await store.look(tenant, "one")
                assert standing.paused_s == _near(max(0.0, row.paused_until - now))
            elif isinstance(step, float):
                row = paused(row, step, now)
                await store.pause(tenant, step)
            else:
                row, place = reserve(row, step, now)
                found = await store.reserve(tenant, step)
                assert (found.taken, found.left_today) == (place.taken, place.left_today)
                assert (found.wait_s, found.paused_s) == (
                    _near(place.wait_s),
                    _near(place.paused_s),
                )

    asyncio.run(main())


async def test_places_are_given_by_the_time_of_the_store(store, tenant):
    ask = Ask(spacing_s=30.0)
    first, second = await store.reserve(tenant, ask), await store.reserve(tenant, ask)
    assert (first.taken, first.wait_s) == (True, 0.0)
    assert second.taken
    assert 0 < second.wait_s <= 30


async def test_another_worker_learns_of_a_pause_by_a_look_and_by_asking_for_a_place(place, tenant):
    one, other = place.open(), place.open()
    await one.pause(tenant, 600)
    await one.pause(tenant, 5)
    assert 500 < (await other.look(tenant, "other")).paused_s <= 600
    place_ = await other.reserve(tenant, Ask(spacing_s=1.0))
    assert not place_.taken
    assert 500 < place_.paused_s <= 600


async def test_tenants_have_nothing_to_do_with_each_other(store, tenant):
    await store.pause(tenant, 600)
    assert (await store.look(f"{tenant}-other", "one")).paused_s == 0
    assert (await store.reserve(f"{tenant}-other", Ask(spacing_s=9.0))).wait_s == 0


async def test_workers_are_counted_until_nothing_was_heard_of_them_for_long(place, tenant):
    now = [MORNING]
    store = place.open(lambda: now[0])
    seen = [(await store.look(tenant, name)).workers for name in ("one", "other", "one")]
    now[0] += 599
    seen.append((await store.look(tenant, "one")).workers)
    now[0] += 2
    seen.append((await store.look(tenant, "one")).workers)
    assert seen == [1, 2, 2, 2, 1]


async def test_what_is_kept_is_given_to_all_until_its_time_is_over(place, tenant):
    one, other = place.open(), place.open()
    name = f"{tenant}:token"
    assert await other.load(name) is None
    await one.keep(name, b"\x00sealed", 600)
    await one.keep(f"{tenant}:short", b"gone", 0.001)
    sealed = await other.load(name)
    assert sealed.data == b"\x00sealed"
    assert 500 < sealed.left_s <= 600
    while await other.load(f"{tenant}:short") is not None:
        pass


async def test_what_is_dropped_goes_only_where_it_is_still_the_same(store, tenant):
    name = f"{tenant}:token"
    await store.keep(name, b"new", 600)
    await store.drop(name, b"old")
    assert (await store.load(name)).data == b"new"
    await store.drop(name, b"new")
    assert await store.load(name) is None


async def test_one_worker_at_a_time_has_the_turn(place, tenant):
    name, stores = f"{tenant}:token", [place.open() for _ in range(4)]
    asked = [each.hold(name, f"w{n}", 600) for n, each in enumerate(stores)]
    given = await asyncio.gather(*asked)
    assert sum(given) == 1
    holder = given.index(True)
    await stores[0].release(name, f"w{(holder + 1) % 4}")
    assert not await stores[0].hold(name, "late", 600)
    await stores[0].release(name, f"w{holder}")
    assert await stores[0].hold(name, "late", 600)


async def test_a_turn_that_is_not_given_back_ends(store, tenant):
    name = f"{tenant}:token"
    assert await store.hold(name, "killed", 0.001)
    while not await store.hold(name, "alive", 600):
        pass


async def test_facts_say_how_it_stands_with_every_tenant(store, tenant):
    await store.look(tenant, "one")
    await store.look(tenant, "other")
    await store.reserve(tenant, Ask(per_day=9))
    await store.keep(f"{tenant}:token", b"sealed", 600)
    await store.pause(tenant, 60)
    [facts] = [each for each in await store.facts() if each.tenant == tenant]
    assert (facts.workers, facts.spent_today) == (2, 1)
    assert 50 < facts.paused_s <= 60
    [left_s] = facts.tokens_s
    assert 500 < left_s <= 600


async def test_a_server_that_dies_is_missed_and_found_again_with_what_it_knew(place, tenant):
    if place.server is None:
        pytest.skip("a file does not die")
    store = place.open()
    await store.pause(tenant, 600)
    place.server.kill()
    try:
        with pytest.raises(SharedStateError) as caught:
            await store.look(tenant, "one")
        assert place.server.password not in str(caught.value)
    finally:
        place.server.start()
    assert (await store.look(tenant, "one")).paused_s > 500


async def test_a_server_that_hangs_is_not_waited_for(place, tenant):
    if place.server is None:
        pytest.skip("a file does not hang")
    store = place.open()
    await store.pause(tenant, 600)
    with place.server.hanging(), pytest.raises(SharedStateError):
        await store.look(tenant, "one")
    assert (await store.look(tenant, "one")).paused_s > 500


async def test_a_question_that_is_given_up_leaves_nothing_behind(place, tenant):
    if place.server is None:
        pytest.skip("a file does not hang")
    store = place.open()
    await store.pause(tenant, 600)
    with place.server.hanging():
        asking = asyncio.create_task(store.look(tenant, "one"))
        for _ in range(20):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert (await store.look(tenant, "one")).paused_s > 500


async def test_a_store_shows_no_password(place):
    if place.server is not None:
        assert place.server.password not in repr(place.open())
