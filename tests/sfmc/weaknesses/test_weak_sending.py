"""Weak in Segment's connector to SFMC, and not in ours: sending, W1 to W13.

The numbers are those of the study of competitors; each test says in its name what ours does.
"""

from __future__ import annotations

import json

import pytest
from tests.sfmc.weaknesses.tenant import TENANT, calls, outcomes_of, statuses, track

from wharfinger_sfmc_simulator import Fault, Simulator


async def test_w1_every_row_goes_to_its_own_data_extension(simulate, connect_to):
    simulator = simulate()
    events = [track(1), track(2, table="a/b #1 & c"), track(3)]

    assert statuses(await outcomes_of(connect_to(simulator, "orders"), events, "orders")) == [
        "delivered"
    ] * len(events)
    assert [row["orderid"] for row in simulator.rows("orders")] == ["o-1", "o-3"]
    assert [row["orderid"] for row in simulator.rows("a/b #1 & c")] == ["o-2"]


async def test_w2_each_bad_row_has_its_own_verdict_and_message(simulate, connect_to):
    # Both rules are the tenant's own: no check of ours can know them.
    simulator = simulate(switches={"empty_text": "refuse"})
    events = [track(n) for n in range(50)]
    events[7] = track(7, total="")
    events[31] = track(31, email="")

    outcomes = await outcomes_of(connect_to(simulator, "orders"), events, "orders")

    assert {n for n, o in enumerate(outcomes) if o.status == "rejected"} == {7}
    assert "Total" in outcomes[7].vendor_message
    assert {row["orderid"] for row in simulator.rows("orders")} == {
        f"o-{n}" for n in range(50) if n != 7
    }


async def test_w3_a_single_refusal_keeps_the_words_of_sfmc(simulate, connect_to):
    simulator = simulate(switches={"empty_text": "refuse"})

    (outcome,) = await outcomes_of(connect_to(simulator, "orders"), [track(1, total="")], "orders")

    assert "The value for column [Total]" in outcome.vendor_message


async def test_w4_credentials_are_tried_and_not_only_looked_at(simulate, connect_to):
    tenant = json.loads(json.dumps(TENANT))
    tenant["clients"][0]["secret"] = "another-secret"

    async with connect_to(Simulator.from_mapping(tenant), "contacts") as connection:
        findings = await connection.test()

    assert [finding.level for finding in findings] == ["error"]


async def test_w5_a_contact_reply_that_reports_errors_is_no_success(simulate, connect_to):
    simulator = simulate(faults=[Fault(kind="has-errors", path="/contacts")])

    (outcome,) = await outcomes_of(connect_to(simulator, "contacts"), [track(1)], "contacts")

    assert outcome.status != "delivered"
    assert simulator.contacts == {}


async def test_w6_a_key_with_slashes_and_signs_finds_its_data_extension(simulate, connect_to):
    simulator = simulate()

    (outcome,) = await outcomes_of(
        connect_to(simulator, "orders"), [track(1, table="a/b #1 & c")], "orders"
    )

    assert outcome.status == "delivered"


async def test_w7_a_wait_that_sfmc_asks_for_is_kept_and_told(simulate, connect_to):
    simulator = simulate(
        faults=[Fault(kind="rate-limited", path="/rowset", retry_after_s=7, times=None)]
    )

    outcomes = await outcomes_of(
        connect_to(simulator, "orders", attempts=1), [track(1), track(2)], "orders"
    )

    assert [(o.status, o.retry_after_s) for o in outcomes] == [("retry", 7.0)] * 2


@pytest.mark.parametrize("kind", ["commit-then-hang", "commit-then-drop", "server-error"])
async def test_w8_a_journey_event_is_never_entered_twice(simulate, connect_to, kind):
    simulator = simulate(faults=[Fault(kind=kind, path="/v1/events")])

    (outcome,) = await outcomes_of(connect_to(simulator, "journey"), [track(1)], "journey")

    assert outcome.status == "unknown"
    assert len(simulator.entries) <= 1
    assert calls(simulator, "/interaction/v1/events") == 1


async def test_w9_a_hundred_journey_events_may_travel_in_one_call(simulate, connect_to):
    simulator = simulate()
    together = {"action": "send-api-events-in-batches", "batch": {"lanes": 1}}

    outcomes = await outcomes_of(
        connect_to(simulator, "journey", journey=together),
        [track(n) for n in range(100)],
        "journey",
    )

    assert statuses(outcomes) == ["delivered"] * 100
    assert calls(simulator, "/interaction/v1/async/events") == 1
    assert len(simulator.entries) == 100


async def test_w10_a_batch_that_times_out_is_sent_in_smaller_parts(simulate, connect_to):
    simulator = simulate(faults=[Fault(kind="hang", path="/rowset", times=2)])
    one_lane = {"batch": {"lanes": 1}}

    outcomes = await outcomes_of(
        connect_to(simulator, "orders", orders=one_lane), [track(n) for n in range(48)], "orders"
    )

    assert statuses(outcomes) == ["delivered"] * 48
    sizes = [r.request_bytes for r in simulator.requests if "/rowset" in r.path]
    assert max(sizes[2:]) < max(sizes) / 3


async def test_w11_a_column_that_is_missing_is_named_before_anything_is_sent(simulate, connect_to):
    simulator = simulate()
    fixed = {"fields": {"key": "orders", "values": {"Totl": {"@path": "$.properties.total"}}}}

    async with connect_to(simulator, "orders", orders=fixed) as connection:
        (receipt,) = await connection.deliver([track(1)])

    (error,) = (f for f in connection.findings if f.level == "error")
    assert '"Totl"' in error.message
    assert '"Total"' in f"{error.message} {error.fix}"
    assert receipt.outcomes["orders"].status == "halted"
    assert calls(simulator, "/rowset") == 0


async def test_w11_a_value_that_does_not_fit_its_column_costs_no_request(simulate, connect_to):
    simulator = simulate()
    events = [track(1, total="many"), track(2, email="nobody"), track(3, note="x" * 4001)]

    outcomes = await outcomes_of(connect_to(simulator, "orders"), events, "orders")

    assert [(o.status, o.code) for o in outcomes] == [("rejected", "payload-invalid")] * 3
    for outcome, column in zip(outcomes, ("Total", "Email", "Note"), strict=True):
        assert column in outcome.message
    assert calls(simulator, "/rowset") == 0


async def test_w12_null_is_left_out_and_objects_and_lists_become_text(simulate, connect_to):
    simulator = simulate(switches={"null_value": "opaque-error"})
    events = [track(1), track(1, total=None, note={"a": [1, None]})]

    assert statuses(await outcomes_of(connect_to(simulator, "orders"), events, "orders")) == [
        "delivered",
        "delivered",
    ]
    (row,) = simulator.rows("orders")
    assert row["total"] == "1", "null does not wipe a value"
    assert json.loads(row["note"]) == {"a": [1, None]}


@pytest.mark.parametrize("part", ["keys", "values"])
async def test_w13_empty_keys_or_values_are_rejected_by_label(simulate, connect_to, part):
    fields = {"key": "orders", part: {"@path": "$.properties.nothing"}}
    simulator = simulate()

    (outcome,) = await outcomes_of(
        connect_to(simulator, "orders", orders={"fields": fields}), [track(1, nothing={})], "orders"
    )

    assert outcome.status == "rejected"
    assert "Data Extension" in outcome.message
