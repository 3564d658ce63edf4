"""The suite passes for the inbox, and finds what an engine does wrong."""

from __future__ import annotations

import json

import orjson
import pytest

from wharfinger_host.engines.conformance import NEEDS_NODES, SCENARIOS, Trial, run_scenario
from wharfinger_host.engines.conformance.__main__ import main
from wharfinger_host.engines.conformance.report import Row, faults, show
from wharfinger_host.engines.conformance.vendor import Counts, Vendor, events_of
from wharfinger_host.terminal import results

EVENTS = 1_500


@pytest.mark.timeout(240)  # real processes on a busy machine
@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - NEEDS_NODES))
async def test_the_inbox_keeps_the_contract(tmp_path, name):
    trial = Trial(
        url=f"sqlite://{tmp_path}/{{run}}.db?lease_s=2",
        count=EVENTS,
        poison_every=50 if name == "poison" else 0,
    )
    counts = await run_scenario(trial, SCENARIOS[name])
    assert faults(counts, trial.duplicates_allowed) == []
    assert counts.events == EVENTS
    assert counts.dead == (EVENTS // 50 if name == "poison" else 0)


async def test_a_scenario_for_nodes_needs_nodes(tmp_path):
    trial = Trial(url=f"sqlite://{tmp_path}/inbox.db", count=10)
    with pytest.raises(ValueError, match="needs nodes"):
        await run_scenario(trial, SCENARIOS["node-kill"])


def counted(numbers, *, refused_letters=(), published=4, poison=0):
    """Let a contact's events arrive in a certain order, and count."""
    events = events_of(published, 1, poison)
    vendor = Vendor()
    contents = [orjson.loads(event.raw) for event in events]
    vendor._take("worker", 0, [contents[number] for number in numbers])
    return vendor.counts(events, refused_letters)


def test_events_that_arrive_in_order_and_once_are_no_fault():
    assert faults(counted([0, 1, 2, 3]), 0) == []


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([0, 1, 2], ["1 events lost", "1 contacts ended with something old"]),
        ([0, 2, 1, 3], ["1 order gaps"]),
        ([0, 1, 2, 3, 2], ["1 contacts ended with something old", "1 duplicates where 0 may be"]),
        ([0, 1, 1, 2, 3], ["1 duplicates where 0 may be"]),
        ([3, 0, 1, 2, 3], ["1 order gaps", "1 duplicates where 0 may be"]),
    ],
)
def test_what_an_engine_does_wrong_is_counted(numbers, said):
    assert faults(counted(numbers), 0) == said


def test_a_batch_that_comes_once_more_in_order_is_allowed_after_a_crash():
    assert faults(counted([0, 1, 0, 1, 2, 3]), 2) == []


def test_what_is_refused_must_be_a_dead_letter():
    refused = counted([0, 1, 2, 3], poison=2)
    assert faults(refused, 0) == ["2 dead letters lost"]
    kept = counted([0, 1, 2, 3], poison=2, refused_letters=["e1", "e3", "e3"])
    assert (kept.dead, kept.dead_again, faults(kept, 0)) == (2, 1, [])


def test_lanes_that_change_hands_are_counted():
    vendor = Vendor()
    event = orjson.loads(events_of(1, 1)[0].raw)
    for worker in ("one", "one", "two", "one"):
        vendor._take(worker, 0, [event])
    assert vendor.counts(events_of(1, 1), []).moves == 2


def test_trials_are_shown_as_a_table(capsys):
    counts = Counts(
        events=9,
        lost=1,
        gaps=0,
        stale=0,
        duplicates=2,
        dead=0,
        dead_lost=0,
        dead_again=0,
        moves=4,
        stall_s=0.5,
        took_s=2.0,
    )
    show(results(), "harbour://quay", [Row("worker-kill", 1, counts, 100)])
    shown = capsys.readouterr().out
    assert "worker-kill" in shown
    assert "1 events lost" in shown


@pytest.mark.timeout(240)  # real processes on a busy machine
def test_the_suite_by_hand_gives_json(tmp_path, capsysbinary):
    url = f"sqlite://{tmp_path}/{{run}}.db?lease_s=2"
    assert main([url, "--scenario", "poison", "--events", "300", "--json"]) == 0
    said = json.loads(capsysbinary.readouterr().out)
    assert said["ok"]
    (trial,) = said["trials"]
    assert (trial["scenario"], trial["lost"], trial["dead"]) == ("poison", 0, 6)
