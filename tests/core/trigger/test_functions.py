"""The functions, each on every kind of value."""

from __future__ import annotations

from typing import Any

import pytest

from wharfinger.trigger import compile_trigger
from wharfinger.trigger.functions import FUNCTIONS

MISSING: Any = object()
CASES: list[tuple[str, Any, Any]] = [
    ("length(a)", MISSING, 0),
    ("length(a)", None, 0),
    ("length(a)", "", 0),
    ("length(a)", "abc", 3),
    ("length(a)", "ア", 3),
    ("length(a)", "😀", 4),
    ("length(a)", "\ud800", 3),
    ("length(a)", [], 0),
    ("length(a)", [1, [2, 3]], 2),
    ("length(a)", 5, None),
    ("length(a)", True, None),
    ("length(a)", {"b": 1}, None),
    ("lowercase(a)", "ÀB", "àb"),
    ("uppercase(a)", "straße", "STRASSE"),
    ("snakecase(a)", "Order  Completed-x", "Order__Completed-x"),
    ("kebabcase(a)", "Order Completed_x", "Order-Completed_x"),
    ("titlecase(a)", "test string", "Test String"),
    ("titlecase(a)", " it's an éTUDE ", " It's An ÉTUDE "),
    ("typeof(a)", MISSING, "null"),
    ("typeof(a)", None, "null"),
    ("typeof(a)", True, "bool"),
    ("typeof(a)", 1, "number"),
    ("typeof(a)", 1.5, "number"),
    ("typeof(a)", "", "string"),
    ("typeof(a)", [], "list"),
    ("typeof(a)", {}, "object"),
    ("bool(a)", MISSING, False),
    ("bool(a)", True, True),
    ("bool(a)", 0, False),
    ("bool(a)", 0.5, True),
    ("bool(a)", "", False),
    ("bool(a)", "0", False),
    ("bool(a)", "FALSE", False),
    ("bool(a)", "no", True),
    ("bool(a)", [], False),
    ("bool(a)", [None], True),
    ("bool(a)", {"b": 1}, False),
    ("string(a)", None, None),
    ("string(a)", "x", "x"),
    ("string(a)", True, "true"),
    ("string(a)", False, "false"),
    ("string(a)", 5, "5"),
    ("string(a)", 5.0, "5"),
    ("string(a)", -0.25, "-0.25"),
    ("string(a)", 9007199254740993, "9007199254740993"),
    ("string(a)", 1e20, "100000000000000000000"),
    ("string(a)", 1e21, "1e+21"),
    ("string(a)", float("inf"), None),
    ("string(a)", float("nan"), None),
    ("string(a)", 10**5000, None),
    ("string(a)", [1, "é", None], '[1,"é",null]'),
    ("string(a)", [2**70], None),
    ("string(a)", {"b": 1}, None),
    ("number(a)", None, None),
    ("number(a)", 5, 5),
    ("number(a)", True, None),
    ("number(a)", "5", 5),
    ("number(a)", " -1.5e3\n", -1500.0),
    ("number(a)", "9007199254740993", 9007199254740993),
    ("number(a)", "1_000", None),
    ("number(a)", "٣", None),
    ("number(a)", "1e999", None),
    ("number(a)", "9" * 10_000, None),
    ("number(a)", "", None),
    ("number(a)", "five", None),
    ("number(a)", [5], None),
]


@pytest.mark.parametrize(
    ("call", "value", "expected"), CASES, ids=[f"{i} {case[0]}" for i, case in enumerate(CASES)]
)
def test_a_function_gives_what_its_rule_says(takes, call, value, expected):
    event = {"expected": expected} | ({} if value is MISSING else {"a": value})

    assert takes(f"{call} = expected", event)


def test_all_documented_functions_are_there():
    assert set(FUNCTIONS) == {
        *("contains", "length", "lowercase", "uppercase", "snakecase", "kebabcase", "titlecase"),
        *("typeof", "match", "bool", "string", "number"),
    }


@pytest.mark.parametrize("name", ["lowercase", "uppercase", "snakecase", "kebabcase", "titlecase"])
@pytest.mark.parametrize("value", [None, True, 5, 1.5, [], ["a"], {}, {"a": "A"}], ids=repr)
def test_the_case_of_what_is_no_text_is_null(takes, name, value):
    assert takes(f"{name}(a) = null", {"a": value})


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "value",
    [None, True, -1, 1e308, "\ud800", [[]], {"a": {}}, object(), b"x", float("nan"), (1,), {1}],
    ids=lambda value: type(value).__name__,
)
def test_no_value_makes_a_function_raise(name, value):
    text = f"typeof({name}({', '.join('ab'[: FUNCTIONS[name].parameters])})) != null"

    assert compile_trigger(text)({"a": value, "b": value}) is True


@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        ('contains(a, "rd")', {"a": "Order"}, True),
        ('contains(a, "RD")', {"a": "Order"}, False),
        ('contains(a, "")', {"a": "q"}, True),
        ('contains(a, "x")', {}, False),
        ('contains(a, "x")', {"a": {"x": 1}}, False),
        ('contains(a, "1")', {"a": 1}, False),
        ("contains(a, 1)", {"a": "1"}, False),
        ("contains(a, null)", {"a": "null"}, False),
        ("contains(a, null)", {}, False),
        ('contains(a, "x")', {"a": ["x"]}, True),
        ('contains(a, "x")', {"a": ["xx"]}, False),
        ("contains(a, 1)", {"a": [True]}, False),
        ("contains(a, null)", {"a": [None]}, True),
        ("contains(a, b)", {"a": [{"c": 1}], "b": {"c": 1}}, True),
        ('contains("order", a)', {"a": "rd"}, True),
        ('contains(["x"], a)', {"a": "x"}, True),
        ('contains(lowercase(a), "order")', {"a": "ORDERED"}, True),
    ],
)
def test_contains_looks_into_text_and_lists(takes, text, event, taken):
    assert takes(text, event) is taken
