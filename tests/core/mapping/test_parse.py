from datetime import date
from typing import Any

import pytest

from wharfinger.errors import MappingError
from wharfinger.mapping import BUILT_IN, parse, without_reserved
from wharfinger.model.action import Directive
from wharfinger.model.secret import Secret


def problems_of(source, **directives):
    with pytest.raises(MappingError) as caught:
        parse(source, **directives)
    return {problem.where: problem.message for problem in caught.value.problems}


def test_everything_wrong_is_reported_at_once_with_its_place():
    found = problems_of(
        {
            "values": {
                "Name": {"@templat": "x"},
                "List": [1, {"@path": 3}],
                "Deep": {"@literal": {"a": [{"@case": {"operator": "title", "value": "x"}}]}},
            },
            "keys": {"K": {"@if": {"exist": {"@path": "$.a"}, "then": {"@path": None}}}},
        }
    )
    assert list(found) == [
        "values.Name.@templat",
        "values.List[1].@path",
        "values.Deep.@literal.a[0].@case.operator",
        "keys.K.@if.exist",
        "keys.K.@if",
    ]
    assert found["values.Name.@templat"] == 'is not a directive. Did you mean "@template"?'
    assert "must be text or a directive, but it is a number" in found["values.List[1].@path"]
    assert (
        '"lower" or "upper", but it is "title"' in found["values.Deep.@literal.a[0].@case.operator"]
    )
    assert 'Did you mean "exists"?' in found["keys.K.@if.exist"]


@pytest.mark.parametrize(
    ("source", "where", "message"),
    [
        ({"@path": "$.a", "x": 1}, "v", 'one directive and nothing beside it, not "@path", "x"'),
        ({"@path": "a", "@template": "b"}, "v", "one directive"),
        ({"@": 1}, "v.@", "not a directive"),
        ({"@path": "x" * 1001}, "v.@path", "1000 characters"),
        ({"@path": {"@literal": 5}}, "v.@path", "must be text, but it is a number"),
        ({"@path": {"a": 1}}, "v.@path", "but it is an object"),
        ({"@template": None}, "v.@template", "but it is null"),
        ({"@template": ["a"]}, "v.@template", "but it is a list"),
        ({"@if": "x"}, "v.@if", "must be an object with its options, but it is text"),
        ({"@if": {"@path": "$.a"}}, "v.@if", "but it is a directive"),
        ({"@if": {}}, "v.@if", 'needs "exists" or "blank"'),
        ({"@if": {"blank": {"@pth": "a"}}}, "v.@if.blank.@pth", 'Did you mean "@path"?'),
        ({"@case": {"operator": "lower"}}, "v.@case", 'needs "value"'),
        ({"@case": {"operator": {"@path": "a"}, "value": "x"}}, "v.@case.operator", "an object"),
        ({"@case": {"operator": "lower", "value": 5}}, "v.@case.value", "it is a number"),
        ({"@replace": {"value": "x"}}, "v.@replace", 'needs "pattern"'),
        ({"@replace": {"pattern": "", "value": "x"}}, "v.@replace.pattern", "not be empty"),
        ({"@replace": {"pattern": "12345678901", "value": "x"}}, "v.@replace.pattern", "has 11"),
        (
            {"@replace": {"pattern": "a", "pattern2": "12345678901", "value": "x"}},
            "v.@replace.pattern2",
            "10 characters at most",
        ),
        (
            {"@replace": {"pattern": "a", "replacement": None, "value": "x"}},
            "v.@replace.replacement",
            "it is null",
        ),
        (
            {"@replace": {"pattern": "a", "global": "yes", "value": "x"}},
            "v.@replace.global",
            "true or false, but it is text",
        ),
        (
            {"@replace": {"pattern": "a", "ignoreCase": True, "value": "x"}},
            "v.@replace.ignoreCase",
            'Did you mean "ignorecase"?',
        ),
        ({"@arrayPath": "$.x"}, "v.@arrayPath", "a list of a path and a shape, but it is text"),
        ({"@arrayPath": []}, "v.@arrayPath", "not 0 values"),
        ({"@arrayPath": ["a", {}, 1]}, "v.@arrayPath", "not 3 values"),
        ({"@arrayPath": [5]}, "v.@arrayPath[0]", "it is a number"),
        ({"@arrayPath": ["a", "b"]}, "v.@arrayPath[1]", "must be an object or a directive"),
        ({"@flatten": {"separator": "", "value": 1}}, "v.@flatten.separator", "not be empty"),
        (
            {"@flatten": {"separator": {"@path": "a"}, "value": 1}},
            "v.@flatten.separator",
            "must be text",
        ),
        (
            {"@flatten": {"separator": ".", "value": 1, "omitArrays": "false"}},
            "v.@flatten.omitArrays",
            "true or false",
        ),
        ({"@json": {"value": 1}}, "v.@json", 'needs "mode"'),
        ({"@json": {"mode": "write", "value": 1}}, "v.@json.mode", '"encode" or "decode"'),
        ({"@merge": {"objects": [{}]}}, "v.@merge", 'needs "direction"'),
        ({"@merge": {"objects": {}, "direction": "left"}}, "v.@merge.objects", "must be a list"),
        (
            {"@merge": {"objects": [{}, "x"], "direction": "left"}},
            "v.@merge.objects[1]",
            "must be an object or a directive, but it is text",
        ),
        ({"@transform": {"mapping": {}}}, "v.@transform", 'needs "apply"'),
        ({"@transform": {"apply": "a", "mapping": {}}}, "v.@transform.apply", "an object"),
        ({"@excludeWhenNull": {"@no": 1}}, "v.@excludeWhenNull.@no", "not a directive"),
        ({"@liquid": "{{ a | upcse }}"}, "v.@liquid", 'Did you mean "upcase"?'),
        ({1: 2}, "v", "text as keys"),
        (float("nan"), "v", "nan"),
        (date(2030, 1, 1), "v", "but it is a date. Write it as text"),
        (Secret("s3cr3t"), "v", "but it is a Secret"),
    ],
)
def test_each_mistake_is_named(source, where, message):
    found = problems_of({"v": source})
    assert where in found
    assert message in found[where]
    assert "s3cr3t" not in str(found)


@pytest.mark.parametrize("source", [None, "x", 5, [{"@path": "$.a"}], True])
def test_a_mapping_that_is_no_object_is_refused(source):
    assert "A field mapping must be an object" in problems_of(source)[""]


def test_a_mapping_nested_too_deep_is_refused_quickly():
    source: Any = {"@path": "$.a"}
    for _ in range(100_000):
        source = {"a": [source]}
    [message] = problems_of(source).values()
    assert "nested deeper than 64 keys" in message


def test_metadata_beside_a_directive_or_alone_is_let_be(resolve):
    assert resolve({"@path": "$.a", "_metadata": {"label": "A"}}, {"a": 1}) == 1
    assert resolve({"_metadata": {"x": 1}}, {}) == {"_metadata": {"x": 1}}


def test_the_thirteen_names_are_built_in():
    assert {name for name in BUILT_IN if name.startswith("@")} == BUILT_IN
    assert len(BUILT_IN) == 13


def test_the_root_directive_takes_the_other_keys_as_its_mapping(run):
    mapping = {
        "__segment_internal_directive": {"@transform": {"apply": {"x": {"@path": "$.a.b"}}}},
        "out": {"@path": "$.x"},
    }
    assert run(mapping, {"a": {"b": 1}}) == {"out": 1}


@pytest.mark.parametrize(
    "root", [{}, "x", {"@path": "$.a"}, {"@if": {}, "@case": {}}, {"x": {}}, None]
)
def test_a_root_directive_that_is_none_is_refused(root):
    assert problems_of({"__segment_internal_directive": root, "a": 1})


def test_reserved_keys_at_the_root_are_no_fields(run):
    mapping = {
        "__segment_internal_sync_mode": "upsert",
        "__segment_internal_matching_key": "id",
        "a": {"@path": "$.a"},
    }
    assert run(mapping, {"a": 1}) == {"a": 1}


def test_a_plugins_directive_checks_its_options_when_the_mapping_is_read():
    def check(options):
        return ["must name a length."] if "length" not in options else []

    shorten = Directive(name="@shorten", function=lambda options: options, check=check)
    found = problems_of({"v": {"@shorten": {}}}, directives={"@shorten": shorten})
    assert found == {"v.@shorten": "must name a length."}
    assert 'Did you mean "@shorten"?' in str(
        problems_of({"v": {"@shortn": {}}}, directives={"@shorten": shorten})
    )


def test_a_check_that_fails_is_a_problem_of_the_mapping():
    def check(options):
        return options["missing"]

    broken = Directive(name="@broken", function=lambda options: options, check=check)
    found = problems_of({"v": {"@broken": {}}}, directives={"@broken": broken})
    assert "could not be checked: KeyError" in found["v.@broken"]


def test_what_lies_in_a_plugins_options_is_checked_too():
    any_directive = Directive(name="@any", function=lambda options: options)
    found = problems_of({"v": {"@any": [{"@path": 1}]}}, directives={"@any": any_directive})
    assert list(found) == ["v.@any[0].@path"]


HOOK = {"inputs": {"name": "Orders"}, "outputs": {"id": "de-1"}}


def test_what_segment_saves_beside_the_fields_is_left_out():
    fields = {
        "onMappingSave": HOOK,
        "retlOnMappingSave": {"outputs": {"id": "de-1"}},
        "__segment_internal_sync_mode": "upsert",
        "__segment_internal_something_new": 1,
        "key": "orders",
        "values": {"onMappingSave": HOOK, "__segment_internal_x": 1},
    }
    kept = {"key": "orders", "values": {"onMappingSave": HOOK, "__segment_internal_x": 1}}
    assert without_reserved(fields) == kept
    assert "onMappingSave" in fields


@pytest.mark.parametrize("value", [None, "text", [], {}, {"@path": "$.a"}, HOOK | {"x": 1}])
def test_a_field_may_have_the_name_of_a_hook(value):
    assert without_reserved({"onMappingSave": value}) == {"onMappingSave": value}


def test_a_root_directive_stays():
    fields = {"__segment_internal_directive": {"@transform": {"apply": {}}}, "a": 1}
    assert without_reserved(fields) == fields


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("x" * 1001, "must have 1000 characters at most, but it has 1001."),
        ("a\n{% for x in y %}{% endfor %}", 'tag "for" is disabled (line 2, column 4).'),
        ("{{ a | map: 'b' }}", 'filter "map" is disabled (line 1, column 8).'),
        ("{{ a | upcse }}", 'filter "upcse" is not known. Did you mean "upcase"? (line 1'),
        ("{{ a | append }}", 'filter "append" takes 1 value (line 1, column 8).'),
        ("{{ a | slice: 1, 2, 3 }}", 'filter "slice" takes 1 to 2 values'),
        ("{{ a | upcase: 1 }}", 'filter "upcase" takes no value'),
        ("{{ a | default: 1, allow: true }}", 'filter "default" has no option "allow"'),
        ("{{ 'now' | date: '%Y' }}", '"now" would differ with each attempt'),
        ("{{ a | date: '%Y', zone }}", "the time zone must be a constant"),
        ("{{ a | date: '%Y', 'Mars/Olympus' }}", "there is no time zone 'Mars/Olympus'"),
        ("{{ a | date: '%Y', 9999 }}", "there is no time zone 9999"),
        ("{% if a <> b %}{% endif %}", '"<>" is written "!="'),
        ("{{ a[1.5] }}", "an index must be a whole number"),
        ("{{ 'it\\'s' }}", "cannot be read: unexpected"),
        ("{% cycle 'a\\' %}", "a quote in a text cannot be escaped; use the other quotes"),
        ("{% if " + "a or " * 60 + "a %}{% endif %}", "is nested too deep"),
        ("{% if a %}", "cannot be read: expected tag endif"),
        ("{% break %}", "cannot be read: unexpected tag 'break'"),
    ],
)
def test_each_mistake_of_a_template_is_named_with_its_place(template, message):
    assert problems_of({"v": {"@liquid": template}}).keys() == {"v.@liquid"}
    assert message in problems_of({"v": {"@liquid": template}})["v.@liquid"]


def test_every_mistake_of_a_template_is_reported_at_once():
    with pytest.raises(MappingError) as caught:
        parse({"v": {"@liquid": "{{ a | upcse }}{{ b | map: 'x' }}{{ c | append }}"}})
    assert len(caught.value.problems) == 3


def test_a_template_knows_the_paths_that_it_reads():
    text = "{% assign x = a.b %}{{ x }}{{ l[0]['k k'] }}"
    text += "{% if o.size > n %}{{ a.b }}{{ l[i] }}{% endif %}"
    node: Any = parse({"@liquid": text})
    assert node.template.paths == (
        ("a", "b"),
        ("l", "0", "k k"),
        ("o", "size"),
        ("n",),
        ("i",),
    )
