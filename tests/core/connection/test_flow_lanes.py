"""The lanes of a flow: what keeps its order, what is given back, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.core.connection.taking import codes_of, rest_of, take_all

import wharfinger
from wharfinger import Outcome, Status, Unbatched
from wharfinger.delivery.lanes import Item
from wharfinger.delivery.live_lanes import LiveLanes

RETRY = Outcome(status=Status.RETRY, code="unavailable")


async def test_what_waits_behind_a_payload_to_be_tried_again_is_held_back(
    ship, yard, parcel, turns
):
    yard.answer = lambda number: RETRY if number == 0 else Outcome.delivered()
    async with ship(rows=1) as connection, connection.flow() as flow:
        for number, owner in enumerate(("ann", "ann", "ben", "ann", None)):
            await flow.put(parcel(number, owner=owner), number)
        await turns()
        await flow.put(parcel(5, owner="ann"), 5)
        await flow.put(parcel(6, owner="ann", place="b"), 6)
        await flow.drain()
        codes = codes_of(await rest_of(flow))
    assert {n for n, code in codes.items() if code == "held-back"} == {1, 3, 5}
    assert codes[0] == "unavailable"
    assert yard.stored == [2, 4, 6]


async def test_once_the_host_knows_of_it_the_order_is_up_to_the_host(ship, yard, parcel, turns):
    yard.answer = lambda number: RETRY if number == 0 else Outcome.delivered()
    async with ship(rows=1) as connection, connection.flow() as flow:
        await flow.put(parcel(0, owner="ann"), 0)
        await turns()
        await flow.put(parcel(1, owner="ann"), 1)
        assert (await anext(flow)).token == 0
        await flow.put(parcel(2, owner="ann"), 2)
        assert codes_of([await anext(flow), await anext(flow)]) == {1: "held-back", 2: "held-back"}
        await flow.put(parcel(3, owner="ann"), 3)
        await flow.drain()
        codes = codes_of(await rest_of(flow))
    assert codes == {3: "delivered"}


async def test_a_full_lane_gives_back_everything_until_it_has_emptied(ship, yard, parcel, turns):
    yard.closed["a"] = asyncio.Event()
    async with ship(rows=1) as connection, connection.flow(most_per_lane=2) as flow:
        for number in range(5):
            await flow.put(parcel(number), number)
            await turns()
        yard.closed["a"].set()
        await flow.put(parcel(5), 5)
        await turns()
        await flow.put(parcel(6), 6)
        await flow.drain()
        codes = codes_of(await rest_of(flow))
    assert {n for n, code in codes.items() if code == "lane-full"} == {3, 4, 5}
    assert yard.stored == [0, 1, 2, 6]


async def test_a_lane_that_was_full_gives_back_even_where_it_has_room_again(
    ship, yard, parcel, turns
):
    gate = yard.closed["a"] = asyncio.Event()
    yard.before = gate.clear  # it opens for one batch
    async with ship(rows=1) as connection, connection.flow(most_per_lane=2) as flow:
        for number in range(4):
            await flow.put(parcel(number), number)
            await turns()
        gate.set()
        await turns()
        assert yard.batches == [("a", [0]), ("a", [1])]
        await flow.put(parcel(4), 4)
        yard.closed.clear()
        gate.set()
        await flow.drain()
        codes = codes_of(await rest_of(flow))
    assert {n for n, code in codes.items() if code == "lane-full"} == {3, 4}


async def test_a_lane_that_is_long_and_not_slow_gives_nothing_back(
    ship, yard, parcel, turns, clock
):
    yard.closed["a"] = asyncio.Event()
    async with ship(rows=1) as connection, connection.flow(most_per_lane=2, slow_s=10) as flow:
        for number in range(5):
            await flow.put(parcel(number), number)
            await turns()
        clock.advance(10)
        await flow.put(parcel(5), 5)
        yard.closed["a"].set()
        await flow.drain()
        codes = codes_of(await rest_of(flow))
    assert {n for n, code in codes.items() if code == "lane-full"} == {5}
    assert yard.stored == [0, 1, 2, 3, 4]


async def test_a_slow_lane_makes_room_for_the_others_where_the_flow_is_full(
    ship, yard, parcel, turns, clock
):
    yard.closed["a"] = asyncio.Event()
    facts = {"most_waiting": 6, "most_per_lane": 2, "slow_s": 10.0}
    async with ship(rows=1) as connection, connection.flow(**facts) as flow:
        for number in range(6):
            await flow.put(parcel(number), number)
            await turns()
        waiting = asyncio.create_task(flow.put(parcel(6, place="b"), 6))
        await turns()
        clock.advance(9)
        await turns()
        assert not waiting.done()
        clock.advance(2)
        await turns()
        given_back = [await anext(flow) for _ in range(3)]
        await waiting
        await turns()
        assert yard.stored == [6]
        assert codes_of(given_back) == dict.fromkeys((3, 4, 5), "lane-full")
        yard.closed["a"].set()
        await flow.drain()
    assert yard.stored == [6, 0, 1, 2]


async def test_where_nothing_else_is_sent_a_slow_lane_gives_back_at_a_pace(
    ship, yard, parcel, turns, clock
):
    yard.closed["a"] = asyncio.Event()
    facts = {"most_per_lane": 1, "slow_s": 10.0, "unsent_per_s": 1.0}
    async with ship(rows=1) as connection, connection.flow(**facts) as flow:
        flow._allowance.left = 2
        for number in range(2):
            await flow.put(parcel(number), number)
            await turns()
        clock.advance(10)
        for number in (2, 3):
            await flow.put(parcel(number), number)
        waiting = asyncio.create_task(flow.put(parcel(4), 4))
        assert codes_of([await anext(flow), await anext(flow)]) == dict.fromkeys(
            (2, 3), "lane-full"
        )
        await turns()
        assert not waiting.done()
        clock.advance(1)
        await waiting
        assert codes_of([await anext(flow)]) == {4: "lane-full"}
        yard.closed["a"].set()
        await flow.drain()
    assert yard.stored == [0, 1]


async def test_what_another_lane_sends_lets_a_slow_one_give_back_more(
    ship, yard, parcel, turns, clock
):
    yard.closed.update(a=asyncio.Event(), b=asyncio.Event())
    facts = {"most_per_lane": 1, "slow_s": 10.0, "unsent_per_s": 1.0}
    async with ship(rows=1) as connection, connection.flow(**facts) as flow:
        flow._allowance.left = 1
        await flow.put(parcel(0, "b"), 0)
        for number in (1, 2):
            await flow.put(parcel(number), number)
            await turns()
        clock.advance(10)
        await flow.put(parcel(3), 3)
        waiting = asyncio.create_task(flow.put(parcel(4), 4))
        assert codes_of([await anext(flow)]) == {3: "lane-full"}
        await turns()
        assert not waiting.done()
        yard.closed["b"].set()
        assert codes_of([await anext(flow)]) == {0: "delivered"}
        await waiting
        yard.closed["a"].set()
        await flow.drain()
        assert codes_of(await rest_of(flow)) == {1: "delivered", 2: "delivered", 4: "lane-full"}


async def test_a_full_flow_whose_slow_lane_may_give_back_little_gives_back_the_last_that_came(
    ship, yard, parcel, turns, clock
):
    yard.closed["a"] = asyncio.Event()
    facts = {"most_waiting": 6, "most_per_lane": 1, "slow_s": 10.0, "unsent_per_s": 1.0}
    async with ship(rows=1) as connection, connection.flow(**facts) as flow:
        flow._allowance.left = 1
        for number in range(6):
            flow.put_now(parcel(number), number)
            await turns()
        waiting = asyncio.create_task(flow.put(parcel(6, place="b"), 6))
        await turns()
        clock.advance(11)
        await turns()
        assert codes_of([await anext(flow), await anext(flow)]) == dict.fromkeys(
            (4, 5), "lane-full"
        )
        await turns()
        assert not waiting.done()
        clock.advance(1)
        await waiting
        yard.closed["a"].set()
        await flow.drain()
    assert sorted(yard.stored) == [0, 1, 2, 3, 6]


async def test_lanes_of_one_place_run_side_by_side(ship, yard, parcel, turns):
    yard.closed["a"] = asyncio.Event()
    async with ship(rows=1, lanes=4) as connection, connection.flow() as flow:
        for number in range(8):
            await flow.put(parcel(number, owner=f"owner {number % 3}"))
        await flow.put(parcel(8, owner="owner 0"))
        await turns()
        under_way = [number for _, (number,) in yard.batches]
        # Strings hash differently in each process: two owners may share a lane.
        assert set(under_way) <= {0, 1, 2}
        yard.closed["a"].set()


async def test_where_order_is_free_batches_fill_one_after_the_other(ship, yard, parcel, turns):
    yard.closed["a"] = asyncio.Event()
    async with ship(rows=3, lanes=2) as connection, connection.flow() as flow:
        for number in range(7):
            await flow.put(parcel(number))
        await turns()
        assert yard.batches == [("a", [0, 1, 2]), ("a", [3, 4, 5])]
        yard.closed["a"].set()


async def _nobody(_lane, _laned):
    """Send nothing."""


def test_equal_keys_share_a_lane_however_they_are_written(clock):
    lanes = LiveLanes(
        Unbatched(reason="no", lanes=64), send=_nobody, spawn=lambda work: work.close(), clock=clock
    )
    for key in (1, 1.0, True):
        lanes.add(Item(0, None, b"", None, key))
    assert len(lanes) == 1
    for key in range(64):
        lanes.add(Item(0, None, b"", None, f"key {key}"))
    assert len(lanes) > 10


async def test_a_lane_that_hangs_costs_the_others_nothing(ship, yard, parcel, turns):
    async def settled_of(*places):
        taken: list[wharfinger.Settled] = []
        facts = {"most_waiting": 100, "most_per_lane": 20}
        async with ship(rows=5) as connection, connection.flow(**facts) as flow:
            task = asyncio.create_task(take_all(flow, taken))
            for number in range(300):
                for place in places:
                    await flow.put(parcel(number, place))
                if number % 5 == 4:  # the others are fast enough for what comes in
                    await turns()
            assert await flow.drain(0) is ("hung" not in places)
            await task
        delivered = [s for s in taken if s.receipt.outcomes["ship"].status is Status.DELIVERED]
        return Counter(settled.event["place"] for settled in delivered)

    yard.closed["hung"] = asyncio.Event()
    alone = await settled_of("a", "b")
    beside = await settled_of("a", "hung", "b")
    assert alone == beside == {"a": 300, "b": 300}
    assert yard.batches.count(("hung", [0, 1, 2, 3, 4])) == 1


async def test_a_full_flow_waits_unless_lanes_are_told_to_give_back(ship, yard, parcel):
    taken: list[wharfinger.Settled] = []
    async with ship(rows=5) as connection, connection.flow(most_waiting=20) as flow:
        task = asyncio.create_task(take_all(flow, taken))
        for number in range(500):
            await flow.put(parcel(number), number)
        await flow.drain()
        await task
    assert set(codes_of(taken).values()) == {"delivered"}
    assert yard.stored == list(range(500))
