from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc.api.encoding import to_json

LABELS = {"keys": "Data Extension Primary Keys", "values": "Data Extension Fields"}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def problems_of(document):
    with pytest.raises(wharfinger.PayloadError) as caught:
        to_json(document, LABELS)
    return {problem.path: problem.message for problem in caught.value.problems}


@settings(deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_whatever_json_can_carry_comes_back_as_it_was(document):
    assert json.loads(to_json(document, LABELS)) == document


def test_bodies_are_compact_and_keep_letters_as_they_are():
    assert (
        to_json({"values": {"Stadt": "Köln 🏙"}}, LABELS) == '{"values":{"Stadt":"Köln 🏙"}}'.encode()
    )


@pytest.mark.parametrize("number", [2**63, -(2**70), 10**40])
def test_whole_numbers_of_any_size_are_sent_exactly(number):
    assert json.loads(to_json({"values": {"n": number}}, LABELS)) == {"values": {"n": number}}


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"deep": [{"er": v}]}])
def test_numbers_that_are_not_finite_are_refused_by_label_and_column(odd, wrap):
    problems = problems_of({"keys": {"id": 1}, "values": {"ok": None, "Amount": wrap(odd)}})

    assert list(problems) == [("values", "Amount")]
    assert 'Data Extension Fields: "Amount"' in problems["values", "Amount"]


def test_every_value_that_json_cannot_carry_is_named():
    cycle: list[object] = []
    cycle.append(cycle)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    problems = problems_of(
        {"keys": {"k": {1, 2}}, "values": {"a": object(), "b": "\ud800", "c": cycle, "d": deep}}
    )

    assert list(problems) == [("keys", "k"), *(("values", name) for name in "abcd")]
    assert "not valid Unicode" in problems["values", "b"]
    for message in problems.values():
        message.encode()


def test_a_value_that_stands_alone_is_named_by_its_label():
    with pytest.raises(wharfinger.PayloadError, match="Contact Key cannot be sent as JSON"):
        to_json({"contactKey": "\udfff"}, {"contactKey": "Contact Key"})


def test_moments_are_sent_in_iso_form():
    moment = datetime(2026, 1, 5, 14, 32, tzinfo=UTC)

    assert (
        to_json({"values": {"At": moment}}, LABELS)
        == b'{"values":{"At":"2026-01-05T14:32:00+00:00"}}'
    )
