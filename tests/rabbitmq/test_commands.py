"""The commands over a real node, with the simulator as the vendor."""

from __future__ import annotations

import base64
import json
import re

import httpx
import pytest
from tests.e2e.laboratory.events import plant
from tests.rabbitmq.working import shop_of

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.xdist_group("rabbitmq"),
    pytest.mark.timeout(240),  # real processes on a busy machine
]

SEED = 3
SOURCE = '\n[sources.web]\nwrite_key = "a-write-key-for-the-tests"\n'


@pytest.fixture
def shop(url, tmp_path, monkeypatch):
    monkeypatch.setenv("WHARFINGER_ENGINE", url)
    made = shop_of(url, tmp_path, plant(SEED, 400))
    yield made
    made.host.close()
    made.simulator.close()


def test_workers_that_are_killed_lose_nothing_and_enter_nobody_twice(shop):
    assert shop.setup()["ok"]
    shop.options = ["--one-machine"]
    shop.publish(shop.planted)
    shop.hire()
    shop.hire()
    shop.until_delivered(30)
    shop.kill()
    shop.hire()
    shop.until_delivered(60)
    shop.kill()
    shop.hire()
    assert shop.broken(shop.finish()) == []


def test_another_ledger_sends_nothing_again_that_may_have_been_sent(shop):
    shop.setup()
    shop.publish(shop.planted)
    shop.hire()
    shop.until_delivered(30)
    shop.kill()
    shop.forget()
    shop.hire()
    assert shop.finish() == 0
    entered = shop.entered()
    assert entered
    assert len(entered) == len(set(entered))
    codes = {line["code"] for line in shop.host.lines("letters") if line["status"] == "unknown"}
    assert codes == {"interrupted"}


def test_serve_publishes_what_it_takes_in_and_delivers_it(shop):
    config = shop.host.config
    config.write_text(config.read_text() + SOURCE)
    shop.setup()
    served = shop.host.start("serve", "--port", "0")
    shop.workers.append(served)
    address = None
    while address is None:
        assert served.poll() is None, shop.host.errors.read_text()
        address = re.search(r"http://127\.0\.0\.1:\d+", _errors(shop))
    key = base64.b64encode(b"a-write-key-for-the-tests:").decode()
    reply = httpx.post(
        f"{address[0]}/v1/batch",
        json={"batch": [each.event for each in shop.planted]},
        headers={"Authorization": f"Basic {key}"},
        timeout=60,
    )
    assert reply.status_code == 200, reply.text
    assert shop.finish() == 0
    delivered = [line for line in shop.host.lines("ledger") if line["status"] == "delivered"]
    assert delivered
    assert {line["mapping"] for line in delivered} >= {"profiles", "views", "orders", "members"}


def test_the_lanes_are_shown_without_the_password(shop, node):
    code, before = shop.host.run("engine status", "--json")
    assert (code, json.loads(before)["ok"]) == (1, False)
    code, shown = shop.host.run("engine setup")
    assert code == 0
    assert b"is ready" in shown
    code, after = shop.host.run("engine status", "--json")
    assert (code, json.loads(after)["ok"]) == (0, True)
    assert [each["name"] for each in json.loads(after)["connections"]] == ["shop", "north"]
    for said in (before, shown, after, _errors(shop).encode()):
        assert node.password.encode() not in said


def test_a_worker_without_lanes_says_what_to_do(shop):
    code, _ = shop.host.run("run")
    assert code == 3
    assert "wharfinger engine setup" in _errors(shop)


def _errors(shop):
    return shop.host.errors.read_text("utf-8") if shop.host.errors.exists() else ""
