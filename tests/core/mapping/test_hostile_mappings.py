"""Any mapping on any event ends in a result, a refusal or a rejection, the same both ways."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from wharfinger.errors import MappingError, Problem, RejectedError
from wharfinger.mapping import compile_mapping, interpret, parse

MISTAKES = [
    None, True, 5, 1e400, "", "@path", "$." * 600, "x" * 2_000_000, [], {}, [[]], {"@path": None},
    {"@pth": "a"}, {"@path": "a", "@template": "b"}, {"@": 1}, {"@path": {"@path": {"@path": 1}}},
    {"__proto__": {"@path": "$.__class__"}}, {"@literal": {"@nope": 1}}, "{{" * 5_000, b"bytes",
    {"@liquid": None}, {"@liquid": "{{" * 400}, {"@liquid": "{% include 'x' %}"}, {1: 2}, object(),
    {"separator": "", "value": 1}, {"objects": 5, "direction": "up"}, {"exists": 1, "thn": 2},
]  # fmt: skip


def nested(depth: int, kind: str) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"list": value} if kind == "objects" else [value]
    return value


HOSTILE: dict[str, Any] = {
    "deep objects": nested(50_000, "objects"),
    "deep lists": nested(50_000, "lists"),
    "many keys": {f"k{index}": {"a": index} for index in range(10_000)},
    "many items": [{"a": index} for index in range(10_000)],
    "a long text": "{{a}}['" * 50_000,
    "pattern": "(a+)+$" * 5_000,
    "blanks": " " * 200_000,
    "braces": "{" * 200_000,
    "half a character": "\ud800" * 1_000,
    "a large number": 10**300,
    "digits": "9" * 100_000,
    "names of python": {"__class__": "x", "__init__": {"__globals__": 1}, "a": "__class__"},
}


def outcome_of(resolve, event) -> tuple[str, Any]:
    try:
        return "result", resolve(event)
    except RejectedError as error:
        return error.code, error.message


def same(one: Any, other: Any) -> bool:
    """Compare without recursion, which very deep results would not bear."""
    pairs = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if left is right:
            continue
        if type(left) is not type(right):
            return False
        if isinstance(left, dict):
            if left.keys() != right.keys():
                return False
            pairs += [(left[key], right[key]) for key in left]
        elif isinstance(left, (list, tuple)):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif repr(left) != repr(right):
            return False
    return True


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", HOSTILE)
def test_random_mappings_bear_hostile_values(maker, name, seed):
    make = maker(f"{name}{seed}")
    for _ in range(25):
        mapping, event = make.case()
        keys = [key for key in event if make.chance(0.6)] or ["a"]
        event |= dict.fromkeys(keys, HOSTILE[name])
        try:
            node = parse(mapping)
        except MappingError:
            continue
        interpreted = outcome_of(lambda event, node=node: interpret(node, event), event)
        assert interpreted[0] in ("result", "mapping-failed")
        assert same(outcome_of(compile_mapping(node).function, event), interpreted)


def spoilt(make, mapping: Any) -> Any:
    """Put a mistake somewhere into a mapping."""
    if not isinstance(mapping, (dict, list)) or not mapping or make.chance(0.2):
        return make.one(MISTAKES)
    mapping = copy.copy(mapping)
    key = make.one(list(mapping) if isinstance(mapping, dict) else range(len(mapping)))
    mapping[key] = spoilt(make, mapping[key])
    return mapping


@pytest.mark.parametrize("seed", range(10))
def test_mappings_with_mistakes_are_read_or_refused_with_places(maker, seed):
    make = maker(seed)
    problems: list[tuple[Problem, ...]] = []
    for _ in range(200):
        mapping, event = make.case()
        try:
            node = parse(spoilt(make, mapping))
        except MappingError as error:
            problems.append(error.problems)
        else:
            outcome_of(compile_mapping(node).function, event)
    assert 50 < len(problems) < 200
    assert all(problems)
    assert max(len(problem.message) for some in problems for problem in some) < 1_000


@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
@pytest.mark.parametrize("kind", ["objects", "lists"])
def test_mappings_nested_too_deep_are_refused(kind, depth):
    with pytest.raises(MappingError, match="nested deeper than 64 keys"):
        parse({"v": nested(depth, kind)})


@pytest.mark.parametrize(
    "name", ["@literal", "@excludeWhenNull", "@path", "@template", "@if", "@arrayPath", "@merge"]
)
def test_directives_nested_too_deep_are_refused(name):
    value: Any = {"@path": "$.a"}
    for _ in range(5_000):
        value = {
            "@if": {"@if": {"exists": True, "then": value}},
            "@arrayPath": {"@arrayPath": [value]},
            "@merge": {"@merge": {"objects": [value], "direction": "left"}},
        }.get(name, {name: value})
    with pytest.raises(MappingError, match="nested deeper"):
        parse({"v": value})


def test_every_mistake_of_a_large_mapping_is_reported():
    mapping = {f"k{index}": {"@pth": "$.a"} for index in range(10_000)}
    with pytest.raises(MappingError) as caught:
        parse(mapping)
    assert len(caught.value.problems) == 10_000


@pytest.mark.parametrize(
    "mapping",
    [
        {"@path": "$.s.__class__.__mro__"},
        {"@path": "$.l.append"},
        {"@path": "$['__class__']"},
        {"@template": "{{__class__}}{{s.__init__.__globals__}}{{l.__len__}}"},
        {"@arrayPath": ["$.l", {"@path": "__class__"}]},
        {"@path": {"@path": "$.k"}},
    ],
)
def test_names_of_python_reach_nothing(resolve, mapping):
    assert resolve(mapping, {"s": "text", "l": [1], "k": "s.__class__"}) in ("absent", "", [None])
