from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.errors import TriggerError
from wharfinger.trigger import compile_trigger, explain, parse
from wharfinger.trigger.explain import ConditionExplanation
from wharfinger.trigger.nodes import Literal, Not, Path
from wharfinger.trigger.written import quoted, written

TRIGGER = 'type = "track" and (lowercase(event) = "a" or !properties.vip)'


def parts(condition: ConditionExplanation) -> list[ConditionExplanation]:
    return [condition, *(part for each in condition.conditions for part in parts(each))]


def test_each_condition_tells_its_truth_and_what_it_saw():
    explained = explain(TRIGGER, {"type": "track", "event": "B", "properties": {"vip": True}})

    assert not explained.takes
    assert explained.text == explained.condition.text == TRIGGER
    track, either = explained.condition.conditions
    lower, negated = either.conditions
    (vip,) = negated.conditions
    assert [part.kind for part in parts(explained.condition)] == [
        *("and", "condition", "or", "condition", "not", "condition")
    ]
    assert (track.holds, either.holds, lower.holds, negated.holds, vip.holds) == (
        *(True, False, False, False, True),
    )
    assert [(seen.text, seen.value) for seen in lower.values] == [
        ("lowercase(event)", "b"),
        ("event", "B"),
    ]
    assert (vip.text, vip.values[0].value) == ("properties.vip", True)
    assert TRIGGER[slice(*either.span)] == either.text


def test_what_decides_and_what_is_not_reached_is_told():
    explained = explain("a = 1 and b = 2 and c = 3", {"a": 1, "c": 3})
    first, second, third = explained.condition.conditions

    assert (first.reached, second.reached, third.reached) == (True, True, False)
    assert (first.decisive, second.decisive, third.decisive) == (False, True, False)
    assert third.holds

    explained = explain("!(a = 1 or b = 2)", {"b": 3})
    assert all(part.decisive and part.reached for part in parts(explained.condition))


def test_a_missing_field_is_told_from_one_that_is_null():
    explained = explain("a.b = a.c[1] and a.c[0] != d.e", {"a": {"b": None, "c": [None]}})
    seen = {
        value.text: value.missing for part in parts(explained.condition) for value in part.values
    }

    assert seen == {"a.b": False, "a.c[1]": True, "a.c[0]": False, "d.e": True}


def test_a_field_that_is_named_twice_is_shown_once():
    (seen,) = explain("a = a", {}).condition.values

    assert (seen.text, seen.value, seen.missing) == ("a", None, True)


def test_a_tree_is_explained_like_its_text():
    event = {"type": "track", "event": "A", "properties": {}}

    of_tree, of_text = explain(parse(TRIGGER), event), explain(TRIGGER, event)

    assert parse(of_tree.text) == parse(of_text.text)
    assert [(part.kind, part.holds, part.values) for part in parts(of_tree.condition)] == [
        (part.kind, part.holds, part.values) for part in parts(of_text.condition)
    ]


def test_a_trigger_that_cannot_be_read_is_an_error():
    with pytest.raises(TriggerError):
        explain('type == "track"', {})


def test_as_plain_data_it_survives_json():
    explained = explain(TRIGGER, {"type": "track", "properties": {"vip": "é"}})
    data = explained.as_json()

    assert orjson.loads(orjson.dumps(data)) == data
    assert data["takes"] is explained.takes
    assert data["condition"]["conditions"][0]["values"] == [
        {"text": "type", "value": "track", "missing": False}
    ]


@pytest.mark.parametrize("value", [2**70, {1: 2}, "\ud800", b"x"])
def test_a_value_that_json_cannot_hold_is_put_into_words(value):
    data = explain("a = 1", {"a": value}).as_json()

    assert "that JSON cannot hold" in data["condition"]["values"][0]["value"]
    orjson.dumps(data)


def test_an_event_that_is_nested_without_end_is_explained():
    value: Any = 1
    for _ in range(100_000):
        value = {"a": value}

    orjson.dumps(explain("a.a = a or a.b = 1", value).as_json())


def test_the_longest_and_the_deepest_trigger_are_explained():
    chain = " or ".join(f"a = {number}" for number in range(800))
    deep = "!(a = 1 and " * 45 + "a = 1" + ")" * 45

    assert len(explain(chain, {}).condition.conditions) == 800
    assert explain(deep, {"a": 1}).takes is compile_trigger(deep)({"a": 1})
    assert explain("!" * 9_000 + "a", {"a": True}).takes


FIELDS = st.sampled_from(["type", "a", "a.b", "p[0]", r"p\.q", "lowercase(a)", "length(p)"])
VALUES = st.sampled_from(['"x"', "5", "true", "null", "a", '["x", 5]', "string(a)"])
CONDITIONS = st.one_of(
    st.builds("{} {} {}".format, FIELDS, st.sampled_from(["=", "!=", "<", ">="]), VALUES),
    st.builds("contains({}, {})".format, FIELDS, VALUES),
    st.builds("bool({})".format, FIELDS),
    st.sampled_from(["a", 'match(a, "x*")', "a in p"]),
)
TRIGGERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        inner.map("!({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda all_: f"({' and '.join(all_)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda all_: f"({' or '.join(all_)})"),
    ),
    max_leaves=6,
)
LEAVES = st.sampled_from(["x", "xy", 5, True, None, ["x"], [], {"b": 5}, {}])
EVENTS = st.dictionaries(st.sampled_from(["type", "a", "p", "p.q"]), LEAVES)


@settings(max_examples=300, deadline=None)
@given(TRIGGERS, EVENTS)
def test_the_explanation_is_what_the_compiled_trigger_says(text, event):
    explained = explain(text, event)

    assert explained.takes is compile_trigger(text)(event)
    for part in parts(explained.condition):
        if part.kind == "condition":
            assert compile_trigger(part.text)(event) is part.holds
        assert part.reached or not part.decisive
    orjson.dumps(explained.as_json())


@settings(max_examples=300, deadline=None)
@given(TRIGGERS, EVENTS)
def test_the_answer_rests_on_the_decisive_conditions_alone(text, event):
    """Whatever the conditions do that do not decide, the answer stays."""

    def answer(part: ConditionExplanation, *, others: bool) -> bool:
        holds = [answer(each, others=others) for each in part.conditions]
        match part.kind:
            case "and":
                return all(holds)
            case "or":
                return any(holds)
            case "not":
                return not holds[0]
        return part.holds if part.decisive else others

    explained = explain(text, event)
    for others in (True, False):
        assert answer(explained.condition, others=others) is explained.takes


@settings(max_examples=200, deadline=None)
@given(TRIGGERS)
def test_a_trigger_written_from_its_tree_is_the_same_trigger(text):
    tree = parse(text)

    assert parse(written(tree)) == tree


def test_odd_texts_and_keys_are_written_so_that_they_can_be_read():
    tree = Not(parse(f"{Path(('or', 'a.b', 0, 'é'))} = {quoted(chr(92) + chr(34))}"))

    assert parse(written(tree)) == tree
    assert written(Literal(("a", None, True, 1.5))) == '["a", null, true, 1.5]'
