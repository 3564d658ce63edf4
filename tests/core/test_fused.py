"""The one function of a mapping gives what mapping and payload class give in turn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from wharfinger.errors import PayloadError, RejectedError
from wharfinger.fused import fuse
from wharfinger.mapping import compile_mapping, parse
from wharfinger.model.action import Directive
from wharfinger.model.fields import Condition, Field, Kind, field
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload import compile_structure

NAMES = ["a", "b", "it's", "d e"]
EACH = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.sampled_from([2**70, 1.5, 2.0, 1e300, -0.0])
    | st.sampled_from(["", " ", "x", "long text", "true", "5", "1e2", "x@y.cz", "refuse me"])
    | st.sampled_from(["2030-01-31T09:30:00Z", "{{a}}", '{"a":[1]}', "\ud800", "Straße"])
)
VALUES = st.recursive(
    SCALARS | st.just(float("nan")),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
EVENTS = st.builds(
    lambda top, properties: {**top, "properties": properties}, OBJECTS, OBJECTS | VALUES
)


def _own(value):
    if value == "x":
        raise ValueError("no x, please")
    return UNSET if value == "" else value


DIRECTIVES = {"@own": Directive(name="@own", function=_own)}
PATHS = st.sampled_from(
    ["", "a", "b", "a.b", "b.a", "a.0", "['it\\'s']", "['d e']", "properties.a", "properties.b.a"]
)
DYNAMIC = (
    PATHS.map(lambda path: {"@path": path})
    | PATHS.map(lambda path: {"@template": f"{{{{{path}}}}}"})
    | PATHS.map(lambda path: {"@template": f"-{{{{{path}}}}} {{{{a}}}}"})
)


def _nested(inner):
    objects = st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    return st.one_of(
        objects,
        st.lists(inner, max_size=2),
        inner.map(lambda value: {"@own": value}),
        inner.map(lambda value: {"@excludeWhenNull": value}),
        inner.map(lambda value: {"@flatten": {"separator": "_", "value": value}}),
        inner.map(lambda value: {"@json": {"mode": "decode", "value": value}}),
        st.tuples(inner, inner, inner).map(
            lambda each: {"@if": {"exists": each[0], "then": each[1], "else": each[2]}}
        ),
        st.tuples(DYNAMIC, objects).map(
            lambda each: {"@merge": {"direction": "right", "objects": list(each)}}
        ),
        st.tuples(PATHS, objects).map(lambda each: {"@arrayPath": list(each)}),
        PATHS.map(lambda path: {"@case": {"operator": "lower", "value": {"@path": path}}}),
    )


FIELD_VALUES = SCALARS | DYNAMIC | DYNAMIC | st.recursive(SCALARS | DYNAMIC, _nested, max_leaves=6)
NUMBERS = st.sampled_from([0, 2, "2", True, {"@literal": 3}])
FITTING = {
    Kind.STRING: st.sampled_from(["x", "text", {"@template": "{{a}}-{{b}}"}]) | DYNAMIC,
    Kind.INTEGER: NUMBERS,
    Kind.NUMBER: NUMBERS,
    Kind.BOOLEAN: st.sampled_from([True, "false", 1]),
    Kind.DATETIME: st.sampled_from(["2030-01-31", 1_700_000_000]),
    Kind.OBJECT: st.just({"@path": "properties"})
    | st.dictionaries(st.sampled_from(NAMES), FIELD_VALUES, max_size=3),
}

SELDOM = st.integers(0, 5).map(lambda number: number == 5)
CONDITIONS = st.builds(
    Condition,
    st.sampled_from(NAMES[:2]),
    st.sampled_from(["absent", "present", "is", "is-not"]),
    st.sampled_from([None, "x", 1, True]),
)
DEFAULTS: dict[Kind, Any] = {
    Kind.STRING: "given",
    Kind.INTEGER: 7,
    Kind.BOOLEAN: True,
    Kind.OBJECT: attrs.Factory(lambda: {"made": ["anew"]}),
}
RULES = st.sampled_from(
    [
        {"pattern": "[a-z ]*"},
        {"choices": ("x", "true", "5")},
        {"format": "email"},
        {"check": lambda text: "It must not be x." if text == "x" else None},
    ]
)


@st.composite
def facts(draw, *, top=True):
    kind = draw(st.sampled_from([*[Kind.STRING] * 6, *Kind] if top else list(Kind)[:-1]))
    multiple = draw(SELDOM)
    fact = {"label": draw(st.sampled_from("KLMN")), "kind": kind, "multiple": multiple}
    if (kind not in (Kind.BOOLEAN, Kind.DATETIME) or multiple) and draw(SELDOM):
        fact |= draw(st.sampled_from([{"minimum": 1}, {"maximum": 3}, {"minimum": 0}]))
    if kind is Kind.STRING and draw(SELDOM):
        fact |= draw(RULES)
    fact["required"] = draw(st.sampled_from([False] * 4 + [True]) | CONDITIONS)
    fact["allow_null"] = draw(SELDOM)
    if top and kind is Kind.OBJECT and draw(st.booleans()):
        fact["properties"] = {name: Field(**draw(facts(top=False))) for name in NAMES[:3]}
        fact["additional_properties"] = draw(st.booleans())
    if top and kind in DEFAULTS and not multiple and draw(st.booleans()):
        fact["default"] = DEFAULTS[kind]
    if top and kind is Kind.STRING and draw(SELDOM):
        fact["secret"] = True
    return fact


ANNOTATIONS = {
    Kind.STRING: str,
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.NUMBER: float,
    Kind.BOOLEAN: bool,
    Kind.DATETIME: datetime,
    Kind.OBJECT: dict[str, Any],
}


def _refuse(instance):
    if any(getattr(instance, each.name) == "refuse me" for each in attrs.fields(type(instance))):
        raise ValueError("it says so itself")


def make_class(facts_by_name: Mapping[str, dict[str, Any]]) -> type[Any]:
    """Make a payload class, one of whose rules is its own."""
    annotations, members = {}, {}
    for index, (name, fact) in enumerate(facts_by_name.items()):
        given = {"name": name, **fact}
        if given["required"] is not True:
            given = {"default": None, **given}
        single = Secret if given.pop("secret", False) else ANNOTATIONS[given["kind"]]
        annotations[f"f{index}"] = list[single] if given["multiple"] else single  # type: ignore[valid-type]  # made at run time
        members[f"f{index}"] = field(**given)
    body = {"__annotations__": annotations, **members, "__attrs_post_init__": _refuse}
    return attrs.define(kw_only=True)(type("Made", (), body))


@st.composite
def fields_and_classes(draw):
    """Draw the fields of a mapping and a class, which fit one another more often than not."""
    drawn = {name: draw(facts()) for name in NAMES}
    fields = {}
    for name, fact in drawn.items():
        if fact["required"] is True or draw(st.booleans()):
            values = FIELD_VALUES if draw(SELDOM) else FITTING.get(fact["kind"], FIELD_VALUES)
            fields[name] = draw(values)
    return fields, make_class(drawn)


@st.composite
def mappings_and_classes(draw):
    """Draw mappings that cannot be fused, too."""
    fields, cls = draw(fields_and_classes())
    transform = {"@transform": {"apply": {"a": {"@path": "b"}}, "mapping": fields}}
    unknown = {**fields, "unknown": draw(FIELD_VALUES)}
    others = [transform, unknown, {"@own": fields}, {"@path": "properties"}]
    return draw(st.sampled_from([*[fields] * 8, *others])), cls


def outcome_of(function, given_event):
    """Return all that can be told of an instance, or of why there is none."""
    try:
        made = function(given_event)
    except RejectedError as error:
        problems = error.problems if isinstance(error, PayloadError) else ()
        return type(error), error.code, error.message, problems
    values = [getattr(made, each.name) for each in attrs.fields(type(made))]
    plain = [value.reveal() if isinstance(value, Secret) else value for value in values]
    return repr(made), repr(plain), list(map(type, values))


@given(mappings_and_classes(), EVENTS)
@EACH
def test_it_gives_what_mapping_and_structure_give_in_turn(drawn, given_event):
    mapping, cls = drawn
    node = parse(mapping, directives=DIRECTIVES)
    fields, structure = compile_mapping(node).function, compile_structure(cls)
    before = repr(given_event)
    expected = outcome_of(lambda given_event: structure(fields(given_event)), given_event)
    fused = fuse(node, cls).function
    assert outcome_of(fused, given_event) == expected
    assert outcome_of(fused, given_event) == expected
    assert repr(given_event) == before
    event("an instance" if len(expected) == 3 else expected[1])


@pytest.mark.parametrize("not_an_event", [None, [], "event", 5, UNSET])
def test_what_is_no_event_is_refused_in_the_same_words(not_an_event):
    cls = make_class({"a": {"label": "A", "kind": "string", "multiple": False, "required": True}})
    node = parse({"a": {"@path": "$.a"}})
    with pytest.raises(RejectedError) as expected:
        compile_mapping(node).function(not_an_event)
    with pytest.raises(RejectedError) as found:
        fuse(node, cls).function(not_an_event)
    assert str(found.value) == str(expected.value)


def _containers(value):
    if isinstance(value, (dict, list)):
        yield id(value)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


@pytest.mark.parametrize(
    "value",
    [
        {"@path": "properties"},
        {"@if": {"exists": True, "then": {"@path": "properties"}}},
        {"@excludeWhenNull": {"@path": "properties"}},
        {"@own": {"@path": "properties"}},
    ],
)
def test_an_object_out_of_the_event_is_copied(value):
    fact = {"label": "A", "kind": Kind.OBJECT, "multiple": False, "required": False}
    made = fuse(parse({"a": value}, directives=DIRECTIVES), make_class({"a": fact})).function
    given_event = {"properties": {"b": 1}}
    assert made(given_event).f0 == {"b": 1}
    made(given_event).f0.clear()
    assert given_event == {"properties": {"b": 1}}


@given(fields_and_classes(), EVENTS)
@EACH
def test_objects_and_lists_of_a_payload_are_its_own(drawn, given_event):
    mapping, cls = drawn
    fused = fuse(parse(mapping, directives=DIRECTIVES), cls).function
    try:
        first, second = fused(given_event), fused(given_event)
    except RejectedError:
        return
    foreign = set(_containers(given_event))
    for each in attrs.fields(cls):
        value, again = getattr(first, each.name), getattr(second, each.name)
        if isinstance(value, (dict, list)):
            assert value is not again
            assert id(value) not in foreign


def test_a_constant_is_checked_once_and_not_for_each_event():
    checked: list[Any] = []
    fact = {"label": "A", "kind": "string", "required": True, "check": checked.append}
    cls = make_class({"a": {**fact, "multiple": False}, "b": {**fact, "multiple": False}})
    fused = fuse(parse({"a": "main", "b": {"@path": "$.t"}}), cls).function
    assert checked == ["main"]
    assert [fused({"t": text}).f0 for text in ("one", "two")] == ["main", "main"]
    assert checked == ["main", "one", "two"]


def test_a_secret_constant_is_not_in_the_source():
    cls = make_class(
        {"a": {"label": "A", "kind": "string", "multiple": False, "required": True, "secret": True}}
    )
    fused = fuse(parse({"a": "key-0123"}), cls)
    assert "key-0123" not in fused.source
    assert fused.function({}).f0.reveal() == "key-0123"


@given(st.text(), st.text())
@settings(deadline=None)
def test_no_text_becomes_code(name, text):
    fact = {"label": text, "kind": "string", "multiple": False, "required": False}
    cls = make_class({f"-{name}": fact, f"-{name}'": {**fact, "choices": (text,)}})
    node = parse({f"-{name}": text, f"-{name}'": {"@template": text}})
    fused = fuse(node, cls).function
    expected = outcome_of(lambda _: compile_structure(cls)(compile_mapping(node).function({})), {})
    assert outcome_of(fused, {}) == expected
    assert fused.__globals__["__builtins__"] == {}
