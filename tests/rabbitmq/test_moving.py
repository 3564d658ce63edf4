"""From the inbox to a real node, and workers that end when its lanes are empty."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
import pytest
from tests.e2e.laboratory.events import plant, write_events
from tests.leasing import fetched
from tests.rabbitmq.test_engine import LANE, events, lane_of
from tests.rabbitmq.working import shop_of

from wharfinger_host.engines.contract import EngineError, LaneEvent
from wharfinger_host.store.store import Store
from wharfinger_rabbitmq import open_engine

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.xdist_group("rabbitmq"),
    pytest.mark.timeout(240),  # real processes on a busy machine
]

SEED = 5


async def test_what_is_for_one_connection_is_in_no_other_ones_lanes(engine):
    await engine.publish_to("acme", events(5))
    status = await engine.status(["acme", "zenith"])
    waiting = {(lane.connection, lane.lane): lane.waiting for lane in status.lanes}
    assert waiting["acme", LANE] == 5
    assert sum(waiting.values()) == 5


async def test_through_which_mappings_it_goes_and_when_it_was_published_goes_with_it(engine):
    wanted = LaneEvent("e", "u-1", b"{}", ("orders", "a, b"))
    await engine.publish_to("acme", [wanted])
    (found,) = await fetched(await lane_of(engine), 1)
    assert found.event == wanted
    assert found.at_ms is not None
    assert found.at_ms > 1_700_000_000_000


async def test_lanes_that_are_not_there_are_said(engine):
    with pytest.raises(EngineError, match="engine setup"):
        await engine.publish_to("nobody", events(1))


@pytest.fixture
def shop(url, tmp_path, monkeypatch):
    monkeypatch.setenv("WHARFINGER_ENGINE", url)
    made = shop_of(url, tmp_path, plant(SEED, 400))
    yield made
    made.host.close()
    made.simulator.close()


def end_leases(shop):
    """Let the leases of whoever was killed end, as they do after a while."""
    with Store(shop.host.config.parent / "inbox.db") as store:
        store.write(lambda db: db.execute("UPDATE lanes SET deadline_s = 0")).result()
        store.write(lambda db: db.execute("DELETE FROM workers")).result()


def test_an_inbox_whose_worker_was_killed_moves_and_loses_and_repeats_nothing(
    shop, url, monkeypatch, tmp_path
):
    monkeypatch.delenv("WHARFINGER_ENGINE")
    code, _ = shop.host.run("accept", write_events(tmp_path / "all.jsonl", shop.planted))
    assert code in (0, 1)
    shop.hire()
    shop.until_delivered(30)
    shop.kill()
    monkeypatch.setenv("WHARFINGER_ENGINE", url)
    shop.setup()
    end_leases(shop)
    moving = shop.host.start("engine migrate")
    while moving.poll() is None and not shop.waiting():
        pass
    shop.host.kill(moving, "engine migrate")
    end_leases(shop)
    code, said = shop.host.run("engine migrate", "--json")
    assert (code, json.loads(said)["ok"]) == (0, True)
    shop.options = ["--one-machine"]
    shop.hire()
    shop.hire()
    assert shop.broken(shop.finish()) == []


def test_once_ends_with_empty_lanes(shop):
    shop.setup()
    shop.publish(shop.planted)
    code, said = shop.host.run("run", "--once", "--one-machine", "--json")
    summary = json.loads(said)
    assert code in (0, 1)  # some of what was planted is refused
    assert (summary["in_engine"], summary["failed"]) == (0, [])
    assert shop.broken(shop.waiting()) == []


def test_two_that_work_once_leave_nothing_behind(shop):
    shop.setup()
    shop.publish(shop.planted)
    shop.options = ["--once", "--one-machine"]
    for worker in (shop.hire(), shop.hire()):
        worker.communicate(timeout=180)
    shop.host.run("run", "--once", "--one-machine")
    assert shop.broken(shop.waiting()) == []


def test_a_file_whose_acceptance_was_killed_may_be_given_again(shop, tmp_path):
    shop.setup()
    file = write_events(tmp_path / "all.jsonl", shop.planted)
    accepting = shop.host.start("accept", file, "--chunk", "5")
    while accepting.poll() is None and not shop.waiting():
        pass
    shop.host.kill(accepting, "accept")
    assert shop.host.run("accept", file)[0] in (0, 1)
    shop.options = ["--one-machine"]
    shop.hire()
    assert shop.broken(shop.finish()) == []


def test_a_worker_shows_its_lanes_and_those_of_all(shop):
    shop.setup()
    shop.options = ["--metrics-port", "0"]
    shop.hire()
    shop.publish(shop.planted)
    shop.until_delivered(20)
    address = re.search(r"http://\S+/metrics", shop.host.errors.read_text("utf-8"))
    assert address is not None
    found, held = "", r'^wharfinger_engine_lane_manned.*"\} 1.0$'
    while len(re.findall(held, found, re.MULTILINE)) < 16:  # until it has them all
        found = httpx.get(address[0], timeout=30).text
    assert "wharfinger_engine_up 1.0" in found
    assert 'wharfinger_engine_workers{connection="shop"} 1.0' in found
    assert re.search(r'lane_moves_total\{connection="north",move="gained"\} [1-9]', found)
    assert shop.finish() == 0


async def test_accept_waits_for_the_confirmation(shop, url, tmp_path):
    shop.setup()
    file = write_events(tmp_path / "all.jsonl", shop.planted)
    code, said = await asyncio.to_thread(shop.host.run, "accept", file, "--json")
    assert code in (0, 1)
    engine = open_engine(url, 8)
    try:
        status = await engine.status(["shop"])
    finally:
        await engine.close()
    assert sum(lane.waiting or 0 for lane in status.lanes) == json.loads(said)["accepted"]
