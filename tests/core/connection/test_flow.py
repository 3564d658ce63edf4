"""Events in one by one, and each back as soon as all its outcomes are known."""

from __future__ import annotations

import asyncio

import pytest
from tests.core.connection.taking import codes_of, rest_of, take_all

import wharfinger
from wharfinger import NotOpenError, Outcome, Status
from wharfinger.sending import BatchSender

HALTED = Outcome(status=Status.HALTED, code="no-access")


async def test_an_event_comes_back_with_its_token_and_its_receipt(ship, parcel):
    event = parcel(1)
    async with ship() as connection, connection.flow() as flow:
        await flow.put(event, "m-1")
        assert await flow.drain()
        [settled] = await rest_of(flow)
    assert settled.token == "m-1"
    assert settled.event is event
    assert settled.receipt.outcomes["ship"].status is Status.DELIVERED


async def test_an_event_is_not_kept_for_a_host_that_does_without(ship, yard, parcel):
    async with ship() as connection, connection.flow(keep_events=False) as flow:
        await flow.put(parcel(1), "m-1")
        assert await flow.drain()
        [settled] = await rest_of(flow)
    assert (settled.token, settled.event) == ("m-1", None)
    assert yard.stored == [1]


async def test_what_needs_no_vendor_is_settled_at_once(ship, yard, parcel):
    async with ship() as connection, connection.flow() as flow:
        await flow.put({"type": "page"}, "filtered")
        await flow.put(parcel(None), "rejected")
        await flow.put(7, "no event")
        tokens = [(await anext(flow)).token for _ in range(3)]
    assert tokens == ["filtered", "rejected", "no event"]
    assert yard.batches == []


async def test_an_event_is_settled_when_its_last_outcome_is_known_and_not_before(
    ship, yard, parcel, turns
):
    yard.closed["b"] = asyncio.Event()
    fields = {"place": "b"}
    mappings = {
        "near": {"action": "ship", "batch": {"rows": 1}},
        "far": {"action": "ship", "fields": fields, "batch": {"rows": 1}},
    }
    async with ship(mappings=mappings) as connection, connection.flow() as flow:
        await flow.put(parcel(1))
        taken = asyncio.create_task(anext(flow))
        await turns()
        assert yard.stored == [1]
        assert not taken.done()
        yard.closed["b"].set()
        assert list((await taken).receipt.outcomes) == ["near", "far"]


async def test_a_batch_closes_by_rows_whatever_the_clock_says(ship, yard, parcel, turns):
    async with ship(rows=3) as connection, connection.flow() as flow:
        for number in range(7):
            await flow.put(parcel(number))
        await turns()
        assert yard.sizes() == [3, 3]
        await flow.drain()
    assert yard.sizes() == [3, 3, 1]


async def test_a_batch_closes_before_it_has_too_many_bytes(ship, yard, parcel, turns):
    async with ship(bytes=100) as connection, connection.flow() as flow:
        for number, weight in enumerate((49, 49, 1, 98, 98)):
            await flow.put(parcel(number, weight=weight))
            await turns()
        await flow.drain()
    assert [numbers for _, numbers in yard.batches] == [[0, 1], [2], [3], [4]]


async def test_a_batch_closes_by_the_age_of_its_oldest_payload(ship, yard, clock, parcel, turns):
    async with ship(age_s=10) as connection, connection.flow() as flow:
        await flow.put(parcel(1))
        clock.advance(6)
        await flow.put(parcel(2))
        clock.advance(3)
        await turns()
        assert yard.batches == []
        clock.advance(1)
        await turns()
        assert yard.batches == [("a", [1, 2])]


async def test_age_runs_on_while_the_batch_before_is_under_way(ship, yard, clock, parcel, turns):
    yard.closed["a"] = asyncio.Event()
    async with ship(rows=2, age_s=10) as connection, connection.flow() as flow:
        for number in range(3):
            await flow.put(parcel(number))
        await turns()
        clock.advance(4)
        yard.closed["a"].set()
        await turns()
        assert yard.sizes() == [2]
        clock.advance(5)
        await turns()
        assert yard.sizes() == [2]
        clock.advance(1)
        await turns()
        assert yard.sizes() == [2, 1]

        yard.closed["a"].clear()
        for number in range(3):
            await flow.put(parcel(number))
        await turns()
        clock.advance(10)
        yard.closed["a"].set()
        await turns()
        assert yard.sizes() == [2, 1, 2, 1]


async def test_where_tests_turned_waits_off_nothing_waits_for_company(ship, yard, parcel, turns):
    connection = ship(age_s=3_600)
    connection._clock = None
    async with connection, connection.flow() as flow:
        await flow.put(parcel(1))
        await flow.put(parcel(2))
        await turns()
        assert yard.batches == [("a", [1, 2])]


async def test_an_idle_lane_costs_neither_a_task_nor_a_timer_nor_memory(ship, clock, parcel, turns):
    async with ship(rows=2) as connection, connection.flow() as flow:
        for number in range(20):
            await flow.put(parcel(number, place=f"p{number // 2}"))
        await turns()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert clock.awaited == 0
        assert len(flow._roads["ship"].lanes) == 0


async def test_put_waits_while_too_many_events_were_not_taken(ship, parcel, turns):
    async with ship(rows=1) as connection, connection.flow(most_waiting=3) as flow:
        for number in range(3):
            await flow.put(parcel(number))
        fourth = asyncio.create_task(flow.put(parcel(3), "fourth"))
        await turns()
        assert (fourth.done(), flow.waiting) == (False, 3)
        await anext(flow)
        await fourth
        assert flow.waiting == 3


async def test_a_host_may_wait_for_room_first_and_put_without_a_wait_then(ship, parcel, turns):
    async with ship() as connection, connection.flow(most_waiting=1) as flow:
        await flow.room()
        flow.put_now(parcel(1), "m-1", mappings=["ship"])
        waiting = asyncio.create_task(flow.room())
        await turns()
        assert not waiting.done()
        flow.end()
        assert (await anext(flow)).token == "m-1"
        await waiting
        with pytest.raises(NotOpenError):
            flow.put_now(parcel(2))


async def test_where_there_is_no_room_for_company_nothing_waits_for_it(ship, yard, parcel, turns):
    mappings = {"all": {"action": "ship"}, "few": {"action": "ship", "batch": {"rows": 1}}}
    async with ship(mappings=mappings) as connection, connection.flow(most_waiting=3) as flow:
        puts = [asyncio.create_task(flow.put(parcel(number))) for number in range(4)]
        await turns()
        assert sorted(yard.sizes()) == [1, 1, 1, 3]
        await anext(flow)
        await asyncio.wait(puts)


async def test_a_put_that_is_cancelled_took_nothing(ship, parcel, turns):
    async with ship(rows=1) as connection, connection.flow(most_waiting=1) as flow:
        await flow.put(parcel(0), "first")
        second = asyncio.create_task(flow.put(parcel(1), "second"))
        await turns()
        second.cancel()
        await asyncio.wait([second])
        await flow.drain()
        assert list(codes_of(await rest_of(flow))) == ["first"]


async def test_a_host_that_puts_without_a_pause_lets_the_lanes_have_a_turn(ship, yard, parcel):
    async with ship() as connection, connection.flow() as flow:
        for number in range(500):
            await flow.put(parcel(number))
        assert len(yard.batches) > 3
        await flow.drain()


async def test_an_event_may_be_put_under_some_mappings_only(ship, yard, parcel):
    mappings = {"x": {"action": "ship"}, "y": {"action": "ship", "fields": {"place": "y"}}}
    async with ship(mappings=mappings) as connection, connection.flow() as flow:
        await flow.put(parcel(1), mappings=["y"])
        await flow.put(parcel(2), mappings=[])
        with pytest.raises(ValueError, match="no mapping z"):
            await flow.put(parcel(3), mappings={"z", "x"})
        await flow.drain()
        receipts = {s.event["number"]: list(s.receipt.outcomes) for s in await rest_of(flow)}
    assert receipts == {1: ["y"], 2: []}
    assert yard.batches == [("y", [1])]


async def test_what_halts_answers_at_once_and_spares_the_others(ship, yard, parcel, turns):
    yard.answer = lambda number: HALTED if number < 5 else Outcome.delivered()
    async with ship(rows=1) as connection:
        async with connection.flow() as flow:
            for number in range(5):
                await flow.put(parcel(number), number)
            await flow.put(parcel(5, place="b"), 5)
            await turns()
            await flow.put(parcel(6), 6)
            await flow.drain()
            taken = await rest_of(flow)
        assert yard.batches == [("a", [0]), ("b", [5])]
        assert {n for n, code in codes_of(taken).items() if code == "no-access"} == {
            0,
            1,
            2,
            3,
            4,
            6,
        }
        async with connection.flow() as again:
            await again.put(parcel(7), 7)
            await again.drain()
    assert 7 in yard.stored


async def test_a_flow_that_ends_takes_nothing_more_and_hands_over_the_rest(ship, parcel):
    async with ship() as connection, connection.flow() as flow:
        await flow.put(parcel(1), 1)
        flow.end()
        with pytest.raises(NotOpenError, match="takes no events"):
            await flow.put(parcel(2), 2)
        assert list(codes_of(await rest_of(flow))) == [1]


async def test_a_put_that_waits_for_room_is_told_of_the_end(ship, parcel, turns):
    async with ship() as connection, connection.flow(most_waiting=1) as flow:
        await flow.put(parcel(1))
        second = asyncio.create_task(flow.put(parcel(2)))
        await turns()
        flow.end()
        with pytest.raises(NotOpenError):
            await second


async def test_draining_gives_up_at_its_deadline_and_iterating_ends(ship, yard, parcel, turns):
    yard.closed["hung"] = asyncio.Event()
    async with ship(rows=1) as connection, connection.flow() as flow:
        await flow.put(parcel(1), 1)
        await flow.put(parcel(2, place="hung"), 2)
        await turns()
        assert await flow.drain(0) is False
        assert codes_of(await rest_of(flow)) == {1: "delivered"}
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_leaving_drains_and_what_is_left_can_still_be_taken(ship, parcel):
    async with ship() as connection:
        async with connection.flow() as flow:
            await flow.put(parcel(1), 1)
        assert codes_of(await rest_of(flow)) == {1: "delivered"}


async def test_leaving_with_an_exception_stops_at_once(ship, yard, parcel, turns):
    yard.closed["a"] = asyncio.Event()
    async with ship(rows=1) as connection:
        flow = await connection.flow().__aenter__()
        await flow.put(parcel(1))
        await turns()
        await flow.__aexit__(ZeroDivisionError, ZeroDivisionError(), None)
        assert await rest_of(flow) == []
    assert yard.batches == [("a", [1])]


async def test_a_flow_that_stops_sends_nothing_more(ship, yard, clock, parcel, turns):
    async with ship() as connection, connection.flow() as flow:
        await flow.put(parcel(1))
        await flow.stop()
        clock.advance(10)
        await turns()
        assert await rest_of(flow) == []
    assert yard.batches == []
    assert clock.awaited == 0


async def test_something_must_be_allowed_to_wait(ship):
    async with ship() as connection:
        for facts in ({"most_waiting": 0}, {"most_per_lane": 0}):
            with pytest.raises(ValueError, match="At least one"):
                connection.flow(**facts)


async def test_a_connection_that_closes_ends_its_flows(ship, yard, parcel):
    async with ship() as connection:
        flow = await connection.flow().__aenter__()
        await flow.put(parcel(1), 1)
    assert codes_of(await rest_of(flow)) == {1: "delivered"}
    yard.closed["a"] = asyncio.Event()
    await connection.__aenter__()
    flow = await connection.flow().__aenter__()
    await flow.put(parcel(1), 1)
    await connection.__aexit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert await rest_of(flow) == []


async def test_a_flow_is_for_an_open_connection_and_entered_once(ship, parcel):
    connection = ship()
    with pytest.raises(NotOpenError):
        connection.flow()
    async with connection:
        flow = connection.flow()
        with pytest.raises(NotOpenError):
            await flow.put(parcel(1))
        async with flow:
            pass
        with pytest.raises(RuntimeError, match="entered once"):
            async with flow:
                pass


async def test_a_fault_of_ours_leaves_nobody_waiting(ship, parcel, turns, monkeypatch):
    async def broken(*_):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(BatchSender, "perform", broken)
    connection = await ship(rows=1).__aenter__()
    flow = await connection.flow(most_waiting=1).__aenter__()
    await flow.put(parcel(1))
    waits = asyncio.create_task(flow.put(parcel(2)))
    await turns()
    for used in (waits, anext(flow), flow.drain(), connection.__aexit__(None, None, None)):
        with pytest.raises(ZeroDivisionError):
            await used


async def test_several_may_put_and_several_may_take(ship, parcel):
    taken: list[wharfinger.Settled] = []
    async with ship(rows=4) as connection, connection.flow(most_waiting=10) as flow:

        async def put(start):
            for number in range(start, start + 50):
                await flow.put(parcel(number), number)

        async with asyncio.TaskGroup() as takers:
            for _ in range(3):
                takers.create_task(take_all(flow, taken))
            async with asyncio.TaskGroup() as putters:
                for start in (0, 100, 200):
                    putters.create_task(put(start))
            await flow.drain()
    assert sorted(s.token for s in taken) == [*range(50), *range(100, 150), *range(200, 250)]
