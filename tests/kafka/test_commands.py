"""The commands over mock brokers, with the simulator as the vendor."""

from __future__ import annotations

import pytest
from tests.e2e.laboratory.events import plant
from tests.rabbitmq.working import LANES, shop_of

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.xdist_group("kafka"),
    pytest.mark.timeout(240),  # real processes on a busy machine
]

SEED = 3


@pytest.fixture
def shop(brokers, tmp_path, monkeypatch):
    url = brokers.url(brokers.topics_of(LANES, "shop", "north"))
    monkeypatch.setenv("WHARFINGER_ENGINE", url)
    made = shop_of(url, tmp_path, plant(SEED, 200))
    yield made
    made.host.close()
    made.simulator.close()


def test_a_worker_that_is_killed_loses_nothing_and_enters_nobody_twice(shop):
    assert shop.setup()["ok"]
    shop.publish(shop.planted)
    shop.options = ["--one-machine"]
    shop.hire()
    shop.until_delivered(20)
    shop.kill()
    shop.hire()
    assert shop.broken(shop.finish()) == []
