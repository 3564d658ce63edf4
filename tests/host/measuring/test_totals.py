"""Totals only ever grow, however often they are asked for and whatever is forgotten meanwhile."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.measuring.totals import Totals
from wharfinger_host.store.minutes import MINUTE_MS, Tallied

START = 30_000_000
TARGETS = [("main", "notes", "delivered"), ("main", "rows", "rejected")]


class Minutes:
    """What the inbox would answer."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, tuple[str, str, str]]] = Counter()

    def since(self, since_ms: int) -> list[Tallied]:
        return [
            Tallied(minute, *target, count)
            for (minute, target), count in self.counts.items()
            if minute >= since_ms // MINUTE_MS
        ]


@given(
    before=st.lists(st.tuples(st.integers(0, 90), st.sampled_from(TARGETS))),
    steps=st.lists(
        st.tuples(
            st.integers(0, 300),
            st.lists(st.tuples(st.integers(0, 59), st.sampled_from(TARGETS)), max_size=5),
        ),
        max_size=12,
    ),
)
def test_totals_are_what_was_written_down_since_the_beginning(before, steps):
    minutes, now, expected = Minutes(), START, Counter[tuple[str, str, str]]()
    for ago, target in before:
        minutes.counts[now - ago, target] += 1
    totals = Totals(minutes.since((now - 60) * MINUTE_MS), now * MINUTE_MS)
    last: dict[tuple[str, str, str], int] = {}
    for passed, written in steps:
        now += passed
        for ago, target in written:  # some a while after their minute
            minutes.counts[now - ago, target] += 1
            expected[target] += 1
        found = dict(totals.take(minutes.since(totals.since_ms), now * MINUTE_MS))
        assert {target: count for target, count in found.items() if count} == expected
        assert all(found[target] >= count for target, count in last.items())
        last = found


def test_a_total_outlives_the_minutes_it_was_counted_in():
    minutes = Minutes()
    totals = Totals([], START * MINUTE_MS)
    minutes.counts[START, TARGETS[0]] = 7
    assert totals.take(minutes.since(totals.since_ms), START * MINUTE_MS) == {TARGETS[0]: 7}
    later = (START + 20_000) * MINUTE_MS
    totals.take(minutes.since(totals.since_ms), later)
    minutes.counts.clear()
    assert totals.take(minutes.since(totals.since_ms), later) == {TARGETS[0]: 7}


def test_a_clock_that_is_set_back_changes_no_total():
    minutes = Minutes()
    totals = Totals([], START * MINUTE_MS)
    minutes.counts[START, TARGETS[0]] = 7
    totals.take(minutes.since(totals.since_ms), (START + 200) * MINUTE_MS)
    found = totals.take(minutes.since(totals.since_ms), START * MINUTE_MS)
    assert found == {TARGETS[0]: 7}
