"""What mappings make of events, beyond the vectors."""

from typing import Any

import pytest

from wharfinger.errors import MappingError, RejectedError
from wharfinger.mapping import compile_mapping, interpret, parse
from wharfinger.model.action import Directive
from wharfinger.model.unset import UNSET


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("plain {x} }}", "plain {x} }}"),
        ("{{a}}{{a}}", "55"),
        ("{{{a}}}", "5"),
        ("{{{{a}}}}", "}"),
        ("{{a {{{b}}} c}}", "{{a B c}}"),
        ("{{ a }}|{{b}}|{{c}}", "5|B|false"),
        ("{{list}}", "1,x,,true,2,"),
        ("{{o}}", '{"k":[1,null]}'),
        ("{{rows}}", '{"n":1},{"n":2}'),
        ("{{o['k'][0]}}", "1"),
        ("{{dotted['a.b']}}", "9"),
        ("é{{nope}}漢", "é漢"),
        ("{{big}}", "9007199254740993"),
    ],
)
def test_templates_write_values_as_text(resolve, template, text):
    event = {
        "a": 5.0,
        "b": "B",
        "c": False,
        "list": [1, "x", None, True, [2, None]],
        "o": {"k": [1, None]},
        "rows": [{"n": 1}, {"n": 2}],
        "dotted": {"a.b": 9},
        "big": 9007199254740993,
    }
    assert resolve({"@template": template}, event) == text


def test_the_whole_event_in_a_template_is_json(resolve):
    assert resolve({"@template": "{{.}}"}, {"a": "b"}) == '{"a":"b"}'


def test_templates_are_told_from_their_values(resolve):
    event = {"a": "{{b}}", "b": "secret", "t": "{{a}}!"}
    assert resolve({"@template": "{{a}} {{{a}}}"}, event) == "{{b}} {{b}}"
    assert resolve({"@template": {"@path": "$.t"}}, event) == "{{b}}!"


@pytest.mark.parametrize(
    ("replacement", "result"),
    [("$$", "x$y"), ("$&$&", "x--y"), ("$`", "xxy"), ("$'", "xyy"), ("$1", "x$1y"), ("$", "x$y")],
)
def test_dollars_in_a_replacement_mean_what_javascript_means(resolve, replacement, result):
    replace = {"pattern": "-", "replacement": replacement, "value": {"@path": "$.v"}}
    assert resolve({"@replace": replace}, {"v": "x-y"}) == result


@pytest.mark.parametrize("pattern", [".*", "(a+)+$", "[a-z", "\\", "^", "$", "a|b"])
def test_patterns_are_plain_text(resolve, pattern):
    value = f"1{pattern}2{pattern}3"
    replace = {"pattern": pattern, "replacement": "_", "value": {"@path": "$.v"}}
    assert resolve({"@replace": replace}, {"v": value}) == "1_2_3"
    assert resolve({"@replace": {**replace, "ignorecase": True}}, {"v": value}) == "1_2_3"


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (1e21, "1e+21"), (None, ""), ([1], ""), ({}, "")]
)
def test_replace_makes_text_of_scalars_and_nothing_of_the_rest(resolve, value, text):
    assert resolve({"@replace": {"pattern": "~", "value": {"@path": "$.v"}}}, {"v": value}) == text


@pytest.mark.parametrize("directive", ["@case", "@replace"])
def test_a_literal_empty_text_to_work_on_is_absent(resolve, directive):
    options = {"operator": "upper"} if directive == "@case" else {"pattern": "a"}
    assert resolve({directive: {**options, "value": ""}}, {}) == "absent"


@pytest.mark.parametrize(
    ("value", "blank"),
    [
        (0, True), (False, True), ("", True), (None, True), ([], True), ([""], True),
        ([None], True), ([[[]]], True), (0.0, True),
        (" ", False), ("0", False), ({}, False), ([0], False), ([False], False),
        (["", ""], False), ([[], []], False), ([{}], False), (1, False),
    ],
)  # fmt: skip
def test_blank_is_what_javascript_takes_for_an_empty_text(resolve, value, blank):
    condition = {"blank": {"@path": "$.v"}, "then": "filled", "else": "blank"}
    assert resolve({"@if": condition}, {"v": value}) == ("blank" if blank else "filled")


@pytest.mark.parametrize("value", [0, False, "", None, [], {}])
def test_every_branch_of_an_if_is_kept_as_it_is(resolve, value):
    yes = {"exists": True, "then": value, "else": "no"}
    no = {"exists": None, "then": "yes", "else": value}
    assert resolve({"@if": yes}, {}) == value
    assert resolve({"@if": no}, {}) == value
    assert resolve({"@if": {"exists": None, "then": 1}}, {}) == "absent"


def test_exists_wins_where_blank_is_given_too(resolve):
    both = {"exists": {"@path": "$.v"}, "blank": {"@path": "$.v"}, "then": 1, "else": 2}
    assert resolve({"@if": both}, {"v": ""}) == 1


def test_integers_keep_their_digits_everywhere(resolve):
    event = {"n": 9007199254740993, "j": '{"n":123456789012345678901234567890}'}
    decode = {"@json": {"mode": "decode", "value": {"@path": "$.j"}}}
    assert resolve({"@path": "$.n"}, event) == 9007199254740993
    assert resolve({"@template": "{{n}}"}, event) == "9007199254740993"
    assert resolve({"@json": {"mode": "encode", "value": [{"@path": "$.n"}]}}, event) == (
        "[9007199254740993]"
    )
    assert resolve(decode, event) == {"n": 123456789012345678901234567890}
    assert resolve(2**70, {}) == 2**70


def test_absent_values_vanish_from_objects_and_hold_their_slot_in_lists(run):
    missing = {"@path": "$.nope"}
    mapping = {
        "a": missing,
        "b": {"c": missing, "d": [missing, {"e": missing}, [missing]]},
        "f": {"@arrayPath": ["$.rows", {"@path": "$.x"}]},
    }
    event = {"rows": [{"x": 1}, {}, {"x": None}]}
    assert run(mapping, event) == {"b": {"d": [None, {}, [None]]}, "f": [1, None, None]}


def test_in_a_merge_an_absent_value_removes_and_null_is_a_value(resolve):
    missing, null = {"@path": "$.nope"}, {"@path": "$.null"}
    objects = [{"a": 1, "b": 1, "c": 1}, {"a": missing, "b": null}]
    event = {"null": None, "d": {"x": None}}
    merged = {"@merge": {"objects": objects, "direction": "right"}}
    assert resolve(merged, event) == {"b": None, "c": 1}
    nested = {"@merge": {"objects": [{"a": 0}, merged], "direction": "right"}}
    assert resolve(nested, event) == {"b": None, "c": 1}
    excluded = {"@excludeWhenNull": {"x": {"@path": "$.d.x"}}}
    assert resolve({"@merge": {"objects": [{"x": 1}, excluded], "direction": "right"}}, event) == {}


def test_merging_takes_directions_in_any_case_and_ignores_what_is_no_object(resolve):
    objects = [{"a": 1}, {"@path": "$.n"}, {"@path": "$.l"}, {"a": 2}]
    event = {"n": 5, "l": ["x"]}
    assert resolve({"@merge": {"objects": objects, "direction": "LEFT"}}, event) == {
        "a": 1,
        "0": "x",
    }


def test_a_shape_sees_its_item_and_not_the_event(resolve):
    shape = {"name": {"@template": "{{name}}-{{user}}"}, "user": {"@path": "$.user"}, "n": 1}
    event = {"user": "u", "rows": [{"name": "a"}, "text", None, 0, [{"name": "b"}]]}
    assert resolve({"@arrayPath": ["$.rows", shape]}, event) == [
        {"name": "a-", "n": 1},
        {"name": "-", "n": 1},
        {"name": "-", "user": None, "n": 1},
        {"name": "0-0", "user": 0, "n": 1},
        {"name": "-", "n": 1},
    ]


def test_shapes_nest(resolve):
    shape = {"ids": {"@arrayPath": ["$.items", {"@path": "$.id"}]}}
    event = {"orders": [{"items": [{"id": 1}, {"id": 2}]}, {"items": []}, {}]}
    assert resolve({"@arrayPath": ["$.orders", shape]}, event) == [{"ids": [1, 2]}, {"ids": []}, {}]


@pytest.mark.parametrize("literal", ["x", ""])
def test_a_literal_root_without_a_shape_stays(resolve, literal):
    assert resolve({"@arrayPath": [{"@literal": literal}]}, {}) == literal
    assert resolve([{"@arrayPath": [{"@literal": literal}]}], {}) == [literal]


def test_a_mapping_that_is_a_directive_may_give_anything(run):
    assert run({"@path": "$.a"}, {"a": 5}) == 5
    assert run({"@path": "$.b"}, {"a": 5}) is UNSET
    assert run({"@path": ""}, {"a": 5}) == {"a": 5}


def test_what_is_written_in_the_mapping_is_made_anew_for_each_event():
    function = compile_mapping(parse({"v": {"list": [1, {"x": []}], "o": {}}})).function
    first = function({})
    first["v"]["list"][1]["x"].append("spoilt")
    first["v"]["o"]["spoilt"] = True
    assert function({}) == {"v": {"list": [1, {"x": []}], "o": {}}}


def test_the_mapping_may_change_after_it_is_read(run):
    source = {"v": ["a"]}
    function = compile_mapping(parse(source)).function
    source["v"].append("b")
    assert function({}) == {"v": ["a"]}


def test_an_event_may_be_any_mapping(run):
    class Event(dict[str, Any]):
        pass

    mapping = {"v": {"@path": "$.o.x[0].y"}, "t": {"@template": "{{o.z}}"}}
    event = Event(o=Event(x=(Event(y=1),), z="t"))
    assert run(mapping, event) == {"v": 1, "t": "t"}


@pytest.mark.parametrize("event", [None, [], "x", 5, UNSET])
def test_what_is_no_event_is_rejected(event):
    node = parse({"a": 1})
    for resolve in (compile_mapping(node).function, lambda event: interpret(node, event)):
        with pytest.raises(RejectedError, match="An event must be a JSON object") as caught:
            resolve(event)
        assert caught.value.code == "mapping-failed"


@pytest.mark.parametrize(
    ("value", "event", "words"),
    [
        ({"@path": {"@path": "$.p"}}, {"p": 5}, "v.@path: the path must be text"),
        ({"@path": {"@path": "$.p"}}, {"p": "x" * 1001}, "not be longer than 1000"),
        ({"@template": {"@path": "$.p"}}, {"p": None}, "v.@template: the template must be text"),
        ({"@template": {"@path": "$.p"}}, {"p": "{" * 10_001}, "not be longer than 10000"),
        ({"@template": "{{p}}"}, {"p": object()}, "holds a object, which is not JSON"),
        ({"@template": "{{p}}"}, {"p": float("inf")}, "not a number in JSON"),
        ({"@json": {"mode": "encode", "value": {"@path": "$.p"}}}, {"p": {1: 2}}, "v.@json"),
    ],
)
def test_what_a_mapping_cannot_work_on_is_rejected_with_the_place(resolve, value, event, words):
    with pytest.raises(RejectedError) as caught:
        resolve(value, event)
    assert words in caught.value.message
    assert caught.value.code == "mapping-failed"


def test_a_plugins_directive_gets_resolved_options(resolve):
    seen = []

    def function(options):
        seen.append(options)
        return UNSET if options is UNSET else {"got": options}

    directives = {"@own": Directive(name="@own", function=function)}
    event = {"a": 1}
    options = {"x": {"@path": "$.a"}, "y": {"@path": "$.nope"}, "z": [{"@path": "$.nope"}]}
    assert resolve({"@own": options}, event, directives=directives) == {
        "got": {"x": 1, "z": [None]}
    }
    assert resolve({"@own": {"@path": "$.nope"}}, event, directives=directives) == "absent"
    assert seen == [{"x": 1, "z": [None]}] * 2 + [UNSET] * 2


def test_a_plugins_directive_that_fails_rejects_the_event(resolve):
    def function(options):
        return 1 / options

    directives = {"@own": Directive(name="@own", function=function)}
    with pytest.raises(RejectedError, match=r"v\.@own.*ZeroDivisionError") as caught:
        resolve({"@own": {"@path": "$.a"}}, {"a": 0}, directives=directives)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_absent_values_inside_what_a_plugin_made_are_taken_out(resolve):
    made = {"a": UNSET, "b": [UNSET, {"c": UNSET}], "d": (1,)}
    directives = {"@own": Directive(name="@own", function=lambda _: made)}
    assert resolve({"@own": None}, {}, directives=directives) == {"b": [None, {}], "d": [1]}


def test_a_built_in_name_cannot_be_taken():
    taken = {"@path": Directive(name="@path", function=lambda _: "taken")}
    with pytest.raises(MappingError):
        parse({"v": {"@path": 5}}, directives=taken)
