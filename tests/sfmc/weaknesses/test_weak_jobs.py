"""Weak in Segment's connector to SFMC, and not in ours: jobs, W14 to W17.

The numbers are those of the study of competitors; each test says in its name what ours does.
"""

from __future__ import annotations

import pytest
from tests.sfmc.weaknesses.tenant import calls, outcomes_of, statuses, track

from wharfinger_sfmc_simulator import Fault, StandingClock


async def _asynchronously(simulate, connect_to, events, **options):
    clock = StandingClock(step_s=1)
    simulator = simulate(clock=clock, **options)
    change = {"fields": {"api": "async"}, "batch": {"lanes": 1}}
    outcomes = await outcomes_of(connect_to(simulator, "orders", orders=change), events, "orders")
    return simulator, outcomes


async def test_w14_every_page_of_results_is_read_and_says_which_column(simulate, connect_to):
    events = [track(n) for n in range(120)]
    events[3] = track(3, total="")
    events[110] = track(110, total="")

    simulator, outcomes = await _asynchronously(
        simulate, connect_to, events, switches={"empty_text": "refuse"}
    )

    assert {n for n, o in enumerate(outcomes) if o.status == "rejected"} == {3, 110}
    assert statuses(outcomes).count("delivered") == 118
    assert "total" in outcomes[110].vendor_message.lower()
    assert calls(simulator, "/results", "GET") == 3


async def test_w14_rows_without_a_result_are_not_taken_for_delivered(simulate, connect_to):
    _, outcomes = await _asynchronously(
        simulate,
        connect_to,
        [track(1, total=""), track(2), track(3)],
        switches={"empty_text": "refuse", "async_lost_results": 1},
    )

    assert "delivered" not in statuses(outcomes)


@pytest.mark.parametrize(
    "kind", ["unauthorized", "bad-gateway", "unavailable", "gateway-timeout", "rate-limited"]
)
async def test_w15_a_poll_that_fails_does_not_fail_the_job(simulate, connect_to, kind):
    simulator, outcomes = await _asynchronously(
        simulate,
        connect_to,
        [track(1)],
        faults=[Fault(kind=kind, path="/status", times=2, every=2)],
    )

    assert statuses(outcomes) == ["delivered"]
    assert calls(simulator, "/rows", "PUT") == 1


async def test_w16_a_submit_with_a_dead_token_signs_in_again(simulate, connect_to):
    simulator, outcomes = await _asynchronously(
        simulate, connect_to, [track(1)], faults=[Fault(kind="unauthorized", path="/rows")]
    )

    assert statuses(outcomes) == ["delivered"]
    assert simulator.token_requests == 2


async def test_w17_a_job_that_is_not_found_yet_is_waited_for(simulate, connect_to):
    _, outcomes = await _asynchronously(
        simulate, connect_to, [track(1)], switches={"async_missing_s": 20}
    )

    assert statuses(outcomes) == ["delivered"]


async def test_w17_only_the_rows_of_a_deadlock_are_sent_again(simulate, connect_to):
    simulator, outcomes = await _asynchronously(
        simulate, connect_to, [track(n) for n in range(10)], switches={"async_deadlock_every": 4}
    )

    assert statuses(outcomes) == ["delivered"] * 10
    assert len(simulator.rows("orders")) == 10


async def test_w17_a_refused_submit_is_refused_though_it_names_a_job(simulate, connect_to):
    _, outcomes = await _asynchronously(simulate, connect_to, [track(1, table="gone")])

    assert statuses(outcomes) == ["halted"]
    assert '"gone"' in outcomes[0].message
