"""Lanes are shared out fairly, and handed over without a loss."""

from __future__ import annotations

import asyncio

import pytest
from tests.host.engines.harbour import Harbour

from wharfinger_host.engines.contract import EngineError, LaneEvent
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


async def test_each_worker_tells_which_part_of_all_lanes_it_has_and_all_parts_make_one(
    engine, water
):
    await engine.setup(["acme"])
    told: dict[str, list[float]] = {"first": [], "second": []}
    ships = {name: Ship(water, []) for name in told}
    for name, ship in ships.items():
        ship.holder.shares = told[name].append
    await until(lambda: [len(ship.holder.held) for ship in ships.values()] == [2, 2])
    assert [shares[-1] for shares in told.values()] == [0.5, 0.5]
    await ships["second"].leave()
    await until(lambda: len(ships["first"].holder.held) == 4)
    assert told["first"][-1] == 1.0
    await ships["first"].leave()


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
