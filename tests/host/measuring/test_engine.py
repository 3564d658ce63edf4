"""What Prometheus reads of an engine."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tests.host.engines.harbour import Harbour, Water

from wharfinger_host.engines.at_work import Lanes
from wharfinger_host.engines.contract import DeadLetter, Fetched, LaneEvent
from wharfinger_host.engines.counts import LaneCounts
from wharfinger_host.measuring.engine import families_of_engine, look_at

EVENT = LaneEvent("e", "c", b"{}")


class _Page:
    def __init__(self, facts):
        self.facts = facts

    def collect(self):
        return families_of_engine(self.facts)


async def read(lanes):
    registry = CollectorRegistry()
    registry.register(_Page(await look_at(lanes, ["acme"])))
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


@pytest.fixture
async def lanes():
    engine = Harbour(Water(), lanes=2)
    await engine.setup(["acme"])
    return Lanes(engine)


async def test_lanes_workers_and_dead_letters_are_those_of_all_machines(lanes):
    engine = lanes.engine
    await engine.publish([EVENT, EVENT])
    await engine.acquire("acme", 0)
    await engine.workers("acme")
    engine.water.letters.append(("acme", DeadLetter(EVENT, 0, "why")))
    found = await read(lanes)
    number = EVENT.lane(2)
    assert found["wharfinger_engine_up",] == 1
    assert found["wharfinger_engine_lane_events", "acme", str(number)] == 2
    assert found["wharfinger_engine_lane_events", "acme", str(1 - number)] == 0
    assert found["wharfinger_engine_lane_manned", "acme", "0"] == 1
    assert found["wharfinger_engine_lane_manned", "acme", "1"] == 0
    assert found["wharfinger_engine_workers", "acme"] == 1
    assert found["wharfinger_engine_dead_letters", "acme"] == 1


async def test_who_looks_asks_nothing_of_what_works(lanes):
    class Busy(Harbour):
        async def status(self, connections):
            raise AssertionError("it has a sign of life to give")

    at_work = Busy(lanes.engine.water, lanes=2)
    found = await read(Lanes(at_work, observer=lanes.engine))
    assert found["wharfinger_engine_up",] == 1


async def test_an_engine_that_does_not_answer_is_down_and_nothing_else_is_said_of_it(lanes):
    lanes.engine.water.down = True
    assert await read(lanes) == {("wharfinger_engine_up",): 0}


async def test_what_this_process_has_and_had_is_counted(lanes):
    counts = lanes.counts["acme"] = LaneCounts(clock=lambda: 100.0)
    for lane in (0, 1):
        counts.take(lane)
    counts.begin(0, [Fetched(EVENT, 1, at_ms=70_000)])
    counts.let_go(1, lost=True)
    found = await read(lanes)
    assert found["wharfinger_engine_lanes_held", "acme"] == 1
    assert found["wharfinger_engine_lane_moves_total", "acme", "gained"] == 2
    assert found["wharfinger_engine_lane_moves_total", "acme", "lost"] == 1
    assert found["wharfinger_engine_lane_moves_total", "acme", "given_up"] == 0
    assert found["wharfinger_engine_lane_oldest_age_seconds", "acme", "0"] == 30
