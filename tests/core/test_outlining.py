"""An outline says what every payload of a mapping holds, and no more than that."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wharfinger
from wharfinger import Action, Control, Effect, Field, field
from wharfinger.errors import PayloadError
from wharfinger.fused import fuse
from wharfinger.mapping import parse
from wharfinger.outlining import outline_of


async def _perform(session, batch):
    raise AssertionError("an outline sends nothing")


@attrs.define(kw_only=True)
class Payload:
    key: str | None = field(label="Key", default=None)
    number: int | None = field(label="Number", default=3)
    names: list[str] | None = field(label="Names", default=None)
    values: dict[str, Any] | None = field(label="Values", default=None)
    keys: dict[str, Any] = field(
        label="Keys",
        default=attrs.Factory(lambda: {"made": "anew"}),
        properties={"contactKey": Field(label="Contact Key", default="nobody")},
    )
    mode: str = field(label="Mode", default="sync", control=Control.OPTION)
    rows: int | None = field(label="Rows", default=50, control=Control.BATCH_ROWS)


ACTION = Action(
    destination="acme",
    slug="act",
    title="Act",
    payload=Payload,
    perform=_perform,
    effect=Effect.IDEMPOTENT,
)
DEFAULTS = {"number": 3, "keys": {"made": "anew"}, "mode": "sync"}
FIELDS = ("key", "number", "names", "values", "keys", "mode")
PATH = {"@path": "$.userId"}


def _outline(fields):
    return outline_of("m", ACTION, fields)


def test_what_a_mapping_does_not_say_is_there_by_default_and_what_steers_batching_is_not():
    outline = _outline({})
    assert (outline.mapping, outline.action, outline.constants) == ("m", "act", DEFAULTS)
    assert (outline.mapped, outline.properties) == (frozenset(), {"keys": ("made",)})


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ({"key": "orders"}, {"key": "orders"}),
        ({"key": 5}, {"key": "5"}),
        ({"number": "7"}, {"number": 7}),
        ({"number": None}, {"number": 3}),
        ({"number": ""}, {"number": 3}),
        ({"names": "one"}, {"names": ["one"]}),
        ({"names": ["one", {"@literal": "two"}]}, {"names": ["one", "two"]}),
        ({"key": {"@literal": "orders"}}, {"key": "orders"}),
        ({"key": {"@literal": "orders", "_metadata": {"label": "x"}}}, {"key": "orders"}),
        ({"values": {"a": {"b": [1, {"c": 2}]}}}, {"values": {"a": {"b": [1, {"c": 2}]}}}),
        ({"values": {"@literal": {"a": 1}}}, {"values": {"a": 1}}),
        ({"values": {"a": {"@literal": {"b": 1}}}}, {"values": {"a": {"b": 1}}}),
        ({"keys": {"id": "x"}}, {"keys": {"id": "x", "contactKey": "nobody"}}),
        ({"mode": "async"}, {"mode": "async"}),
    ],
)
def test_a_constant_is_told_as_the_payload_holds_it(written, held):
    outline = _outline(written)
    assert outline.constants == {**DEFAULTS, **held}
    assert outline.mapped == frozenset()


@pytest.mark.parametrize(
    "value",
    [PATH, {"@literal": PATH}, {"@template": "a"}, [PATH], {"a": {"b": PATH}}, {"a": [1, PATH]}],
)
def test_a_field_with_anything_in_it_that_an_event_decides_is_mapped(value):
    outline = _outline({"values": value, "key": "orders"})
    assert outline.mapped == {"values"}
    assert outline.constants == {**DEFAULTS, "key": "orders"}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"a": PATH, "b": 1, "c": {"d": PATH}}, ("a", "b", "c")),
        ({"@literal": {"a": 1}}, ("a",)),
        ({}, ()),
        ({"__segment_internal_x": PATH}, ("__segment_internal_x",)),
    ],
)
def test_an_object_that_is_written_out_has_its_names_told(value, names):
    assert _outline({"values": value}).properties["values"] == names


@pytest.mark.parametrize(
    "value", [PATH, {"@merge": {"direction": "left", "objects": [PATH, PATH]}}]
)
def test_an_object_whose_names_an_event_decides_has_none_told(value):
    outline = _outline({"values": value, "keys": value})
    assert outline.properties == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"@path": "$.properties"},
        {"@literal": {"key": "orders"}},
        {"__segment_internal_directive": {"@own": {}}, "key": "orders"},
    ],
)
def test_where_a_directive_makes_the_whole_payload_nothing_is_known(fields):
    outline = _outline(fields)
    assert outline.mapped == {*FIELDS}
    assert (outline.constants, outline.properties) == ({}, {})


def test_a_transformed_event_leaves_constants_as_they_are():
    fields = {
        "__segment_internal_directive": {"@transform": {"apply": {"userId": "x"}}},
        "key": "orders",
        "values": {"a": PATH},
    }
    outline = _outline(fields)
    assert outline.constants == {**DEFAULTS, "key": "orders"}
    assert (outline.mapped, outline.properties["values"]) == ({"values"}, ("a",))


def test_what_segment_keeps_in_a_mapping_for_itself_is_no_field(connect):
    fields = {
        "board": "main",
        "__segment_internal_syncMode": "upsert",
        "retlOnMappingSave": {"inputs": {}, "outputs": {"text": "chosen"}},
    }
    mappings = {"notes": {"action": "send-note", "fields": fields}}
    outline = connect(mappings=mappings).mappings["notes"].outline
    assert outline == wharfinger.Outline(
        mapping="notes",
        action="send-note",
        constants={"board": "main", "text": "chosen"},
        mapped=frozenset({"author"}),
    )


VALUES = st.recursive(
    st.sampled_from([None, True, 0, 7, 1.5, "", " ", "x", "7", PATH, {"@path": "$.absent"}]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
        | inner.map(lambda value: {"@literal": value})
    ),
    max_leaves=4,
)


@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6),
    events=st.lists(st.fixed_dictionaries({"userId": st.sampled_from(["u", 7, None])}), max_size=3),
)
def test_every_payload_holds_the_constants_and_names_of_the_outline(fields, events):
    outline = _outline(fields)
    function = fuse(parse(fields), Payload).function
    assert outline.constants.keys().isdisjoint(outline.mapped)
    for event in events:
        try:
            payload = function(event)
        except PayloadError:
            continue
        for name, value in outline.constants.items():
            assert (type(getattr(payload, name)), getattr(payload, name)) == (type(value), value)
        for name in {*FIELDS} - outline.constants.keys() - outline.mapped:
            assert getattr(payload, name) is None
        for name, entries in outline.properties.items():
            named = {*entries, "contactKey", "made"}
            assert (getattr(payload, name) or {}).keys() <= named
