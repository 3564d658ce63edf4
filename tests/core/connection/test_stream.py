"""Everything that a source gives, yielded as it settles."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import count

import pytest

from wharfinger import NotOpenError


async def _later(events):
    for event in events:
        await asyncio.sleep(0)
        yield event


@pytest.mark.parametrize("kind", [list, iter, _later])
async def test_what_a_source_gives_comes_back_with_its_place(ship, parcel, kind):
    events = [parcel(number) for number in range(25)]
    async with ship() as connection:
        found = [settled async for settled in connection.stream(kind(events))]
    assert sorted(settled.token for settled in found) == list(range(25))
    assert all(settled.event is events[settled.token] for settled in found)


async def test_an_endless_source_is_read_no_further_than_may_wait(ship, yard, parcel):
    read = []

    def endless():
        for number in count():
            read.append(number)
            yield parcel(number)

    async with ship(rows=5) as connection:
        taken = 0
        async with aclosing(connection.stream(endless(), most_waiting=20)) as stream:
            async for _ in stream:
                taken += 1
                # One more may be in the reader's hand, waiting for room.
                assert len(read) <= taken + 20 + 1
                if taken == 300:
                    break
    assert taken == 300


async def test_what_the_source_raises_comes_after_what_it_gave_before(ship, parcel):
    async def breaks():
        for number in range(7):
            yield parcel(number)
        raise OSError("the source broke")

    async with ship(rows=3) as connection:
        stream = connection.stream(breaks())
        assert sorted([(await anext(stream)).token for _ in range(7)]) == list(range(7))
        with pytest.raises(OSError, match="the source broke"):
            await anext(stream)


async def test_what_is_no_source_is_a_type_error(ship):
    async with ship() as connection:
        with pytest.raises(TypeError, match="iterable"):
            await anext(connection.stream(7))


async def test_a_stream_that_is_closed_early_stops_reading_and_ends_what_is_under_way(
    ship, yard, parcel
):
    source = (parcel(number) for number in count())
    async with ship(rows=4) as connection:
        async with aclosing(connection.stream(source, most_waiting=10)) as stream:
            await anext(stream)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        put = next(source)["number"]
    # What was put has been delivered; one more was read, and waited for room.
    assert yard.stored == list(range(put - 1))


async def test_a_loop_that_is_left_loses_nothing_either(ship, yard, parcel):
    async with ship(rows=4) as connection:
        async for _ in connection.stream([parcel(number) for number in range(8)]):
            break
    assert yard.stored == list(range(8))


async def test_closing_waits_no_longer_than_its_deadline(ship, yard, parcel):
    yard.closed["hung"] = asyncio.Event()
    source = [parcel(0), parcel(1, place="hung")]
    async with ship(rows=1) as connection:
        stream = connection.stream(source, drain_s=0)
        assert (await anext(stream)).token == 0
        await stream.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert ("hung", [1]) in yard.batches


async def test_a_stream_whose_task_is_cancelled_stops_at_once(ship, yard, parcel, turns):
    yard.closed["a"] = asyncio.Event()
    closed = []

    async def source():
        try:
            yield parcel(0)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async with ship(rows=1) as connection:

        async def host():
            async for _ in connection.stream(source()):
                pass

        task = asyncio.create_task(host())
        await turns()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert closed == [True]
    assert yard.batches == [("a", [0])]


async def test_a_stream_is_for_an_open_connection(ship):
    with pytest.raises(NotOpenError):
        ship().stream([])


async def test_a_stream_that_outlives_its_connection_says_so(ship, yard, parcel):
    async def source():
        yield parcel(0)
        await asyncio.Event().wait()

    async with ship(rows=1) as connection:
        stream = connection.stream(source())
        await anext(stream)
    with pytest.raises(NotOpenError, match="closed while"):
        await anext(stream)
    assert asyncio.all_tasks() == {asyncio.current_task()}
