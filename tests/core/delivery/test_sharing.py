"""Processes that share what a tenant bears, each with a governor of its own."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.shared_state import Kept, SharedInMemory, failing

from wharfinger import ThrottledError
from wharfinger.delivery.budget import Budget
from wharfinger.delivery.governor import Governor, Terms
from wharfinger.delivery.sharing import Asking

PATH = b"/notes"
LOGGER = "wharfinger.delivery.sharing"


class Process:
    """A governor with what it shares."""

    def __init__(self, loop, kept, share=None, **budget):
        self.state = SharedInMemory(kept, loop.time)
        wall = lambda: 5 * 86_400 + loop.now  # noqa: E731  # a clock
        self.governor = Governor(4, tenant="acme-1", clock=loop.time, wall=wall)
        self.terms = Terms(budget=Budget(**budget) if budget else None, share=share)
        self.governor.join(self.terms)
        self.asking = Asking(self.state, clock=loop.time)
        self.governor.share_with(self.asking)

    async def call(self, longest_wait_s=60.0):
        await self.governor.spend("POST", PATH, longest_wait_s)

    async def turn(self, longest_wait_s=60.0):
        async with self.governor.turn(longest_wait_s):
            pass


@given(
    st.integers(2, 4),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.1, 1.5, 40.0])), max_size=25),
)
def test_calls_of_all_processes_leave_spread_as_one_budget_allows(timelapse, count, calls):
    left = []

    async def main(loop):
        kept = Kept()
        processes = [Process(loop, kept, per_minute=60) for _ in range(count)]

        async def call(process):
            await process.call(10_000.0)
            left.append(loop.time())

        tasks = []
        for which, gap in calls:
            await asyncio.sleep(gap)
            tasks.append(asyncio.create_task(call(processes[which % count])))
        await asyncio.gather(*tasks)

    timelapse(main)
    assert len(left) == len(calls)
    for earlier, later in pairwise(left):
        assert later - earlier >= 1 - 1e-6


def test_a_process_that_is_late_for_its_place_takes_the_next_one(timelapse):
    async def main(loop):
        kept = Kept()
        process = Process(loop, kept, per_minute=60)
        kept.next_at = loop.time() + 2
        call = asyncio.create_task(process.call())
        await asyncio.sleep(0)
        # The process hangs, and wakes up when its place is long over.
        loop.call_later(1, lambda: setattr(loop, "now", loop.now + 8.5))
        await call
        assert process.state.asked.count("reserve") == 2
        assert kept.spent == 2

    timelapse(main)


def test_a_place_that_is_too_far_away_is_refused_and_not_taken(timelapse):
    async def main(loop):
        kept = Kept()
        process = Process(loop, kept, per_minute=60)
        kept.next_at = loop.time() + 100
        with pytest.raises(ThrottledError) as caught:
            await process.call()
        assert caught.value.code == "budget-used"
        assert caught.value.retry_after_s == pytest.approx(100)
        assert kept.next_at == loop.time() + 100
        assert process.governor.usage.calls == {}

    timelapse(main)


def test_the_day_is_one_for_all_processes(timelapse):
    async def main(loop):
        kept = Kept()
        one, other = (Process(loop, kept, per_day=3) for _ in range(2))
        await one.call()
        await other.call()
        assert one.governor.usage.budget_left == 2
        assert other.governor.usage.budget_left == 1
        await one.call()
        with pytest.raises(ThrottledError):
            await other.call()
        assert other.governor.usage.budget_left == 0

    timelapse(main)


def test_a_pause_reaches_other_processes_within_half_a_second_without_any_budget(timelapse):
    async def main(loop):
        kept = Kept()
        one, other = (Process(loop, kept) for _ in range(2))
        await other.turn()
        one.governor.pause(600)
        await one.governor.told()
        await asyncio.sleep(0.5)
        with pytest.raises(ThrottledError) as caught:
            await other.turn()
        assert caught.value.code == "paused"
        with pytest.raises(ThrottledError):
            await other.call()

    timelapse(main)


def test_a_short_pause_of_others_is_waited_out_and_then_calls_are_spread_again(timelapse):
    async def main(loop):
        kept = Kept(paused_until=loop.time() + 20)
        start, left = loop.time(), []
        process = Process(loop, kept, per_minute=60)

        async def call():
            await process.call()
            left.append(loop.time() - start)

        await asyncio.gather(*(call() for _ in range(3)))
        assert left == pytest.approx([20, 21, 22])

    timelapse(main)


def test_a_pause_that_comes_while_a_place_is_waited_for_takes_the_place_along(timelapse):
    async def main(loop):
        kept = Kept(next_at=loop.time() + 10)
        process, start = Process(loop, kept, per_minute=60), loop.time()
        loop.call_later(5, process.governor.pause, 30)
        await process.call()
        assert loop.time() - start == pytest.approx(35)
        assert kept.spent == 2

    timelapse(main)


def test_the_longest_pause_is_told_and_a_shorter_one_costs_no_question(timelapse):
    async def main(loop):
        kept = Kept()
        process = Process(loop, kept)
        for seconds in (5, 600, 30, 0):
            process.governor.pause(seconds)
        await process.governor.told()
        assert process.state.asked == ["pause", "pause"]
        assert kept.paused_until == pytest.approx(loop.time() + 600)

    timelapse(main)


def test_what_was_learnt_of_others_is_not_told_again(timelapse):
    async def main(loop):
        process = Process(loop, Kept(paused_until=loop.time() + 5))
        await process.turn()
        await process.governor.told()
        assert "pause" not in process.state.asked

    timelapse(main)


def test_without_a_budget_the_state_is_asked_now_and_then_only(timelapse):
    async def main(loop):
        process = Process(loop, Kept())
        for _ in range(50):
            await process.turn()
            await process.call()
        assert process.state.asked == ["look"]
        assert process.governor.usage.calls == {"POST /notes": 50}

    timelapse(main)


@pytest.mark.parametrize("hangs", [False, True])
def test_while_nobody_answers_each_process_keeps_its_part_and_says_so_once(
    timelapse, caplog, hangs
):
    async def main(loop):
        process = Process(loop, Kept(), per_minute=60)
        process.state.workers = 4
        await process.call()
        process.state.down, process.state.hangs = failing(), hangs
        times = []
        for _ in range(5):
            await process.call()
            times.append(loop.time())
        for earlier, later in pairwise(times):
            assert later - earlier >= 4 - 1e-6
        process.state.down, process.state.hangs = None, False
        await asyncio.sleep(10)
        before = process.state.asked.count("reserve")
        await process.call()
        await process.call()
        assert process.state.asked.count("reserve") == before + 2

    with caplog.at_level(logging.WARNING, LOGGER):
        timelapse(main)
    lost, found = caplog.records
    assert "Deliveries go on" in lost.getMessage()
    assert ("redis://host cannot be asked." in lost.getMessage()) is not hangs
    assert ("It does not answer in time." in lost.getMessage()) is hangs
    assert "answers again" in found.getMessage()


def test_an_error_that_nobody_wrote_for_people_is_named_and_not_quoted(timelapse, caplog):
    async def main(loop):
        process = Process(loop, Kept(), per_minute=60)
        process.state.down = ValueError("redis://:s3cr3t@host")
        await process.call()

    with caplog.at_level(logging.WARNING, LOGGER):
        timelapse(main)
    assert "ValueError" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_while_nobody_answers_few_questions_are_asked(timelapse):
    async def main(loop):
        process = Process(loop, Kept(), per_minute=60_000)
        process.state.down = failing()
        for _ in range(100):
            await process.call()
        assert len(process.state.asked) <= 3

    timelapse(main)


def test_the_host_may_know_of_more_workers_than_were_seen(timelapse):
    async def main(loop):
        process = Process(loop, Kept())
        process.state.down, process.state.fewest_workers = failing(), 8
        process.terms.budget = Budget(per_minute=480)
        process.governor.share_with(Asking(process.state, clock=loop.time))
        start = loop.time()
        for _ in range(3):
            await process.call()
        assert loop.time() - start >= 2 - 1e-6

    timelapse(main)


def test_a_share_divides_the_budget_and_of_several_connections_the_mean_counts(timelapse):
    async def main(loop):
        governor = Governor(4, clock=loop.time)
        one = Terms(budget=Budget(per_minute=60, per_day=1_000, parallel=8))
        other = Terms(budget=Budget(per_minute=60))
        governor.join(one)
        governor.share(one, 0.5)
        assert governor.usage.parallel == 4
        assert governor.usage.budget_left == 500
        governor.share(other, 0.25)
        governor.join(other)
        assert governor.usage.parallel == 3
        assert governor.usage.budget_left == 375
        start = loop.time()
        for _ in range(4):
            await governor.spend("POST", PATH, 60.0)
        assert loop.time() - start == pytest.approx(3 / 0.375)
        governor.part(one)
        governor.share(other, 1.0)
        assert governor.usage.parallel == 4

    timelapse(main)


@given(
    st.builds(
        Budget,
        per_minute=st.integers(1, 5_000),
        per_day=st.integers(100, 100_000),
        headroom=st.sampled_from([0.0, 0.1, 0.5]),
        parallel=st.integers(1, 64),
    ),
    st.lists(st.integers(0, 8), min_size=1, max_size=8).filter(sum),
)
def test_the_parts_of_all_workers_make_no_more_than_the_whole(budget, lanes):
    parts = [budget.part(held / sum(lanes)) for held in lanes if held]
    assert sum(part.own_per_minute for part in parts) == pytest.approx(budget.own_per_minute)
    assert sum(part.own_per_day for part in parts) <= budget.own_per_day + 1
    assert all(part.parallel >= 1 for part in parts)


def test_a_share_of_lanes_counts_where_nobody_answers(timelapse):
    async def main(loop):
        process = Process(loop, Kept(), share=0.25, per_minute=60)
        process.state.down, process.state.fewest_workers = failing(), 100
        start = loop.time()
        for _ in range(3):
            await process.call()
        assert loop.time() - start == pytest.approx(8)

    timelapse(main)
