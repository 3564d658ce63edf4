"""What is coerced, dropped, refused or taken by default is said of every field."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.errors import PayloadError
from wharfinger.model.fields import Field, field, when_absent
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload import structure
from wharfinger.payload.explain import Reading, explain


@attrs.define(kw_only=True)
class Row:
    key: str | None = field(label="Key", required=when_absent("id"))
    id: str | None = field(label="ID", required=when_absent("key"))
    size: int = field(label="Size", default=3)
    tag: str | None = field(label="Tag", default=None)
    parts: dict[str, Any] = field(
        label="Parts",
        default=None,
        properties={"n": Field(label="N", kind="number"), "t": Field(label="T", required=True)},
    )
    pin: Secret | None = field(label="PIN", default=None)


def readings(raw):
    return {each.name: each for each in explain(Row, raw)}


@pytest.mark.parametrize(
    ("raw", "name", "reading", "value"),
    [
        ({"key": "a"}, "key", Reading.GIVEN, "a"),
        ({"key": 5}, "key", Reading.COERCED, "5"),
        ({"key": "a", "size": "7"}, "size", Reading.COERCED, 7),
        ({"key": "a", "size": True}, "size", Reading.COERCED, 1),
        ({"key": "a"}, "size", Reading.DEFAULT, 3),
        ({"key": "a", "size": None}, "size", Reading.DEFAULT, 3),
        ({"key": "a", "tag": None}, "tag", Reading.DROPPED, UNSET),
        ({"key": "a"}, "tag", Reading.ABSENT, UNSET),
        ({"key": "a", "size": "x"}, "size", Reading.REFUSED, UNSET),
        ({"key": "a", "pin": "1234"}, "pin", Reading.COERCED, "***"),
    ],
)
def test_each_field_says_what_became_of_its_value(raw, name, reading, value):
    found = readings(raw)[name]
    assert (found.reading, found.value) == (reading, value)


def test_a_requirement_between_fields_is_told_where_it_is_unmet():
    found = readings({})
    assert found["key"].reading is Reading.REFUSED
    assert "Key or ID" in found["key"].problem


def test_declared_properties_are_explained_one_by_one():
    parts = readings({"key": "a", "parts": {"n": "1.5", "free": None}})["parts"]
    assert [(each.name, each.reading) for each in parts.properties] == [
        ("n", Reading.COERCED),
        ("t", Reading.REFUSED),
    ]


def test_a_key_that_is_no_field_is_refused_with_a_suggestion():
    found = readings({"key": "a", "sise": 1})["sise"]
    assert found.reading is Reading.REFUSED
    assert 'Did you mean "size"?' in found.problem


def test_a_secret_is_in_no_part_of_it():
    found = readings({"key": "a", "pin": "hunter2"})["pin"]
    assert "hunter2" not in repr(found) + str(found.as_json())


SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(["", " ", "7", "x"])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "key": SCALARS,
            "id": SCALARS,
            "size": SCALARS,
            "tag": SCALARS,
            "parts": SCALARS | st.dictionaries(st.sampled_from(["n", "t", "z"]), SCALARS),
            "other": SCALARS,
        },
    )
)
def test_it_agrees_with_what_is_done(raw):
    found = explain(Row, raw)
    try:
        made = structure(Row, raw)
    except PayloadError as error:
        said = " ".join(each.problem for each in found if each.reading is Reading.REFUSED)
        unsaid = [problem.message for problem in error.problems if problem.message not in said]
        assert not unsaid
        return
    assert not [each for each in found if each.reading is Reading.REFUSED]
    for each in found:
        value = getattr(made, each.name)
        assert value == (None if each.value is UNSET else each.value)
