"""Events that must keep their order are never under way at the same time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.engines.contract import LaneEvent
from wharfinger_rabbitmq.publishing import rounds

CONTACTS = st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=40)


@given(CONTACTS)
def test_a_contact_is_in_a_round_once_and_keeps_its_order(contacts):
    events = [LaneEvent(str(n), contact, b"{}") for n, contact in enumerate(contacts)]
    found = list(rounds(events))
    for some in found:
        named = [event.contact for event in some if event.contact]
        assert len(named) == len(set(named))
    flat = [event for some in found for event in some]
    assert sorted(flat, key=lambda event: int(event.id)) == events
    for contact in ("a", "b", "c"):
        numbers = [int(event.id) for event in flat if event.contact == contact]
        assert numbers == sorted(numbers)


def test_those_about_nobody_need_no_order():
    events = [LaneEvent(str(n), "", b"{}") for n in range(30)]
    assert list(rounds(events)) == [events]
