"""Lanes are the same everywhere, and what is published is told by its id."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.engines.contract import LaneEvent, LaneStatus, Status
from wharfinger_host.store.facts import Layout


@given(st.text(), st.binary(), st.integers(1, 64))
def test_an_event_has_the_lane_that_the_inbox_would_give_it(contact, raw, lanes):
    layout = Layout(partitions=lanes)
    assert LaneEvent("id", contact, raw).lane(lanes) == layout.partition_of(contact, raw)


def test_an_engine_is_ready_where_nothing_is_wrong():
    fine = LaneStatus("acme", 0, 5, held=False)
    missing = LaneStatus("acme", 1, None, held=False, problem="There is none.")
    assert Status((fine,), {}, {}).ok
    assert not Status((fine, missing), {}, {}).ok
    assert not Status((fine,), {}, {}, ("It is on fire.",)).ok
