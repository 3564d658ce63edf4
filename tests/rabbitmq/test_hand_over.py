"""A worker dies while it gives a lane away: the lane keeps its order."""

from __future__ import annotations

import pytest
from tests import leasing
from tests.leasing import fetched
from tests.rabbitmq.conftest import LANES

from wharfinger_host.engines.contract import LaneEvent
from wharfinger_rabbitmq import open_engine

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("rabbitmq")]

EVENTS = [LaneEvent(f"e{n}", "u-1", b'{"n":%d}' % n) for n in range(1_500)]
LANE = EVENTS[0].lane(LANES)


async def test_what_a_worker_had_that_died_while_giving_its_lane_away_comes_first(engine, url):
    await engine.publish(EVENTS)
    first = 0
    for _ in range(12):
        made = open_engine(url, LANES)
        lease = await leasing.lane_of(made, LANE)
        batch = await fetched(lease, 100)
        assert [each.event for each in batch] == EVENTS[first : first + 100]
        # The server sends others for these, while it is told to send no more.
        await lease.ack(batch)
        await lease.stop()
        await made.close()
        first += 100
