"""An explanation shows every step, and is true: from its steps alone the payload comes out."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.errors import RejectedError
from wharfinger.mapping import compile_mapping, parse
from wharfinger.mapping.explain import explain, path_text, replay
from wharfinger.model.unset import UNSET

A, B = {"@path": "$.a"}, {"@path": "$.b['x.y']"}
MAPPINGS = [
    {"v": A},
    {"v": {"k": A, "gone": {"@path": "$.nowhere"}}, "l": [A, {"@path": "$.nowhere"}, 1]},
    {"v": {"@template": "{{a}} and {{b['x.y']}}"}},
    {"v": {"@path": {"@template": "b.{{a}}"}}},
    {"v": {"@template": {"@literal": "{{a}}"}}},
    {"v": {"@if": {"exists": A, "then": B, "else": "none"}}},
    {"v": {"@if": {"blank": A, "then": [B], "else": A}}},
    {"v": {"@case": {"operator": "upper", "value": A}}},
    {"v": {"@replace": {"pattern": "a", "replacement": "$&!", "value": A}}},
    {"v": {"@arrayPath": ["$.b", {"x": {"@path": "$.x"}, "y": A}]}},
    {"v": {"@flatten": {"separator": "-", "value": {"@path": "$.b"}}}},
    {"v": {"@json": {"mode": "encode", "value": {"@path": ""}}}},
    {"v": {"@json": {"mode": "decode", "value": A}}},
    {"v": {"@merge": {"objects": [{"p": A, "q": 1}, {"p": B}], "direction": "right"}}},
    {"v": {"@merge": {"objects": [{"@path": "$.b"}, {"q": A}], "direction": "left"}}},
    {"v": {"@transform": {"apply": {"n": A}, "mapping": {"m": {"@path": "$.n"}, "o": B}}}},
    {"v": {"@excludeWhenNull": {"k": A, "l": {"@path": "$.b"}}}},
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", "banana", '{"x":[1]}']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "x", "x.y"]), inner, max_size=3)
    ),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES})


@given(mapping=st.sampled_from(MAPPINGS), event=EVENTS)
def test_the_steps_give_the_payload_and_so_does_their_replay(mapping, event):
    node = parse(mapping)
    try:
        expected = compile_mapping(node).function(event)
    except RejectedError as error:
        with pytest.raises(RejectedError, match=re.escape(str(error))):
            explain(node, event)
        return
    step = explain(node, event)
    assert step.value == expected
    assert replay(step) == expected


@given(mapping=st.sampled_from(MAPPINGS), event=EVENTS)
def test_every_step_is_made_of_the_steps_before_it(mapping, event):
    try:
        pending = [explain(parse(mapping), event)]
    except RejectedError:
        return
    while pending:
        step = pending.pop()
        assert replay(step) == step.value
        pending += [before for _, before in step.inputs]


def test_a_step_is_shown_with_its_name_options_value_and_inputs():
    mapping = {"v": {"@case": {"operator": "upper", "value": {"@path": "$.o['a.b']"}}}, "w": A}
    found = explain(parse(mapping), {"o": {"a.b": "x"}}).as_json()
    assert found == {
        "step": "object",
        "value": {"v": "X"},
        "inputs": [
            {
                "for": "v",
                "step": "@case",
                "detail": "upper",
                "value": "X",
                "inputs": [{"for": "value", "step": "@path", "detail": "$.o['a.b']", "value": "x"}],
            },
            {"for": "w", "step": "@path", "detail": "$.a", "absent": True},
        ],
    }


def test_items_of_a_list_are_explained_one_by_one():
    node = parse({"v": {"@arrayPath": ["$.p", {"n": {"@path": "$.i"}}]}})
    [(_, items)] = explain(node, {"p": [{"i": 1}, {"i": 2}]}).inputs
    assert [(name, step.value) for name, step in items.inputs] == [
        ("root", [{"i": 1}, {"i": 2}]),
        ("1", {"n": 1}),
        ("2", {"n": 2}),
    ]


def test_only_the_branch_that_was_taken_is_there():
    node = parse({"v": {"@if": {"exists": A, "then": "yes", "else": "no"}}})
    [(_, step)] = explain(node, {}).inputs
    assert [name for name, _ in step.inputs] == ["condition", "otherwise"]
    assert step.inputs[0][1].value is UNSET


@given(mapping=st.sampled_from(MAPPINGS), event=EVENTS)
def test_an_explanation_is_plain_json(mapping, event):
    try:
        found = explain(parse(mapping), event).as_json()
    except RejectedError:
        return
    json.dumps(found)


@pytest.mark.parametrize(
    ("keys", "text"),
    [((), "$"), (("a", "b_c"), "$.a.b_c"), (("a.b", "0"), "$['a.b'].0"), (("é",), "$.é")],
)
def test_keys_are_written_as_a_path(keys, text):
    assert path_text(keys) == text
