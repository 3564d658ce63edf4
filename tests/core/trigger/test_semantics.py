"""Which events a trigger takes: fields, operators, connectives."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from wharfinger.trigger import compile_trigger

KINDS = [None, True, False, 0, 1, 2.5, "", "a", "1", [], [1], {}, {"a": 1}]


@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        ('type = "track"', {"type": "track"}, True),
        ('type = "track"', {"type": "Track"}, False),
        ('type = "track"', {}, False),
        ('a = "5"', {"a": 5}, False),
        ("a = 5", {"a": "5"}, False),
        ("a = 5", {"a": 5.0}, True),
        ("a = 5.0", {"a": 5}, True),
        ("a = 1", {"a": True}, False),
        ("a = 0", {"a": False}, False),
        ("a = 1.0", {"a": True}, False),
        ("a = 1", {"a": 1.0}, True),
        ("a = true", {"a": 1}, False),
        ("a = true", {"a": True}, True),
        ("a = false", {"a": None}, False),
        ("a != true", {"a": True}, False),
        ("a", {"a": True}, True),
        ("a", {"a": "yes"}, False),
        ("a", {}, False),
        ("!a", {}, True),
        ("a.b or contains(c, 'x')", {"a": {"b": True}}, True),
        ("a != 1", {"a": True}, True),
        ("a != 1", {"a": 1}, False),
        ("a = 9007199254740993", {"a": 9007199254740992}, False),
        ("a = null", {}, True),
        ("a = null", {"a": None}, True),
        ("a = null", {"a": 0}, False),
        ("a != null", {"a": ""}, True),
        ("a.b = null", {"a": "text"}, True),
        ("a.b.c.d.e.f = 1", {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, True),
        ("a.b.c.d.e.f = null", {"a": {"b": {"c": {"d": [1]}}}}, True),
        ("a = b", {}, True),
        ("a = b", {"a": 1, "b": 1.0}, True),
        ("a = b", {"a": 1, "b": True}, False),
        ("a = b", {"a": {"x": [1, {"y": None}]}, "b": {"x": [1.0, {"y": None}]}}, True),
        ("a = b", {"a": {"x": [1]}, "b": {"x": [True]}}, False),
        ("a = b", {"a": {"x": 1}, "b": {"y": 1}}, False),
        ("a = [1, 2]", {"a": [1, 2]}, True),
        ("a = [1, 2]", {"a": [2, 1]}, False),
        ("a = [1]", {"a": [True]}, False),
        ("a = []", {"a": []}, True),
        ("a = []", {}, False),
        ("a != [1]", {"a": [1]}, False),
        ('"a" = "a"', {}, True),
        ("1 = true", {}, False),
        ("null = null", {}, True),
    ],
)
def test_equality_goes_by_type_and_value(takes, text, event, taken):
    assert takes(text, event) is taken


@pytest.mark.parametrize("left", KINDS, ids=repr)
def test_equal_are_only_values_of_one_kind_and_unequal_all_others(takes, left):
    for right in KINDS:
        event = {"a": left, "b": right}
        assert takes("a = b", event) is (left == right and type(left) is type(right))
        assert takes("a != b", event) is not takes("a = b", event)


@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        ("a > 1", {"a": 2}, True),
        ("a > 1", {"a": 1}, False),
        ("a >= 1", {"a": 1.0}, True),
        ("a < 0.5", {"a": 0.25}, True),
        ("a <= -1", {"a": -1}, True),
        ("a < b", {"a": 1, "b": 2}, True),
        ("1 < a", {"a": 2}, True),
        ("1 < 2", {}, True),
        ("a > 0", {"a": 10**400}, True),
        ("a > 0.5", {"a": 10**400}, True),
        ('a > "5"', {"a": 6}, False),
        ("a > 5", {"a": "6"}, False),
        ('a < "b"', {"a": "a"}, False),
        ("a >= 0", {"a": True}, False),
        ("a >= true", {"a": 1}, False),
        ("a >= null", {}, False),
        ("a <= 5", {}, False),
        ("a < [1]", {"a": [0]}, False),
        ("a < b", {"a": {}, "b": {}}, False),
        ("a >= 0", {"a": float("nan")}, False),
    ],
)
def test_order_is_for_numbers_and_false_for_all_else(takes, text, event, taken):
    assert takes(text, event) is taken


@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        ('type in ["track", "page"]', {"type": "page"}, True),
        ('type in ["track", "page"]', {"type": "screen"}, False),
        ('type in ["track"]', {"type": ["track"]}, False),
        ('type in ["track"]', {"type": {}}, False),
        ("a in []", {"a": "x"}, False),
        ("a in [1, 2]", {"a": 2.0}, True),
        ("a in [1]", {"a": True}, False),
        ("a in [true]", {"a": 1}, False),
        ('a in ["x", null]', {}, True),
        ('a in ["x"]', {}, False),
        ('"vip" in a', {"a": ["new", "vip"]}, True),
        ('"vip" in a', {"a": "vip"}, False),
        ('"vip" in a', {"a": {"vip": 1}}, False),
        ('"vip" in a', {}, False),
        ("null in a", {"a": [None]}, True),
        ("1 in a", {"a": [True, "1"]}, False),
        ("a in b", {"a": {"x": 1}, "b": [{"x": 1.0}]}, True),
        ("1 in [2, 1]", {}, True),
    ],
)
def test_membership_goes_by_type_and_value(takes, text, event, taken):
    assert takes(text, event) is taken


@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        (r"p.a\.b = 1", {"p": {"a.b": 1}}, True),
        (r"p.a\.b = 1", {"p": {"a": {"b": 1}}}, False),
        ('p["a.b"] = 1', {"p": {"a.b": 1}}, True),
        ("p.a[1].b = 1", {"p": {"a": [0, {"b": 1}]}}, True),
        ("p.a[2] = null", {"p": {"a": [0, 1]}}, True),
        ("p[0] = null", {"p": {"0": 1}}, True),
        ("p.0 = 1", {"p": {"0": 1}}, True),
        ("p.0 = null", {"p": [1]}, True),
        ("p.length = null", {"p": "abc"}, True),
        ("p[0] = null", {"p": "abc"}, True),
        ("__class__ = null", {}, True),
        ("p.__class__.__name__ = null", {"p": {}}, True),
        ("p.__class__ = 1", {"p": {"__class__": 1}}, True),
        ("p.get = null", {"p": {}}, True),
        ("type = track", {"type": "track"}, False),
        ("type = track", {"type": "x", "track": "x"}, True),
        ("traits.[your-audience-key] = true", {"traits": {"your-audience-key": True}}, True),
    ],
)
def test_a_path_reads_keys_and_items_and_nothing_else(takes, text, event, taken):
    assert takes(text, event) is taken


@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        ("a=1 or b=1 and c=1", {"a": 1}, True),
        ("a=1 and b=1 or c=1", {"c": 1}, True),
        ("(a=1 or b=1) and c=1", {"a": 1}, False),
        ("!a=1 and b=1", {"b": 1}, True),
        ("!(a=1 and b=1)", {"b": 1}, True),
        ("!(a=1 or b=1)", {"b": 1}, False),
        ('(type = "identify" and traits.plan = "gold") or contains(event, "x")', {"event": "x"}, 1),
        ('!contains(event, "x")', {}, True),
        ('lowercase(p.plan) = "gold"', {"p": {"plan": "GOLD"}}, True),
        ("length(p.items) > 2", {"p": {"items": [1, 2, 3]}}, True),
        ("bool(p.vip) and !bool(p.out)", {"p": {"vip": 1}}, True),
    ],
)
def test_connectives_combine_conditions(takes, text, event, taken):
    assert takes(text, event) is bool(taken)


@pytest.mark.parametrize("event", [None, 5, "type", [], [("type", "track")], object()])
def test_what_is_no_object_has_no_fields(takes, event):
    assert takes("type = null", event)
    assert not takes('type = "track"', event)


def test_an_event_may_be_any_mapping(takes):
    assert takes("type = 1 and a.b = 2", MappingProxyType({"type": 1, "a": {"b": 2}}))


def test_an_event_is_not_changed():
    event = {"type": "track", "p": {"a": [1, {"b": 2}]}}
    compile_trigger("p.a[1].b = 2 and p.x.y = null and q.r = null")(event)

    assert event == {"type": "track", "p": {"a": [1, {"b": 2}]}}
