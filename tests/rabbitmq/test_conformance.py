"""The suite for engines, against one node and against three."""

from __future__ import annotations

import pytest
from tests.rabbitmq.conformance import ClusterNodes, url_of

from wharfinger_host.engines.conformance import SCENARIOS, Trial, run_scenario
from wharfinger_host.engines.conformance.report import faults

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.xdist_group("rabbitmq"),
    pytest.mark.timeout(240),  # nodes start, end and start again
]

EVENTS = 1_600


@pytest.mark.parametrize("name", ["worker-kill", "worker-hang", "poison", "hand-over"])
async def test_one_node_keeps_the_contract(node, name):
    # Where nobody dies nothing may arrive twice, however busy the machine is.
    url = url_of(node) if name.startswith("worker") else url_of(node, heartbeat_s=10)
    trial = Trial(url=url, count=EVENTS, poison_every=40 if name == "poison" else 0)
    counts = await run_scenario(trial, SCENARIOS[name])
    assert faults(counts, trial.duplicates_allowed) == []
    assert counts.dead == (EVENTS // 40 if name == "poison" else 0)


async def test_a_worker_that_dies_while_it_gives_lanes_away_reorders_nothing(node):
    trial = Trial(url=url_of(node), count=4 * EVENTS)
    counts = await run_scenario(trial, SCENARIOS["hand-over-kill"])
    assert faults(counts, trial.duplicates_allowed) == []


@pytest.mark.parametrize("name", ["node-kill", "publish-during-failure"])
async def test_three_nodes_keep_it_when_one_of_them_dies(cluster, name):
    trial = Trial(url=url_of(cluster), count=EVENTS, nodes=ClusterNodes(cluster))
    counts = await run_scenario(trial, SCENARIOS[name])
    assert faults(counts, trial.duplicates_allowed) == []
