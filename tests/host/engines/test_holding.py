"""Lanes are shared out fairly, and handed over without a loss."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from tests.host.engines.harbour import Harbour

from wharfinger_host.engines.contract import EngineDownError, EngineError, Fetched, LaneEvent
from wharfinger_host.engines.counts import LaneCounts
from wharfinger_host.engines.holding import Holder


def events(count, contacts=20):
    return [LaneEvent(f"e{n}", f"c{n % contacts}", b"%d" % n) for n in range(count)]


class Ship:
    """A worker, and what it delivered."""

    def __init__(self, water, delivered, lanes=4):
        self.engine = Harbour(water, lanes)
        self.delivered = delivered
        self.holder = Holder(
            engine=self.engine, connection="acme", work=self.work, most=5, wait_s=0.0
        )
        self.task = asyncio.create_task(self.holder.run())

    async def work(self, lease, batch):
        assert lease.is_good
        self.delivered += [each.event.id for each in batch]
        await asyncio.sleep(0)
        return True

    async def leave(self):
        self.holder.end()
        await self.task
        await self.engine.close()


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # what it waits for has no event of its own
            await asyncio.sleep(0)


def in_order(delivered, count, contacts=20):
    numbers = [int(each[1:]) for each in delivered]
    return sorted(numbers) == list(range(count)) and all(
        [n for n in numbers if n % contacts == contact]
        == sorted(n for n in numbers if n % contacts == contact)
        for contact in range(contacts)
    )


async def test_workers_that_join_and_leave_share_the_lanes(engine, water):
    await engine.setup(["acme"])
    delivered: list[str] = []
    first = Ship(water, delivered)
    await until(lambda: len(first.holder.held) == 4)
    second = Ship(water, delivered)
    await until(lambda: len(first.holder.held) == len(second.holder.held) == 2)
    await first.leave()
    await until(lambda: len(second.holder.held) == 4)
    await second.leave()
    assert not any(lane.holder for lane in water.lanes["acme"])


async def test_a_hand_over_under_load_loses_repeats_and_reorders_nothing(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(2_000))
    delivered: list[str] = []
    first = Ship(water, delivered)
    await until(lambda: len(delivered) > 300)
    second = Ship(water, delivered)
    await until(lambda: len(second.holder.held) == 2)
    await first.leave()
    await until(lambda: len(delivered) == 2_000)
    await second.leave()
    assert in_order(delivered, 2_000)


async def test_more_workers_than_lanes_do_no_harm(engine, water):
    await engine.setup(["acme"])
    ships = [Ship(water, []) for _ in range(6)]
    await until(lambda: sum(len(ship.holder.held) for ship in ships) == 4)
    await until(lambda: max(len(ship.holder.held) for ship in ships) == 1)
    for ship in ships:
        await ship.leave()


async def test_a_batch_that_was_not_delivered_is_not_acknowledged(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(10, contacts=1))
    (lane,) = [lane for lane in water.lanes["acme"] if lane.events]
    tries = []

    async def work(_, batch):
        tries.append([each.event.id for each in batch])
        return len(tries) > 1

    holder = Holder(engine=engine, connection="acme", work=work, most=10, wait_s=0.0)
    task = asyncio.create_task(holder.run())
    await until(lambda: lane.acked == 10)
    holder.end()
    await task
    assert tries[0] == tries[1] == [f"e{n}" for n in range(10)]


async def test_an_engine_that_is_down_is_asked_again_and_said_once(engine, water, caplog):
    await engine.setup(["acme"])
    water.down = True
    ship = Ship(water, [])
    await until(lambda: "does not answer" in caplog.text)
    for _ in range(20):
        await asyncio.sleep(0)
    water.down = False
    await until(lambda: len(ship.holder.held) == 4)
    await ship.leave()
    assert caplog.text.count("does not answer") == 1


async def test_lanes_that_are_not_there_end_the_work(engine, water):
    ship = Ship(water, [])
    with pytest.raises(EngineError, match="engine setup"):
        await ship.task


async def test_what_breaks_a_delivery_is_raised(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(4))

    async def work(*_):
        raise RuntimeError("a fault of the plugin")

    holder = Holder(engine=engine, connection="acme", work=work, wait_s=0.0)
    with pytest.raises(RuntimeError, match="a fault of the plugin"):
        await holder.run()
    assert not any(lane.holder for lane in water.lanes["acme"])


async def test_a_lane_that_its_client_cancels_is_taken_again(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(10, contacts=1))
    (lane,) = [lane for lane in water.lanes["acme"] if lane.events]
    tries = []

    async def work(*_):
        tries.append(lane)
        if len(tries) == 1:
            raise asyncio.CancelledError  # as a client does when its connection is gone
        return True

    holder = Holder(engine=engine, connection="acme", work=work, most=10, wait_s=0.0)
    task = asyncio.create_task(holder.run())
    await until(lambda: lane.acked == 10 or task.done())
    holder.end()
    await task
    assert len(tries) == 2


async def test_an_engine_that_answers_again_is_said_once(engine, water, caplog):
    await engine.setup(["acme"])
    water.down = True
    ship = Ship(water, [])
    await until(lambda: "does not answer" in caplog.text)
    assert "answers again" not in caplog.text
    water.down = False
    await until(lambda: "answers again" in caplog.text)
    for _ in range(50):
        await asyncio.sleep(0)
    await ship.leave()
    assert caplog.text.count("answers again") == 1


async def once(engine, work, counts=None):
    holder = Holder(
        engine=engine,
        connection="acme",
        work=work,
        most=5,
        wait_s=0.0,
        once=True,
        counts=counts or LaneCounts(),
    )
    async with asyncio.timeout(30):
        await holder.run()


async def test_once_delivers_all_there_is_and_ends(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(100))
    delivered: list[str] = []

    async def work(_, batch):
        delivered.extend(each.event.id for each in batch)
        return True

    await once(engine, work)
    assert in_order(delivered, 100)
    assert all(lane.acked == len(lane.events) for lane in water.lanes["acme"])
    await once(engine, work)
    assert len(delivered) == 100


async def test_once_leaves_the_lanes_of_others_to_them(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(40))
    theirs = await Harbour(water, 4).acquire("acme", 1)
    assert theirs is not None

    async def work(*_):
        return True

    await once(engine, work)
    left = [len(lane.events) - lane.acked for lane in water.lanes["acme"]]
    assert left == [0, len(water.lanes["acme"][1].events), 0, 0]
    assert left[1]


async def test_once_takes_a_lane_that_is_only_just_given_to_it(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(40))
    asked = []

    class Group(Harbour):
        async def acquire(self, connection, lane):
            asked.append(lane)
            return (
                None if len(asked) <= self.lanes else await Harbour.acquire(self, connection, lane)
            )

        async def status(self, connections):
            found = await Harbour.status(self, connections)
            lanes = (attrs.evolve(each, held=True) for each in found.lanes)
            return attrs.evolve(found, lanes=tuple(lanes))

    async def work(*_):
        return True

    await once(Group(water, 4), work)
    assert all(lane.acked == len(lane.events) for lane in water.lanes["acme"])


async def test_once_tries_a_lane_that_has_to_wait_no_second_time(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(20))
    tried = []

    async def work(lease, _):
        tried.append(lease.lane)
        return False

    await once(engine, work)
    assert sorted(tried) == [number for number in range(4) if water.lanes["acme"][number].events]


async def test_once_takes_a_lane_again_that_it_lost(engine, water):
    await engine.setup(["acme"])
    await engine.publish(events(10, contacts=1))
    (lane,) = [lane for lane in water.lanes["acme"] if lane.events]
    tries = []

    async def work(lease, batch):
        tries.append(batch)
        if len(tries) == 1:
            lane.holder = None  # as if others had had it
            return False
        return True

    counts = LaneCounts()
    await once(engine, work, counts)
    assert lane.acked == 10
    assert (counts.gained, counts.given_up, counts.lost, counts.held) == (5, 4, 1, 0)


async def test_once_ends_with_an_engine_that_does_not_answer(engine, water):
    await engine.setup(["acme"])
    water.down = True

    async def work(*_):
        return True

    with pytest.raises(EngineDownError):
        await once(engine, work)


def test_a_lane_is_as_old_as_the_first_event_that_it_is_at():
    counts = LaneCounts(clock=lambda: 100.0)
    event = LaneEvent("e", "c", b"{}")
    for lane in range(3):
        counts.take(lane)
    counts.begin(0, [Fetched(event, 1, at_ms=40_000), Fetched(event, 2, at_ms=90_000)])
    counts.begin(1, [Fetched(event, 1)])
    assert counts.ages_s == {0: 60.0, 2: 0.0}
    counts.end(0)
    assert counts.ages_s == {0: 0.0, 2: 0.0}
    counts.let_go(0, lost=False)
    assert (counts.held, counts.ages_s) == (2, {2: 0.0})
