"""Events are safe and in their order once they are published, or nobody is told so."""

from __future__ import annotations

import pytest

from wharfinger_host.engines.contract import EngineDownError, LaneEvent
from wharfinger_kafka import open_engine
from wharfinger_kafka.publishing import Publisher

pytestmark = pytest.mark.xdist_group("kafka")

LANES = 1


def events(first, last):
    return [LaneEvent(f"e{n}", "u-1", b'{"n":%d}' % n) for n in range(first, last)]


@pytest.fixture
def topic(brokers):
    return brokers.topics_of(LANES, "acme")


async def test_what_is_not_confirmed_is_published_again_in_its_order(brokers, topic):
    engine = open_engine(brokers.url(topic), LANES)
    await engine.setup(["acme"])
    engine._publisher = Publisher(engine.address, patience_s=1.2)
    brokers.lead(topic, LANES, f"{topic}.acme", 2)
    await engine.publish(events(0, 10))
    brokers.down(2)
    try:
        with pytest.raises(EngineDownError, match="did not confirm 10 events"):
            await engine.publish(events(10, 20))
    finally:
        brokers.up(2)
    await engine.publish(events(10, 20))
    assert (await engine.status(["acme"])).lanes[0].waiting == 20
    await engine.close()
