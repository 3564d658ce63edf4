"""How many payloads slow lanes may give back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wharfinger.delivery.allowance import GIVEN_BACK_A_SECOND, MOST_GIVEN_BACK, Allowance

steps = st.lists(
    st.tuples(st.sampled_from(["spend", "earn", "second"]), st.integers(0, 300)), max_size=40
)


@given(steps)
def test_it_never_exceeds_its_most_and_is_what_was_earned_less_what_was_spent(steps):
    allowance = Allowance(MOST_GIVEN_BACK)
    for what, payloads in steps:
        before = allowance.left
        if what == "spend":
            allowance.spend(payloads)
            assert allowance.left == before - payloads
        elif what == "earn":
            allowance.earn(payloads)
            assert before <= allowance.left <= MOST_GIVEN_BACK
        else:
            allowance.pass_a_second()
            assert allowance.left == min(MOST_GIVEN_BACK, before + GIVEN_BACK_A_SECOND)


def test_what_other_lanes_send_earns_several_times_as_much():
    allowance = Allowance(MOST_GIVEN_BACK)
    allowance.spend(MOST_GIVEN_BACK)
    allowance.earn(10)
    assert allowance.left > 10


def test_without_a_most_it_is_never_used_up():
    allowance = Allowance(float("inf"))
    allowance.spend(10**9)
    allowance.earn(1)
    assert allowance.left == float("inf")
