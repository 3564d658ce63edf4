"""The commands over mock brokers, with the simulator as the vendor."""

from __future__ import annotations

import json

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


def test_workers_that_are_killed_lose_nothing_and_enter_nobody_twice(shop):
    assert shop.setup()["ok"]
    shop.publish(shop.planted)
    shop.options = ["--one-machine"]
    shop.hire()
    shop.hire()
    shop.until_delivered(20)
    shop.kill()
    shop.hire()
    shop.until_delivered(50)
    shop.kill()
    shop.hire()
    assert shop.broken(shop.finish()) == []


def test_another_ledger_sends_nothing_again_that_may_have_been_sent(shop):
    shop.setup()
    shop.publish(shop.planted)
    shop.hire()
    shop.until_delivered(80)
    shop.kill()
    shop.forget()
    shop.hire()
    assert shop.finish() == 0
    entered = shop.entered()
    assert entered
    assert len(entered) == len(set(entered))
    codes = {line["code"] for line in shop.host.lines("letters") if line["status"] == "unknown"}
    assert codes == {"interrupted"}


def test_once_waits_for_its_lanes_and_ends_when_they_are_empty(shop):
    shop.setup()
    shop.publish(shop.planted)
    code, said = shop.host.run("run", "--once", "--one-machine", "--json")
    assert code in (0, 1)  # some of what was planted is refused
    assert json.loads(said)["in_engine"] == 0
    assert shop.broken(shop.waiting()) == []


def test_what_waits_in_an_inbox_cannot_be_moved_where_all_share_a_topic(shop):
    shop.setup()
    code, _ = shop.host.run("engine migrate")
    assert code == 3
    assert "run --once" in shop.host.errors.read_text("utf-8")
