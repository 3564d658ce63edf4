"""How many payloads may come back unsent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wharfinger.delivery.allowance import Allowance

steps = st.lists(
    st.tuples(st.sampled_from(["spend", "earn", "second"]), st.integers(0, 300)), max_size=40
)


@given(steps, st.sampled_from([0.5, 1.0, 200.0]))
def test_it_never_exceeds_its_most_and_is_what_was_added_less_what_was_spent(steps, per_s):
    allowance = Allowance(per_s)
    assert allowance.left == per_s
    for what, payloads in steps:
        before = allowance.left
        if what == "spend":
            allowance.spend(payloads)
            assert allowance.left == before - payloads
        elif what == "earn":
            allowance.earn(payloads)
            assert before <= allowance.left <= allowance.most
        else:
            allowance.pass_a_second()
            assert allowance.left == min(allowance.most, before + per_s)


def test_what_is_delivered_earns_several_times_as_much():
    allowance = Allowance(200.0)
    allowance.spend(200)
    allowance.earn(10)
    assert allowance.left > 10


def test_without_bounds_it_is_never_used_up():
    allowance = Allowance()
    allowance.spend(10**9)
    allowance.earn(1)
    allowance.pass_a_second()
    assert allowance.left == float("inf")
