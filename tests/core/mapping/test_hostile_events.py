"""Events made to do harm end in a result or a rejection, soon."""

from typing import Any

import pytest

from wharfinger.errors import RejectedError
from wharfinger.mapping import compile_mapping, interpret, parse
from wharfinger.mapping.template import parse_template
from wharfinger.model.action import Directive


def nested(depth, *, kind):
    value: Any = "bottom"
    for _ in range(depth):
        value = {"x": value} if kind == "objects" else [value]
    return value


DIRECTIVES = {"@own": Directive(name="@own", function=lambda value: value)}

DEEP_READERS = {
    "template": {"@template": "{{v}}"},
    "flatten": {"@flatten": {"separator": ".", "value": {"@path": "$.v"}}},
    "encode": {"@json": {"mode": "encode", "value": {"@path": "$.v"}}},
    "exclude": {"@excludeWhenNull": {"@path": "$.v"}},
    "merge": {"@merge": {"objects": [{"@path": "$.v"}], "direction": "right"}},
    "blank": {"@if": {"blank": {"@path": "$.v"}, "then": 1, "else": 2}},
    "replace": {"@replace": {"pattern": "a", "value": {"@path": "$.v"}}},
    "array path": {"@arrayPath": ["$.v", {"a": {"@path": "$.x"}}]},
    "path": {"@path": "$.v.x"},
    "plugin": {"@own": {"@path": "$.v"}},
}


def _ends(resolve, event):
    """Say how it ended: comparing two deep results is what Python itself cannot do."""
    try:
        resolve(event)
    except RejectedError as error:
        return error.message
    return "a result"


@pytest.mark.parametrize("kind", ["objects", "lists"])
@pytest.mark.parametrize("mapping", DEEP_READERS.values(), ids=list(DEEP_READERS))
def test_values_nested_without_end_give_a_result_or_a_rejection(mapping, kind):
    event = {"v": nested(100_000, kind=kind)}
    node = parse({"out": mapping}, directives=DIRECTIVES)
    compiled = _ends(compile_mapping(node).function, event)
    assert compiled == _ends(lambda event: interpret(node, event), event)
    assert compiled == "a result" or ("nested" in compiled and "out.@" in compiled)


@pytest.mark.parametrize("kind", ["objects", "lists"])
@pytest.mark.parametrize("mapping", DEEP_READERS.values(), ids=list(DEEP_READERS))
def test_values_nested_as_deep_as_an_encoder_bears_give_a_result(run, mapping, kind):
    run({"out": mapping}, {"v": nested(150, kind=kind)}, directives=DIRECTIVES)


def test_a_value_of_ordinary_depth_is_worked_on(resolve):
    event = {"v": nested(150, kind="objects")}
    flat = resolve(DEEP_READERS["flatten"], event)
    assert flat == {".".join("x" * 150): "bottom"}


@pytest.mark.parametrize(
    "value", ["[" * 1_000_000, "{" * 1_000_000, '{"a":' * 500_000, "1" * 1_000_000]
)
def test_huge_json_that_is_none_stays_text(resolve, value):
    decode = {"@json": {"mode": "decode", "value": {"@path": "$.v"}}}
    assert resolve(decode, {"v": value}) == value


@pytest.mark.parametrize("char", ["{", "}", "{{", "{{{a}}", "['"])
def test_texts_full_of_braces_are_read_in_one_pass(resolve, char):
    text = char * (9_999 // len(char))
    assert isinstance(resolve({"@template": {"@path": "$.v"}}, {"v": text, "a": "b"}), str)
    assert parse_template(text * 100)


def test_a_long_path_of_brackets_is_read_in_one_pass(resolve):
    assert resolve({"@path": {"@path": "$.p"}}, {"p": "['" * 500}) == "absent"


def test_what_stands_around_each_match_is_not_copied_without_end(resolve):
    around = {"pattern": "a", "replacement": "$`$'$`$'", "value": {"@path": "$.v"}}
    with pytest.raises(RejectedError, match="longer than 2000 characters"):
        resolve({"@replace": around}, {"v": "a" * 100_000})


def test_objects_with_many_keys_are_flattened_and_merged(resolve):
    event = {"v": {f"k{index}": {"x": index} for index in range(10_000)}}
    flat = resolve(DEEP_READERS["flatten"], event)
    assert len(flat) == 10_000
    assert resolve(DEEP_READERS["merge"], event) == event["v"]
