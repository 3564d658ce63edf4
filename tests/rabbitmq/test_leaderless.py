"""A lane of which no node is the leader: nobody answers for it, and the others go on."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest
from tests.leasing import fetched, lane_of
from tests.rabbitmq.conftest import LANES

from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.engines.holding import Holder

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("rabbitmq")]

EVENTS = [LaneEvent(f"e{n}", f"u-{n}", b'{"n":%d}' % n) for n in range(200)]
GONE, GOOD = 0, 1


@pytest.fixture
def without_leader(node, engine):
    """Take a lane's leader away for a while."""
    name = engine.topology.lane("acme", GONE).name

    @contextmanager
    def without_leader():
        server = f"{{'%2F_{name}', node()}}"
        node.evaluate(f"ra:stop_server(quorum_queues, {server}).")
        try:
            yield
        finally:
            node.evaluate(f"ra:restart_server(quorum_queues, {server}).")

    return without_leader


async def test_it_is_not_taken_and_takes_no_other_lane_away(engine, without_leader):
    await engine.publish(EVENTS)
    good = await lane_of(engine, GOOD)
    with without_leader():
        assert await engine.acquire("acme", GONE) is None
        assert await fetched(good, 10)
        assert good.is_good
    assert await fetched(await lane_of(engine, GONE), 10)


async def test_the_status_says_so_and_not_that_it_is_empty(engine, without_leader):
    await engine.publish(EVENTS)
    with without_leader():
        lanes = (await engine.status(["acme"])).lanes
    assert [lane.lane for lane in lanes if "has no leader" in lane.problem] == [GONE]
    assert [lane.lane for lane in lanes if lane.waiting is None] == [GONE]
    assert all(lane.waiting for lane in lanes if lane.lane != GONE)


async def test_who_works_once_does_not_take_it_for_empty(engine, without_leader, monkeypatch):
    await engine.publish(EVENTS)
    looks, status = 0, engine.status
    delivered: list[str] = []

    async def work(lease, batch):
        delivered.extend(each.event.id for each in batch)
        return True

    async def counted(connections):
        nonlocal looks
        looks += 1
        return await status(connections)

    monkeypatch.setattr(type(engine), "status", lambda _, names: counted(names))
    holder = Holder(engine=engine, connection="acme", work=work, once=True)
    elsewhere = sum(event.lane(LANES) != GONE for event in EVENTS)
    async with asyncio.timeout(60):
        with without_leader():
            running = asyncio.create_task(holder.run())
            while len(delivered) < elsewhere or looks < 5:  # noqa: ASYNC110  # others bring it about
                await asyncio.sleep(0.05)
            assert not running.done()
        await running
    assert sorted(delivered) == sorted(event.id for event in EVENTS)
