"""What is written can be read again, whatever the export holds."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host import toml
from wharfinger_host.locate import locate_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_a_table_is_read_as_it_was_written(table: dict[str, Any]) -> None:
    assert toml.fits(table)
    text = "\n".join([toml.header("connections", "a b"), *toml.entries(table)])
    assert tomllib.loads(text) == {"connections": {"a b": table}}
    locate_toml(text)


@given(TEXT)
def test_a_comment_stays_one_line_whatever_it_says(said: str) -> None:
    text = toml.comment(said)
    assert text.startswith("# ")
    assert tomllib.loads(f"{text}\na = 1") == {"a": 1}


@given(TEXT, TEXT)
def test_a_name_cannot_leave_its_header(first: str, second: str) -> None:
    assert tomllib.loads(toml.header(first, second)) == {first: {second: {}}}


@pytest.mark.parametrize(
    "value", [None, [1, [None]], {"a": {"b": None}}, 2**63, -(2**63) - 1, {"a": [2**64]}]
)
def test_what_toml_cannot_hold_is_known(value: Any) -> None:
    assert not toml.fits(value)


def test_deep_nesting_is_left_to_json() -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = {"a": deep}
    assert not toml.fits(deep)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"@path": "$.userId"}, '{ "@path" = "$.userId" }'),
        ('type = "track"', "'type = \"track\"'"),
        ('it\'s "both"', '"it\'s \\"both\\""'),
        ("a\nb\x7f", '"a\\nb\\u007f"'),
        ([1, True, "x"], '[1, true, "x"]'),
        (1e30, "1e30"),
        (1.5, "1.5"),
        ({}, "{}"),
    ],
)
def test_a_value_is_written_as_a_person_would(value: Any, text: str) -> None:
    assert toml.value(value) == text


def test_plain_objects_are_opened_and_long_lists_take_a_line_per_item() -> None:
    table = {"values": {"Total": {"@path": "$.t"}}, "list": ["x" * 60, "y" * 60]}
    assert list(toml.entries(table)) == [
        'values.Total = { "@path" = "$.t" }',
        f'list = [\n  "{"x" * 60}",\n  "{"y" * 60}",\n]',
    ]
