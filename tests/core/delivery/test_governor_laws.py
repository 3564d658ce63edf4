"""Laws of the governor, over whatever requests come, in a loop of its own time."""

from __future__ import annotations

import asyncio

import attrs
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wharfinger import ThrottledError
from wharfinger.delivery.budget import Budget
from wharfinger.delivery.circuit import CircuitPolicy
from wharfinger.delivery.governor import Governor, Terms
from wharfinger.delivery.parallelism import Parallelism

ENDINGS = st.sampled_from(
    ["200", "200", "200", "400", "429", "429 and wait", "500", "timeout", "refused", "bug"]
)


@attrs.frozen
class Request:
    comes_at: int
    takes: int
    ending: str
    cancelled_after: int | None


REQUESTS = st.lists(
    st.builds(
        Request,
        comes_at=st.integers(0, 30),
        takes=st.integers(0, 9),
        ending=ENDINGS,
        cancelled_after=st.none() | st.integers(0, 20),
    ),
    max_size=40,
)


@attrs.define
class World:
    """Makes requests under a governor and notes what happens."""

    governor: Governor
    under_way: int = 0
    came: list[int] = attrs.field(factory=list)
    started: dict[int, float] = attrs.field(factory=dict)
    ended: dict[int, str] = attrs.field(factory=dict)

    async def make(self, number, request):
        await asyncio.sleep(request.comes_at)
        task = asyncio.create_task(self._request(number, request))
        if request.cancelled_after is not None:
            asyncio.get_running_loop().call_later(request.cancelled_after, task.cancel)
        try:
            await task
        except ThrottledError as error:
            self.ended[number] = error.code
        except (asyncio.CancelledError, httpx.HTTPError, ZeroDivisionError) as error:
            self.ended[number] = type(error).__name__
        else:
            self.ended[number] = "answered"

    async def _request(self, number, request):
        self.came.append(number)
        async with self.governor.turn() as turn:
            self.started[number] = asyncio.get_running_loop().time()
            self.under_way += 1
            usage = self.governor.usage
            assert self.under_way <= usage.under_way <= usage.parallel
            assert usage.paused_s == 0
            assert usage.circuit != "open"
            assert usage.circuit == "closed" or turn.probe
            try:
                await asyncio.sleep(request.takes)
                _end(request.ending, turn)
            finally:
                self.under_way -= 1


def _end(ending, turn):
    match ending:
        case "timeout":
            raise httpx.ReadTimeout("slow")
        case "refused":
            raise httpx.ConnectError("no")
        case "bug":
            raise ZeroDivisionError
    status, _, asks = ending.partition(" and ")
    turn.heard(httpx.Response(int(status), headers={"retry-after": "9"} if asks else None))


def _play(timelapse, requests, parallel, failures=10**6):
    async def main(loop):
        governor = Governor(parallel, clock=loop.time)
        governor.join(Terms(circuit=CircuitPolicy(failures=failures, open_s=20)))
        world = World(governor)
        await asyncio.gather(*(world.make(number, each) for number, each in enumerate(requests)))
        return world

    return timelapse(main)


@given(REQUESTS, st.integers(1, 6), st.sampled_from([1, 2, 3, 10**6]))
def test_every_waiter_gets_through_and_no_request_starts_where_none_may(
    timelapse, requests, parallel, failures
):
    world = _play(timelapse, requests, parallel, failures)
    assert sorted(world.ended) == list(range(len(requests)))
    usage = world.governor.usage
    assert (usage.under_way, usage.waiting) == (0, 0)
    assert 1 <= usage.parallel <= parallel


# Two are woken at once, and before they go on, only one may.
HALVED_MEANWHILE = [
    Request(0, 0, "429", None),
    Request(25, 4, "429", None),
    Request(25, 1, "200", None),
    Request(26, 0, "200", None),
    Request(26, 1, "200", None),
    Request(22, 6, "200", None),
    Request(29, 0, "200", None),
]


@given(REQUESTS, st.integers(1, 6), st.sampled_from([1, 2, 3, 10**6]))
@example(HALVED_MEANWHILE, 5, 1)
def test_no_request_starts_before_one_that_came_earlier(timelapse, requests, parallel, failures):
    world = _play(timelapse, requests, parallel, failures)
    starts = [world.started[number] for number in world.came if number in world.started]
    assert starts == sorted(starts)


@given(REQUESTS, st.integers(1, 6))
def test_no_one_is_refused_where_no_wait_is_too_long(timelapse, requests, parallel):
    world = _play(timelapse, requests, parallel)
    assert not {"paused", "circuit-open"} & set(world.ended.values())


@given(st.integers(1, 64), st.lists(st.tuples(st.booleans(), st.integers(0, 3))))
def test_the_limit_halves_once_a_round_and_grows_by_one_a_window(most, ends):
    parallelism = Parallelism(most)
    for throttled, rounds_ago in ends:
        before, round_ = parallelism.limit, parallelism.round
        if throttled:
            parallelism.halve(round_ - rounds_ago)
            if rounds_ago:
                assert (parallelism.limit, parallelism.round) == (before, round_)
            else:
                assert parallelism.round == round_ + 1
                assert max(1, before // 2) <= parallelism.limit <= max(1, (before + 1) / 2)
        else:
            parallelism.grow(round_ - rounds_ago)
            assert before <= parallelism.limit <= min(most, before + 1)
        assert 1 <= parallelism.limit <= most


@given(st.lists(st.tuples(st.integers(1, 64), st.integers(0, 3))))
def test_another_most_is_there_at_once_unless_something_was_too_many(steps):
    most = 4
    parallelism = Parallelism(most)
    for another, halvings in steps:
        before = parallelism.limit
        parallelism.bound(another)
        assert parallelism.limit == (another if before == most else min(before, another))
        most = another
        for _ in range(halvings):
            parallelism.halve(parallelism.round)


async def test_more_requests_start_as_soon_as_more_may():
    governor = Governor(1)
    started = []

    async def request(number):
        async with governor.turn():
            started.append(number)
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(request(number)) for number in range(5)]
    for _ in range(9):
        await asyncio.sleep(0)
    assert (started, governor.usage.waiting) == ([0], 4)
    governor.join(Terms(budget=Budget(parallel=3)))
    for _ in range(9):
        await asyncio.sleep(0)
    assert (started, governor.usage.waiting) == ([0, 1, 2], 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("most", [4, 16])
def test_after_one_halving_a_window_of_replies_for_each_step_brings_the_limit_back(most):
    parallelism = Parallelism(most)
    parallelism.halve(0)
    replies = 0
    while parallelism.limit < most:
        parallelism.grow(1)
        replies += 1
    windows = sum(range(most // 2, most))
    assert windows <= replies <= windows + most
