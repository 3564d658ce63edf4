"""Second readings, remarks and explanations of what was made to hurt end quickly, in a result."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.errors import TriggerError
from wharfinger.trigger import explain, lint_trigger, read_as_segment

pytestmark = pytest.mark.timeout(60)


def read_in_every_way(text: str, event: Any) -> None:
    segment = read_as_segment(text)
    assert segment.takes(event) in (True, False)
    assert isinstance(segment.describe(), str)
    for remark in lint_trigger(text):
        start, end = remark.span
        assert 0 <= start <= end <= len(text)
    try:
        explained = explain(text, event)
    except TriggerError:
        return
    orjson.dumps(explained.as_json())


@pytest.mark.parametrize(
    "text",
    [
        "(" * 9_999,
        "(" * 40_000 + ")" * 40_000,
        "!(" * 4_999,
        "!" * 9_999,
        "lowercase(" * 900,
        "contains(" * 9_000,
        "[" * 40_000,
        '"' * 40_000,
        "'" * 9_999,
        "\\" * 40_000,
        "a" * 40_000,
        "9" * 40_000,
        "properties.a = " + "9" * 9_000,
        "properties.a = 0." + "0" * 9_000 + "1",
        "properties" + ".a" * 4_900 + ' = "x"',
        "properties" + ".a" * 30_000 + " != null",
        "properties.a[" * 700 + "0" + "]" * 700,
        'event = "x" and ' * 600,
        'event = "x" and ' * 6_000,
        " or ".join(f'contains(properties.p{n}, "x")' for n in range(250)),
        " or ".join(f"properties.p{n} < properties.q{n}" for n in range(200)),
        " and ".join(f"!(traits.t{n} = 'x' or event == {n})" for n in range(200)),
        f'match(event, "{"*a" * 400}*")',
        f'match(event, "{"[a-z]" * 150}")',
        f'event = "{"x" * 9_900}"',
        f"properties.{'é' * 9_000} = 1",
        "properties.__class__.__mro__ != null and properties.__proto__.constructor != null",
        "length(properties.a) = 99999999 and properties.a[999999999] = 1",
        "😀" * 30_000,
        " " * 40_000,
        "= " * 5_000,
        ". " * 5_000,
        "type " * 2_000,
        'type "a" ' * 1_100,
        "( ) " * 2_500,
    ],
    ids=lambda text: f"{text[:12]}… x {len(text)}",
)
def test_a_text_without_end_is_read_in_every_way(text):
    read_in_every_way(text, {"type": "x", "event": "a" * 1_000, "properties": {"a": {"a": 1}}})


@pytest.mark.parametrize("in_lists", [True, False])
def test_an_event_without_end_is_looked_at_in_every_way(in_lists):
    value: Any = 1
    for _ in range(50_000):
        value = [value] if in_lists else {"a": value}
    event = {"type": "x", "properties": {"a": value, "b": "x" * 1_000_000, "c": 10**5_000}}

    for text in ("properties.a.a.a != null", "properties.a = properties.b", "properties.c > 5"):
        read_in_every_way(text, event)


PIECES = st.sampled_from(
    [
        *("(", ")", "[", "]", "!", "=", "!=", "<", ">=", "==", ".", ",", "\\", '"', "'", "*", "-"),
        *("and", "or", "in", "not", "null", "true", "contains(", "match(", "lowercase(", "a", "n"),
        *("type", "event", "properties", ".a", "traits.b", '"x"', "'x'", "5", "1e9", "é", "😀"),
        *(" ", " ", "\r", "\n", "\x00", "\u2028", "\ud800", "{", "}", "$", "`", "__proto__"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)
EVENTS = st.dictionaries(st.sampled_from(["type", "event", "properties", "traits", "a"]), JSON)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40), EVENTS)
def test_any_text_and_any_event_give_a_result(text, event):
    read_in_every_way(text, event)
