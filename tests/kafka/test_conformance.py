"""The suite for engines, against mock brokers."""

from __future__ import annotations

import pytest
from tests.kafka.conformance import allowed, trial_of

from wharfinger_host.engines.conformance import NEEDS_NODES, SCENARIOS, run_scenario
from wharfinger_host.engines.conformance.report import faults

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.xdist_group("kafka-suite"),
    pytest.mark.timeout(240),  # real processes on a busy machine
]

EVENTS = 600


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - NEEDS_NODES))
async def test_the_lanes_of_a_topic_keep_the_contract(brokers, name):
    trial = trial_of(brokers, name, EVENTS)
    counts = await run_scenario(trial, SCENARIOS[name])
    assert faults(counts, allowed(trial, counts)) == []
    assert counts.dead == (EVENTS // 40 if name == "poison" else 0)
