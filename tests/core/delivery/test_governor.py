from __future__ import annotations

import asyncio

import pytest
import stamina

from wharfinger import ThrottledError
from wharfinger.delivery.governor import Governor


async def test_no_more_requests_are_under_way_than_allowed():
    governor = Governor(3)
    under_way, most = 0, 0

    async def request():
        nonlocal under_way, most
        async with governor:
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(request() for _ in range(20)))
    assert most == 3


async def test_a_pause_holds_every_request_and_a_shorter_one_does_not_cut_it(monkeypatch):
    stamina.set_testing(False)
    now = 100.0
    waits = []

    async def sleep(seconds):
        nonlocal now
        waits.append(seconds)
        now += seconds

    monkeypatch.setattr("wharfinger.delivery.governor.asyncio.sleep", sleep)
    governor = Governor(1, clock=lambda: now)
    governor.pause(30)
    governor.pause(5)
    async with governor:
        assert now == 130.0
    async with governor:
        pass
    assert waits == [30.0]


async def test_a_pause_that_grows_while_it_is_waited_for_is_waited_out(monkeypatch):
    stamina.set_testing(False)
    now = 0.0

    async def sleep(seconds):
        nonlocal now
        if now == 0.0:
            governor.pause(50)
        now += seconds

    monkeypatch.setattr("wharfinger.delivery.governor.asyncio.sleep", sleep)
    governor = Governor(1, clock=lambda: now)
    governor.pause(10)
    async with governor:
        assert now == 50.0


async def test_a_pause_too_long_to_wait_for_gives_the_request_back_at_once():
    governor = Governor(1, longest_wait_s=60, clock=lambda: 0.0)
    governor.pause(61)
    for _ in range(2):  # and its place as well
        with pytest.raises(ThrottledError, match="61 seconds") as caught:
            async with governor:
                pytest.fail("a request was let through")
        assert caught.value.retry_after_s == 61.0


async def test_a_task_cancelled_in_a_pause_gives_its_place_back():
    stamina.set_testing(False)
    governor = Governor(1)
    governor.pause(60)

    async def request():
        async with governor:
            pytest.fail("the pause was not kept")

    task = asyncio.create_task(request())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    governor._resume_at = 0
    async with asyncio.timeout(1), governor:
        pass
