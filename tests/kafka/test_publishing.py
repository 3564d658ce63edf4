"""Events are safe and in their order once they are published, or nobody is told so."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError
from tests.leasing import opened

from wharfinger_host.engines.contract import EngineDownError, LaneEvent
from wharfinger_kafka import open_engine
from wharfinger_kafka.messages import outgoing
from wharfinger_kafka.publishing import Publisher, TooLargeError

pytestmark = pytest.mark.xdist_group("kafka")

LANES = 1
_PRODUCE = 0


def events(first, last):
    return [LaneEvent(f"e{n}", "u-1", b'{"n":%d}' % n) for n in range(first, last)]


@pytest.fixture
def topic(brokers):
    return brokers.topics_of(LANES, "acme")


@pytest.fixture
async def engine(brokers, topic):
    async with opened(open_engine(brokers.url(topic), LANES), "acme") as made:
        yield made


@pytest.fixture
async def letters(engine):
    """Publishes what may overtake."""
    made = Publisher(engine.address, in_order=False)
    yield made
    await made.close()


async def test_what_is_not_confirmed_is_published_again_in_its_order(engine, brokers, topic):
    brokers.lead(topic, LANES, f"{topic}.acme", 2)
    await engine.publish(events(0, 10))
    patient, engine._publisher = engine._publisher, Publisher(engine.address, patience_s=1.2)
    brokers.down(2)
    try:
        with pytest.raises(EngineDownError, match="did not confirm 10 events"):
            await engine.publish(events(10, 20))
    finally:
        brokers.up(2)
    assert engine._publisher._producer is None  # what it still had comes no more
    await patient.close()
    engine._publisher.patience_s = patient.patience_s
    await engine.publish(events(10, 20))
    assert (await engine.status(["acme"])).lanes[0].waiting == 20


async def test_one_that_is_refused_for_its_size_holds_up_only_what_has_to_be_in_order(
    engine, letters, brokers, topic
):
    first, second = (outgoing(each, topic, 0) for each in events(0, 2))
    for publisher, goes_on in ((letters, True), (engine._publisher, False)):
        await publisher.publish([first])
        producer = publisher._producer
        brokers.refuse(_PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE)
        with pytest.raises(TooLargeError) as caught:
            await publisher.publish([second])
        assert list(caught.value.missing) == [0]
        assert (publisher._producer is producer) == goes_on
        await publisher.publish([second])
    assert (await engine.status(["acme"])).lanes[0].waiting == 4
