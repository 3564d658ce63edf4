from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger import ThrottledError
from wharfinger.delivery.budget import Budget, Spending, strictest, until_midnight_s
from wharfinger.delivery.governor import Governor, Terms

DAY = 86_400
PATH = b"/notes"


def _governor(loop, wall=0.0, **budget):
    governor = Governor(4, clock=loop.time, wall=lambda: wall + loop.now - 1_000)
    governor.join(Terms(budget=Budget(**budget)))
    return governor


@given(
    st.integers(1, 90),
    st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    st.lists(st.tuples(st.integers(0, 40), st.none() | st.integers(0, 30)), max_size=30),
)
def test_no_minute_holds_more_calls_than_the_budget_and_they_leave_in_order(
    timelapse, per_minute, headroom, calls
):
    left = []

    async def main(loop):
        governor = _governor(loop, per_minute=per_minute, headroom=headroom)

        async def call(number):
            await governor.spend("POST", PATH, 10_000.0)
            left.append((loop.time(), number))

        tasks = []
        for number, (passed, cancelled_after) in enumerate(calls):
            await asyncio.sleep(passed)
            tasks.append(asyncio.create_task(call(number)))
            if cancelled_after is not None:
                loop.call_later(cancelled_after, tasks[-1].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        stayed = {n for n, (_, cancelled_after) in enumerate(calls) if cancelled_after is None}
        assert stayed <= {number for _, number in left}
        assert governor.usage.calls == ({"POST /notes": len(left)} if left else {})

    timelapse(main)
    times = [moment for moment, _ in left]
    most = per_minute * (1 - headroom)
    for start in times:
        assert sum(start <= moment < start + 60 - 1e-6 for moment in times) <= max(1, -(-most // 1))
    for earlier, later in pairwise(times):
        assert later - earlier >= 60 / most - 1e-6
    assert [number for _, number in left] == sorted(number for _, number in left)


@given(st.integers(1, 9), st.sampled_from([0.0, 0.5]), st.lists(st.integers(0, DAY), max_size=60))
def test_no_day_holds_more_calls_than_the_budget(timelapse, per_day, headroom, gaps):
    days: Counter[int] = Counter()

    async def main(loop):
        governor = _governor(loop, per_day=per_day, headroom=headroom)
        for gap in gaps:
            await asyncio.sleep(gap)
            asked_at = loop.now
            call = governor.spend("POST", PATH, 60.0)
            refused = (await asyncio.gather(call, return_exceptions=True))[0]
            if refused is None:
                days[int((loop.now - 1_000) // DAY)] += 1
                continue
            assert isinstance(refused, ThrottledError)
            assert (refused.code, governor.usage.budget_left) == ("budget-used", 0)
            assert refused.retry_after_s == pytest.approx(DAY - (asked_at - 1_000) % DAY)

    timelapse(main)
    assert max(days.values(), default=0) <= max(1, int(per_day * (1 - headroom)))


def test_a_day_that_is_nearly_over_is_waited_out(timelapse):
    async def main(loop):
        governor = _governor(loop, wall=5 * DAY - 30, per_day=1)
        await governor.spend("POST", PATH, 60.0)
        await governor.spend("POST", PATH, 60.0)
        assert loop.time() == pytest.approx(1_030)

    timelapse(main)


def test_a_wait_for_the_minutes_budget_that_is_too_long_is_left_to_the_host(timelapse):
    async def main(loop):
        governor = _governor(loop, per_minute=2)
        calls = (governor.spend("POST", PATH, 60.0) for _ in range(4))
        *left, refused = await asyncio.gather(*calls, return_exceptions=True)
        assert left == [None] * 3
        assert isinstance(refused, ThrottledError)
        assert (refused.code, refused.retry_after_s) == ("budget-used", 90)
        assert "2 a minute" in refused.message

    timelapse(main)


async def test_a_test_that_turned_waits_off_sees_the_minutes_pass():
    governor = Governor(1)
    governor.join(Terms(budget=Budget(per_minute=1)))
    for _ in range(5):
        await governor.spend("POST", PATH, 60.0)
    assert governor.usage.calls == {"POST /notes": 5}


def test_a_clock_that_is_set_back_finds_the_days_as_it_left_them():
    spending = Spending()
    spending.budget = Budget(per_day=2)
    for wall in (DAY, DAY + 1, 2 * DAY, DAY + 2):
        spending.spend(wall, wall)
    assert [spending.left_today(day * DAY) for day in range(4)] == [2, 0, 1, 2]


def test_what_was_spent_before_a_budget_came_counts_against_it():
    spending = Spending()
    spending.spend(0.0, 0.0)
    assert spending.left_today(0.0) is None
    spending.budget = Budget(per_day=3)
    assert spending.left_today(0.0) == 2


def test_headroom_leaves_its_share_to_others_and_always_one_call_to_us():
    assert Budget(per_day=100, headroom=0.9).own_per_day == 10
    assert Budget(per_day=1, headroom=0.9).own_per_day == 1
    assert Budget(per_minute=100, headroom=0.25).own_per_minute == 75


def test_the_strictest_of_two_budgets_keeps_both():
    one, other = Budget(per_minute=9, headroom=0.5), Budget(per_minute=60, per_day=100)
    assert strictest(one, other) == Budget(per_minute=9, per_day=100, headroom=0.5)
    assert strictest(one, None) == strictest(None, one) == one
    assert strictest(None, None) is None


@given(st.floats(0, 1e10))
def test_midnight_is_within_a_day(wall):
    assert 0 < until_midnight_s(wall) <= DAY


def _steady(governor, loop):
    async def request():
        async with governor.turn() as turn:
            await asyncio.sleep(2)
            turn.heard(httpx.Response(200))

    return asyncio.gather(*(request() for _ in range(40)))


def test_a_forecast_follows_the_rate_that_was_seen_while_there_was_work(timelapse):
    async def main(loop):
        governor = Governor(4, clock=loop.time)
        assert governor.forecast(10) is None
        await _steady(governor, loop)
        await asyncio.sleep(3_600)  # nothing to do, which says nothing about the vendor
        await _steady(governor, loop)
        assert governor.usage.per_second == pytest.approx(2, rel=0.1)
        assert governor.forecast(600) == pytest.approx(300, rel=0.1)
        governor.pause(100)
        assert governor.forecast(600) == pytest.approx(400, rel=0.1)

    timelapse(main)


def test_a_forecast_reckons_with_the_budget():
    spending = Spending()
    assert spending.duration_s(100, 5.0, 0.0) == 20
    spending.budget = Budget(per_minute=30)
    assert spending.duration_s(100, 5.0, 0.0) == pytest.approx(200)
    spending.budget = Budget(per_day=100)
    noon = DAY / 2
    assert spending.duration_s(100, 5.0, noon) == 20
    assert spending.duration_s(200, 5.0, noon) == DAY / 2 + 20
    assert spending.duration_s(201, 5.0, noon) == DAY * 1.5 + 0.2
