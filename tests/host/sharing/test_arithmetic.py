"""The budget that workers share, with times out of a hat."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.sharing.arithmetic import DAY_S, Row, aligned, paused, reserve
from wharfinger_host.sharing.contract import Ask

MORNING = 20_000 * DAY_S + 30_000.0
ASKS = st.builds(
    Ask,
    spacing_s=st.sampled_from([0.0, 0.02, 1.0, 7.0]),
    per_day=st.none() | st.integers(1, 12),
    longest_wait_s=st.sampled_from([0.0, 5.0, 60.0]),
)
GAPS = st.lists(st.floats(0, 40_000) | st.floats(0, 3), max_size=60)


def _leaving(ask, gaps, start=MORNING):
    """Return when calls leave that workers want one after the other."""
    row, now, times = Row(), start, []
    for gap in gaps:
        now += gap
        row, place = reserve(row, ask, now)
        if place.taken:
            times.append(now + place.wait_s)
    return times


@given(ASKS, GAPS)
def test_calls_leave_in_the_order_of_their_places_and_spread(ask, gaps):
    for earlier, later in pairwise(_leaving(ask, gaps)):
        assert later - earlier >= ask.spacing_s - 1e-4


@given(ASKS, GAPS)
def test_no_day_holds_more_calls_than_the_budget(ask, gaps):
    days = Counter(math.floor(moment / DAY_S) for moment in _leaving(ask, gaps))
    assert ask.per_day is None or max(days.values(), default=0) <= ask.per_day


@given(ASKS, GAPS)
def test_nobody_waits_longer_than_asked_for_and_a_refusal_counts_nothing(ask, gaps):
    row, now = Row(), MORNING
    for gap in gaps:
        now += gap
        before, (row, place) = row, reserve(row, ask, now)
        assert place.taken is (place.wait_s <= ask.longest_wait_s)
        if not place.taken:
            assert row == aligned(before, now)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1_000)), min_size=1))
def test_the_longest_pause_wins_and_no_place_is_taken_in_it(pauses):
    row, now, until = Row(), MORNING, 0.0
    for gap, seconds in pauses:
        now += gap
        row, until = paused(row, seconds, now), max(until, now + seconds)
    left_s = until - now
    _, place = reserve(row, Ask(), now)
    if left_s > 0:
        assert not place.taken
        assert abs(place.paused_s - left_s) < 1e-3
    assert reserve(row, Ask(), until + 0.001)[1].taken


@given(ASKS, GAPS, st.floats(0, 1_000 * DAY_S))
def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_longer(ask, gaps, back_s):
    row, now = Row(), MORNING + 2_000 * DAY_S
    for gap in gaps:
        now += gap
        row, _ = reserve(row, ask, now)
    undisturbed, disturbed = row.next_at - now, aligned(row, now - back_s)
    assert disturbed.next_at - (now - back_s) <= max(undisturbed, 0) + 1e-3
    assert disturbed.day <= math.floor((now - back_s) / DAY_S) + 1


def test_a_day_that_is_used_up_says_when_the_next_one_begins():
    ask, now = Ask(per_day=1), MORNING
    row, first = reserve(Row(), ask, now)
    _, second = reserve(row, ask, now)
    assert (first.taken, first.left_today) == (True, 0)
    assert (second.taken, second.left_today) == (False, 0)
    assert second.wait_s == DAY_S - MORNING % DAY_S


def test_a_day_that_is_nearly_over_is_waited_out():
    ask, now = Ask(per_day=1), 5 * DAY_S - 30.0
    row, _ = reserve(Row(), ask, now)
    row, second = reserve(row, ask, now)
    assert (second.taken, second.wait_s) == (True, 30.0)
    _, third = reserve(row, ask, 5 * DAY_S + 1.0)
    assert not third.taken
