from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import httpx
import pytest
import stamina

from wharfinger import RetryError, ThrottledError
from wharfinger.delivery.budget import Budget
from wharfinger.delivery.circuit import CircuitPolicy
from wharfinger.delivery.governor import Governor, Terms

GONE = httpx.ConnectError("no")


def answer(status, **headers):
    return httpx.Response(status, headers=headers)


async def ask(governor, reply=None, **how):
    """Make one request that is answered, or ends with an error."""
    async with governor.turn(**how) as turn:
        if isinstance(reply, Exception):
            raise reply
        turn.heard(reply or answer(200))


async def test_no_more_requests_are_under_way_than_allowed():
    governor = Governor(3)
    under_way, most = 0, 0

    async def request():
        nonlocal under_way, most
        async with governor.turn():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(request() for _ in range(20)))
    assert most == 3


def test_a_pause_holds_every_request_and_a_shorter_one_does_not_cut_it(timelapse):
    async def main(loop):
        governor = Governor(1, clock=loop.time)
        governor.pause(30)
        governor.pause(5)
        begun = loop.time()
        await ask(governor)
        assert loop.time() - begun == pytest.approx(30)
        await ask(governor)
        assert loop.time() - begun == pytest.approx(30)

    timelapse(main)


def test_a_pause_that_grows_while_it_is_waited_for_is_waited_out(timelapse):
    async def main(loop):
        governor = Governor(1, clock=loop.time)
        governor.pause(10)
        begun = loop.time()
        loop.call_later(9, governor.pause, 50)
        await ask(governor)
        assert loop.time() - begun == pytest.approx(59)

    timelapse(main)


def test_a_pause_that_grows_too_long_gives_the_waiting_back_at_once(timelapse):
    async def main(loop):
        governor = Governor(1, clock=loop.time)
        governor.pause(10)
        patient = asyncio.create_task(ask(governor, longest_wait_s=10_000))
        hasty = asyncio.create_task(ask(governor))
        await asyncio.sleep(5)
        governor.pause(600)
        with pytest.raises(ThrottledError, match="600 seconds"):
            await hasty
        assert loop.time() == pytest.approx(1_005)
        await patient
        assert loop.time() == pytest.approx(1_605)

    timelapse(main)


async def test_a_pause_too_long_to_wait_for_gives_the_request_back_at_once():
    governor = Governor(1, clock=lambda: 0.0)
    governor.pause(61)
    for _ in range(2):  # and its place as well
        with pytest.raises(ThrottledError, match="61 seconds") as caught:
            await ask(governor)
        assert (caught.value.code, caught.value.retry_after_s) == ("paused", 61.0)


async def test_a_test_that_turned_waits_off_sees_the_pause_pass():
    governor = Governor(1)
    governor.pause(30)
    await asyncio.gather(*(ask(governor) for _ in range(3)))
    assert governor.usage.paused_s == 0


def test_a_task_cancelled_in_a_pause_gives_its_place_back_and_wakes_the_next(timelapse):
    async def main(loop):
        governor = Governor(1, clock=loop.time)
        governor.pause(30)
        first, second = (asyncio.create_task(ask(governor)) for _ in range(2))
        await asyncio.sleep(1)
        assert governor.usage.waiting == 2
        first.cancel()
        await second
        assert first.cancelled()
        assert (governor.usage.waiting, governor.usage.under_way) == (0, 0)

    timelapse(main)


def test_a_task_cancelled_just_when_its_turn_comes_lets_the_next_one_go(timelapse):
    async def main(loop):
        governor = Governor(1, clock=loop.time)

        async def hold():
            async with governor.turn():
                await asyncio.sleep(1)
            second.cancel()  # it was woken, and has not gone on yet

        holding = asyncio.create_task(hold())
        await asyncio.sleep(0)
        second, third = (asyncio.create_task(ask(governor)) for _ in range(2))
        await asyncio.gather(holding, second, third, return_exceptions=True)
        assert second.cancelled()
        assert not third.cancelled()
        assert governor.usage.under_way == 0

    timelapse(main)


def test_a_reply_that_asks_to_wait_holds_all_even_those_that_were_just_woken(timelapse):
    async def main(loop):
        governor = Governor(1, clock=loop.time)
        starts = []

        async def request(name, reply):
            async with governor.turn() as turn:
                starts.append((name, loop.time() - 1_000))
                await asyncio.sleep(1)
                turn.heard(reply)
            if name == "first":
                governor.pause(20)  # what the action read out of the body of the reply

        names = ("first", "second", "third")
        await asyncio.gather(*(request(name, answer(200)) for name in names))
        assert starts == [("first", 0), ("second", 21), ("third", 22)]

    timelapse(main)


def test_those_who_were_woken_and_have_to_wait_again_keep_their_order(timelapse):
    async def main(loop):
        governor = Governor(2, clock=loop.time)
        starts = []

        async def request(name):
            async with governor.turn():
                starts.append(name)
                await asyncio.sleep(1)
            if name % 2:  # the later one of two that end together, and woke two others
                governor.pause(20)

        await asyncio.gather(*(request(name) for name in range(8)))
        assert starts == list(range(8))
        assert loop.time() == pytest.approx(1_064)

    timelapse(main)


async def test_who_comes_when_a_pause_has_just_ended_does_not_overtake_those_who_waited():
    now, starts = 0.0, []
    governor = Governor(1, clock=lambda: now)

    async def request(name):
        async with governor.turn():
            starts.append(name)
            await asyncio.sleep(0)

    governor.pause(30)
    with stamina.set_testing(False):
        waiting = asyncio.create_task(request("who waited"))
        await asyncio.sleep(0)
        now = 30.0
        await asyncio.gather(request("who came"), waiting)
    assert starts == ["who waited", "who came"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_header_holds_every_request_of_the_tenant(timelapse, status):
    async def main(loop):
        governor = Governor(4, clock=loop.time)
        await ask(governor, answer(status, **{"retry-after": "7"}))
        assert governor.usage.paused_s == pytest.approx(7)
        await ask(governor)
        assert loop.time() == pytest.approx(1_007)

    timelapse(main)


async def test_eight_throttled_side_by_side_halve_the_limit_once():
    governor = Governor(8)
    together = asyncio.Barrier(8)

    async def request():
        async with governor.turn() as turn:
            await together.wait()
            turn.heard(answer(429))

    await asyncio.gather(*(request() for _ in range(8)))
    assert governor.usage.parallel == 4
    await ask(governor, answer(429))
    assert governor.usage.parallel == 2


@pytest.mark.parametrize(
    ("ending", "parallel"),
    [
        (answer(429), 4),
        (httpx.ReadTimeout("slow"), 4),
        (TimeoutError(), 4),
        (RetryError("no token", code="sign-in-failed", http_status=429), 4),
        (httpx.ConnectError("no"), 8),
        (httpx.PoolTimeout("our own"), 8),
        (answer(500), 8),
        (ValueError("our own"), 8),
    ],
)
async def test_only_what_says_too_much_halves_the_limit(ending, parallel):
    governor = Governor(8)
    ended = (await asyncio.gather(ask(governor, ending), return_exceptions=True))[0]
    assert ended is (ending if isinstance(ending, Exception) else None)
    assert governor.usage.parallel == parallel


def test_waiting_requests_of_two_event_loops_share_one_limit():
    governor = Governor(2)
    lock = threading.Lock()
    under_way, most, done = 0, 0, 0

    async def request():
        nonlocal under_way, most, done
        async with governor.turn():
            with lock:
                under_way += 1
                most = max(most, under_way)
            await asyncio.sleep(0)
            with lock:
                under_way -= 1
                done += 1

    async def main():
        await asyncio.gather(*(request() for _ in range(300)))

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most, done, governor.usage.under_way) == (2, 900, 0)


def test_those_who_waited_in_a_loop_that_is_closed_hold_nobody_up(timelapse):
    async def main(loop):
        governor = Governor(1, clock=loop.time)
        governor.pause(10)
        other = asyncio.new_event_loop()
        forgotten = ask(governor)

        def wait_elsewhere():
            task: Any = other.create_task(forgotten)
            other.call_soon(other.stop)
            other.run_forever()
            task._log_destroy_pending = False  # that is the point
            other.close()

        thread = threading.Thread(target=wait_elsewhere)
        thread.start()
        thread.join(60)
        assert governor.usage.waiting == 0
        await ask(governor)
        assert loop.time() == pytest.approx(1_010)

    timelapse(main)


async def test_a_request_that_is_forgotten_half_way_gives_its_place_back():
    governor = Governor(1)

    async def forgotten():
        async with governor.turn():
            await asyncio.Event().wait()

    started, waiting = forgotten(), forgotten()
    started.send(None)
    waiting.send(None)
    assert (governor.usage.under_way, governor.usage.waiting) == (1, 1)
    del waiting
    gc.collect()
    assert (governor.usage.under_way, governor.usage.waiting) == (1, 0)
    del started
    gc.collect()
    assert governor.usage.under_way == 0


async def test_terms_are_kept_while_their_connection_is_open_and_the_strictest_of_all_count():
    governor = Governor(1, wall=lambda: 0.0)
    wide = Terms(budget=Budget(per_day=100), circuit=CircuitPolicy(failures=5))
    narrow = Terms(budget=Budget(per_day=60, headroom=0.5), circuit=CircuitPolicy(failures=1))
    governor.join(wide)
    governor.join(narrow)
    assert governor.usage.budget_left == 30
    governor.part(narrow)
    assert governor.usage.budget_left == 100
    with pytest.raises(httpx.ConnectError):
        await ask(governor, GONE)
    assert governor.usage.circuit == "closed"
    governor.part(wide)
    assert governor.usage.budget_left is None
