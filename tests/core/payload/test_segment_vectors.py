"""What Segment's validation gave for these payloads, and where wharfinger differs on purpose."""

from datetime import UTC, datetime

import pytest

from wharfinger.errors import PayloadError
from wharfinger.model.fields import Condition, Field
from wharfinger.payload import structure

ERROR = "error"


def number(**facts):
    return Field(label="Inner", kind="number", **facts)


def string(**facts):
    return Field(label="Inner", **facts)


STRICT = {"kind": "object", "additional_properties": False}
IF_A = {"a": {"kind": "boolean"}, "b": {"required": Condition("a", "is", True)}}

SAME = [
    ({"f": {"required": True}}, {"f": ""}, ERROR),
    ({"f": {"required": True}}, {"f": None}, ERROR),
    ({"f": {}}, {"f": 5}, {"f": "5"}),
    ({"f": {}}, {"f": ["a"]}, {"f": "a"}),
    ({"f": {}}, {"f": ["a", "b"]}, ERROR),
    ({"f": {}}, {"f": {}}, ERROR),
    ({"f": {"kind": "number"}}, {"f": " 1e3 "}, {"f": 1000}),
    ({"f": {"kind": "number"}}, {"f": "1,000"}, ERROR),
    ({"f": {"kind": "number"}}, {"f": ""}, {}),
    ({"f": {"kind": "number"}}, {"f": True}, {"f": 1}),
    ({"f": {"kind": "number", "maximum": 10}}, {"f": 11}, ERROR),
    ({"f": {"kind": "integer"}}, {"f": "1.0"}, {"f": 1}),
    ({"f": {"kind": "integer"}}, {"f": 1.5}, ERROR),
    ({"f": {"kind": "boolean"}}, {"f": "true"}, {"f": True}),
    ({"f": {"kind": "boolean"}}, {"f": "TRUE"}, ERROR),
    ({"f": {"kind": "boolean"}}, {"f": 1}, {"f": True}),
    ({"f": {"kind": "boolean"}}, {"f": "1"}, ERROR),
    ({"f": {"kind": "object"}}, {"f": '{"a":1}'}, ERROR),
    ({"f": {"kind": "object"}}, {"f": {"a": None, "b": ""}}, {"f": {"a": None, "b": ""}}),
    ({"f": {**STRICT, "properties": {"a": number()}}}, {"f": {"a": "5"}}, {"f": {"a": 5}}),
    (
        {"f": {"kind": "object", "properties": {"a": number(required=True)}}},
        {"f": {"z": 1}},
        ERROR,
    ),
    ({"f": {"multiple": True}}, {"f": "a"}, {"f": ["a"]}),
    ({"f": {"multiple": True, "kind": "number"}}, {"f": ["1", "", None]}, {"f": [1]}),
    ({"f": {"kind": "datetime"}}, {"f": "nope"}, ERROR),
    ({"f": {"choices": ("a", "1")}}, {"f": 1}, {"f": "1"}),
    ({"f": {"choices": ("a",)}}, {"f": "b"}, ERROR),
    ({"f": {"kind": "number", "allow_null": True}}, {"f": ""}, {}),
    ({"f": {"kind": "number", "allow_null": True}}, {"f": None}, {"f": None}),
    ({"f": {"format": "email"}}, {"f": "a@b"}, ERROR),
    ({"f": {"minimum": 2}}, {"f": "a"}, ERROR),
    ({"f": {"default": "d", "required": True}}, {}, ERROR),
    (IF_A, {"a": True}, ERROR),
    ({"a": {"kind": "boolean"}, "b": {"required": Condition("a", "is")}}, {}, ERROR),
    (
        {"a": {"kind": "boolean"}, "b": {"required": Condition("a", "is-not", True)}},
        {"a": False},
        ERROR,
    ),
]

# difference, fields, payload, Segment's result, wharfinger's result
DIFFERENT = [
    ("alone as in a batch", {"f": {"required": True}}, {"f": ""}, {"f": ""}, ERROR),
    ("blank text is no value", {"f": {"required": True}}, {"f": " "}, {"f": " "}, ERROR),
    ("nothing is dropped", {"f": {}}, {"f": 5, "g": 1}, {"f": "5"}, ERROR),
    ("0 is a limit", {"f": {"kind": "number", "minimum": 0}}, {"f": -5}, {"f": -5}, ERROR),
    (
        "nothing is dropped inside",
        {"f": {**STRICT, "properties": {"a": number()}}},
        {"f": {"a": "5", "z": 1}},
        {"f": {"a": 5}},
        ERROR,
    ),
    (
        "null inside a list is absent, not zero",
        {
            "f": {
                "kind": "object",
                "multiple": True,
                "properties": {"n": number(), "s": string()},
            }
        },
        {"f": [{"n": None, "s": None}]},
        {"f": [{"n": 0, "s": ""}]},
        {"f": [{}]},
    ),
    (
        "a date must exist",
        {"f": {"kind": "datetime"}},
        {"f": "2020-13-45"},
        {"f": "2020-13-45"},
        ERROR,
    ),
    (
        "a list of one date is a date",
        {"f": {"kind": "datetime"}},
        {"f": ["2020-01-01"]},
        ERROR,
        {"f": datetime(2020, 1, 1, tzinfo=UTC)},
    ),
    ("conditions see coerced values", IF_A, {"a": "true"}, {"a": True}, ERROR),
    ("empty text meets no condition", IF_A, {"a": True, "b": ""}, {"a": True, "b": ""}, ERROR),
]


def _result(cls, raw):
    try:
        made = structure(cls, raw)
    except PayloadError:
        return ERROR
    return {
        name: getattr(made, name)
        for name in raw
        if getattr(made, name) is not None or raw[name] is None
    }


@pytest.mark.parametrize(("fields", "raw", "result"), SAME)
def test_payloads_are_read_as_segment_reads_them(make_class, fields, raw, result):
    assert _result(make_class(**fields), raw) == result


@pytest.mark.parametrize(
    ("fields", "raw", "segments", "ours"),
    [pytest.param(*case, id=name) for name, *case in DIFFERENT],
)
def test_each_difference_is_on_purpose(make_class, fields, raw, segments, ours):
    assert segments != ours
    assert _result(make_class(**fields), raw) == ours
