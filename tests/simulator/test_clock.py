"""Time in tests: clocks that stand still, and the simulator's own that can be moved."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_sfmc_simulator import Simulator, StandingClock
from wharfinger_sfmc_simulator.clock import MovableClock


def test_a_standing_clock_moves_when_it_is_moved():
    clock = StandingClock(start=datetime(2026, 1, 1, tzinfo=UTC))
    assert clock() == clock() == datetime(2026, 1, 1, tzinfo=UTC)
    clock.move(90)
    assert clock() == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)


async def test_a_step_passes_after_each_request(tenant, sign_in):
    clock = StandingClock(step_s=2)
    begun = clock.now
    simulator = Simulator.from_mapping(tenant, clock=clock)
    client = await sign_in(simulator)
    await client.get("/platform/v1/tokenContext")
    times = [datetime.fromisoformat(each.at) - begun for each in simulator.requests]
    assert times == [timedelta(), timedelta(seconds=2)]
    assert clock.now - begun == timedelta(seconds=4)


def test_looking_into_the_simulator_is_no_request_and_takes_no_time(tenant):
    clock = StandingClock(step_s=2)
    begun = clock.now
    simulator = Simulator.from_mapping(tenant, clock=clock)
    assert simulator.now == begun
    simulator.tables_of(510000001)
    assert clock.now == begun


def test_a_simulator_moves_ahead_of_the_clock_it_was_given(simulator, clock):
    begun = clock.now
    simulator.move_clock(30)
    simulator.move_clock(0.5)
    assert (simulator.now - begun, clock.now) == (timedelta(seconds=30.5), begun)
    clock.move(10)
    assert simulator.now - begun == timedelta(seconds=40.5)
    simulator.reset()
    assert (simulator.now - begun, simulator.ahead_s) == (timedelta(seconds=10), 0)


@given(st.lists(st.integers(0, 10**6)))
def test_moves_add_up(moves):
    clock = MovableClock(StandingClock())
    begun = clock()
    for seconds in moves:
        clock.move(seconds)
    assert clock() - begun == timedelta(seconds=sum(moves))


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 3.2e9])
def test_time_neither_goes_back_nor_runs_away(simulator, seconds):
    before = simulator.now
    with pytest.raises(ValueError, match="moves forward"):
        simulator.move_clock(seconds)
    assert simulator.now == before


def test_moves_that_run_away_together_are_refused(simulator):
    simulator.move_clock(3e9)
    with pytest.raises(ValueError, match="a hundred years in all"):
        simulator.move_clock(3e9)
