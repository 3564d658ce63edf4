"""Laws that hold for every class, value and field."""

from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from wharfinger.errors import PayloadError
from wharfinger.mapping import compile_mapping, parse
from wharfinger.model.fields import Condition, Field, Kind
from wharfinger.payload import json_schema, structure

NAMES = ["a", "b", "c", "d"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 20)
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | st.sampled_from(["", " ", "true", "1", "1e2", "x@y.cz", "2030-01-31T09:30:00Z", "1700000000"])
    | st.datetimes().map(lambda moment: moment.replace(tzinfo=UTC))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)
RAW = st.dictionaries(st.sampled_from([*NAMES * 3, "zz"]), VALUES, max_size=3)

CONDITIONS = st.builds(
    Condition,
    st.sampled_from(NAMES[:2]),
    st.sampled_from(["absent", "present", "is", "is-not"]),
    st.sampled_from([None, "a", 1, True]),
)


@st.composite
def facts(draw, *, nested=True):
    kind = Kind(draw(st.sampled_from(list(Kind) if nested else list(Kind)[:-1])))
    multiple = draw(st.integers(0, 4)) == 0
    fact = {"kind": kind, "multiple": multiple}
    if (kind not in (Kind.BOOLEAN, Kind.DATETIME) or multiple) and draw(st.booleans()):
        fact["minimum"] = draw(st.none() | st.integers(0, 2))
        fact["maximum"] = draw(st.none() | st.integers(2, 5))
    if kind in (Kind.STRING, Kind.TEXT) and draw(st.booleans()):
        fact |= draw(
            st.sampled_from(
                [
                    {"pattern": "[a-z ]*"},
                    {"choices": ("a", "true", "1")},
                    {"format": "email"},
                    {"format": "date-time"},
                ]
            )
        )
    fact["required"] = draw(st.just(False) | st.sampled_from([False, True]) | CONDITIONS)
    fact["allow_null"] = draw(st.integers(0, 4)) == 0
    if nested and kind is Kind.OBJECT and draw(st.booleans()):
        names = ["a", "b", *draw(st.lists(st.sampled_from(NAMES[2:]), unique=True))]
        fact["properties"] = {
            name: Field(label=name, **draw(facts(nested=False))) for name in names
        }
        fact["additional_properties"] = draw(st.booleans())
    return fact


CLASSES = st.fixed_dictionaries({name: facts() for name in NAMES})
EACH = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def unusual(value, levels=2):
    """Give an equal value of other types, which the generated function does not take at sight.

    Deeper containers stay: a free object keeps what lies in it as it is.
    """
    if isinstance(value, str):
        return type("Text", (str,), {})(value)
    if isinstance(value, dict):
        items = {key: unusual(item, max(levels - 1, 0)) for key, item in value.items()}
        return OrderedDict(items) if levels else items
    if isinstance(value, list):
        return (tuple if levels else list)(unusual(item, 0) for item in value)
    return value


def outcome_of(cls, raw):
    try:
        return structure(cls, raw)
    except PayloadError as error:
        return error.problems


@given(CLASSES, RAW)
@EACH
def test_whatever_comes_in_an_instance_or_a_problem_comes_out(make_class, plain, fields, raw):
    cls = make_class(**fields)
    before = repr(raw)
    made = outcome_of(cls, raw)
    assert repr(raw) == before
    assert repr(outcome_of(cls, unusual(raw))) == repr(made)
    event("problems" if isinstance(made, tuple) else "an instance")
    if isinstance(made, tuple):
        assert made
        return
    written = plain(made)
    assert structure(cls, written) == made
    jsonschema.Draft202012Validator(json_schema(cls)).validate(_json(written))


def _json(value):
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


@given(CLASSES)
@settings(EACH, max_examples=50)
def test_the_schema_of_any_class_is_a_schema(make_class, fields):
    jsonschema.Draft202012Validator.check_schema(json_schema(make_class(**fields)))


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
@settings(deadline=None)
def test_a_number_reads_the_same_in_a_string_field_and_in_a_template(number):
    template = compile_mapping(parse({"f": {"@template": "{{n}}"}})).function
    assert _string_field({"f": number}) == template({"n": number})["f"]


def _string_field(raw):
    from wharfinger.payload.coerce import COERCIONS  # noqa: PLC0415  # for this law only

    return COERCIONS[Kind.STRING](raw["f"])


@pytest.mark.parametrize("depth", [10, 100_000])
def test_depth_of_a_free_object_costs_nothing(make_class, depth):
    value: Any = "bottom"
    for _ in range(depth):
        value = {"x": value}
    made = structure(make_class(o={"kind": "object"}), {"o": value})
    assert made.o["x"] is value["x"]
