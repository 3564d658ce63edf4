"""A shared state that lies, or is slow: deliveries go on, and nobody waits for long."""

from __future__ import annotations

import asyncio
import logging
import math
from itertools import pairwise
from typing import Any, cast

import pytest
from tests.core.delivery.test_sharing import LOGGER, Process
from tests.core.shared_state import Kept, SharedInMemory, failing

from wharfinger import KeptToken, Place, Secret, SharedTokens, Standing, ThrottledError
from wharfinger.delivery.sharing import Asking

NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, -1.0, 1e300, "5", None, True]
COUNTS: list[Any] = [-1, math.nan, 2.5, "5"]
STANDINGS: list[Any] = [
    None,
    "nonsense",
    *(Standing(paused_s=each) for each in NUMBERS),
    *(Standing(workers=each) for each in [*NUMBERS, *COUNTS, 10**30]),
]
PLACES: list[Any] = [
    None,
    (1, 0, 0, 5),
    Place(taken=cast("Any", 1)),
    *(Place(taken=True, wait_s=each) for each in NUMBERS),
    Place(taken=True, wait_s=61.0),
    Place(taken=True, paused_s=5.0),
    *(Place(taken=False, paused_s=each) for each in NUMBERS),
    *(Place(taken=True, left_today=each) for each in COUNTS),
]
TOKENS: list[Any] = [
    "token",
    KeptToken(secret=cast("Any", "token"), left_s=5.0),
    *(KeptToken(secret=Secret("theirs"), left_s=each) for each in NUMBERS),
]


def _answering(answer):
    async def answered(*_: object, **__: object) -> Any:
        return answer

    return answered


@pytest.mark.parametrize("answer", STANDINGS, ids=repr)
def test_what_cannot_be_true_of_a_tenant_is_not_believed(timelapse, caplog, answer):
    async def main(loop):
        process, start = Process(loop, Kept(), per_minute=60), loop.time()
        vars(process.state)["look"] = _answering(answer)
        await process.turn()
        await process.call()
        assert loop.time() - start < 1
        assert process.governor.usage.paused_s == 0

    with caplog.at_level(logging.WARNING, LOGGER):
        timelapse(main)
    assert "What it answers cannot be true." in caplog.text


@pytest.mark.parametrize("answer", PLACES, ids=repr)
def test_a_place_that_cannot_be_is_none_and_each_process_keeps_its_part(timelapse, caplog, answer):
    async def main(loop):
        process = Process(loop, Kept(), per_minute=60)
        vars(process.state)["reserve"] = _answering(answer)
        times = []
        for _ in range(3):
            await process.call()
            times.append(loop.time())
        assert all(later - earlier >= 1 - 1e-6 for earlier, later in pairwise(times))

    with caplog.at_level(logging.WARNING, LOGGER):
        timelapse(main)
    assert "What it answers cannot be true." in caplog.text


@pytest.mark.parametrize("answer", TOKENS, ids=repr)
def test_what_cannot_be_a_token_is_none(timelapse, answer):
    async def main(loop):
        state = SharedInMemory(Kept(), loop.time)
        vars(state)["load"] = _answering(answer)
        async with SharedTokens(Asking(state, clock=loop.time), "acme-1").turn("reader") as kept:
            assert kept is None

    timelapse(main)


@pytest.mark.parametrize("takes_s", [0.15, 0.6, 1.9])
def test_a_state_that_is_always_slow_makes_nobody_late(timelapse, takes_s):
    left = []

    async def main(loop):
        kept = Kept()
        process = Process(loop, kept, per_minute=60)
        quick = process.state.reserve

        async def slow(*arguments: Any, **named: Any) -> Place:
            await asyncio.sleep(takes_s / 2)
            place = await quick(*arguments, **named)
            await asyncio.sleep(takes_s / 2)
            return place

        vars(process.state)["reserve"] = slow

        async def call():
            await process.call()
            left.append(loop.time())

        await asyncio.gather(*(call() for _ in range(6)))
        assert kept.spent == 6

    timelapse(main)
    for earlier, later in pairwise(left):
        assert later - earlier == pytest.approx(1)


def test_a_call_a_minute_may_be_late_by_seconds_and_does_not_lose_its_place(timelapse):
    async def main(loop):
        kept = Kept(next_at=loop.time() + 30)
        process = Process(loop, kept, per_minute=1)
        call = asyncio.create_task(process.call())
        await asyncio.sleep(0)
        # The process is busy, and wakes up some seconds after its place began.
        loop.call_later(29, lambda: setattr(loop, "now", loop.now + 5))
        await call
        assert kept.spent == 1

    timelapse(main)


def test_while_another_fetches_a_slow_state_is_not_asked_for_minutes(timelapse):
    async def main(loop):
        kept = Kept()
        state = SharedInMemory(kept, loop.time)
        tokens, start = SharedTokens(Asking(state, clock=loop.time), "acme-1"), loop.time()
        given = SharedInMemory(kept, loop.time)
        async with SharedTokens(Asking(given, clock=loop.time), "acme-1").turn("reader"):
            vars(state)["_answer"] = _slowly(state._answer)
            async with tokens.turn("reader") as token:
                assert token is None
        assert loop.time() - start < 10 + 5

    timelapse(main)


def _slowly(answer):
    async def slow(name: str) -> float:
        await asyncio.sleep(1.9)
        return float(await answer(name))

    return slow


def test_a_token_is_given_to_nobody_any_more_and_another_one_stays(timelapse):
    async def main(loop):
        tokens = SharedTokens(Asking(SharedInMemory(Kept(), loop.time), clock=loop.time), "acme-1")
        await tokens.keep("reader", Secret("new"), 100)
        await tokens.drop("reader", Secret("old"))
        async with tokens.turn("reader") as kept:
            assert kept is not None
        await tokens.drop("reader", Secret("new"))
        async with tokens.turn("reader") as kept:
            assert kept is None

    timelapse(main)


def test_a_pause_that_the_state_forgot_is_told_again_by_whoever_knows_it(timelapse):
    async def main(loop):
        kept = Kept()
        one, other = (Process(loop, kept) for _ in range(2))
        one.governor.pause(600)
        await one.governor.told()
        kept.paused_until = 0.0  # it was emptied
        await asyncio.sleep(1)
        with pytest.raises(ThrottledError):
            await one.turn()
        await one.governor.told()
        assert kept.paused_until == pytest.approx(loop.time() + 599)
        with pytest.raises(ThrottledError):
            await other.turn()
        asked = len(one.state.asked)
        await asyncio.sleep(1)
        with pytest.raises(ThrottledError):
            await one.turn()
        assert one.state.asked[asked:] == ["look"]

    timelapse(main)


def test_a_pause_that_nobody_could_be_told_is_told_once_there_is_an_answer(timelapse):
    async def main(loop):
        kept = Kept()
        process = Process(loop, kept)
        process.state.down = failing()
        process.governor.pause(600)
        await process.governor.told()
        assert not kept.paused_until
        process.state.down = None
        await asyncio.sleep(10)
        with pytest.raises(ThrottledError):
            await process.turn()
        await process.governor.told()
        assert kept.paused_until == pytest.approx(loop.time() + 590)

    timelapse(main)
