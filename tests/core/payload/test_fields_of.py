from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from wharfinger.model.fields import Control, Field, Kind, field, when_absent
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET, Unset
from wharfinger.payload import fields_of

if TYPE_CHECKING:
    from decimal import Decimal


@attrs.define(kw_only=True)
class Everything:
    text_field: str = field(name="text", label="Text", kind="text")
    whole: int | None = field(label="Whole", default=None)
    ratio: float = field(label="Ratio", default=0.5)
    either: int | float = field(label="Either", default=0)
    flag: bool = field(label="Flag", default=False, control="batching")
    moment: datetime | None = field(label="Moment", default=None)
    entries: dict[str, Any] = field(
        label="Entries", properties={"inner": Field(label="Inner", required=True)}
    )
    other: Mapping[str, Any] | None = field(label="Other", default=None)
    token: Secret = field(label="Token")
    names: list[str] = field(label="Names")
    tokens: list[Secret] | None = field(label="Tokens", default=None)
    free: Any = field(label="Free", kind="integer", multiple=True, default=None)
    null: str | Unset | None = field(label="Null", default=UNSET, allow_null=True)
    not_ours: int = 3


def test_a_field_is_completed_from_its_annotation():
    fields = {each.attribute: each for each in fields_of(Everything)}
    assert "not_ours" not in fields
    assert [each.name for each in fields.values()] == ["text", *list(fields)[1:]]
    assert {name: each.kind for name, each in fields.items()} == {
        "text_field": Kind.TEXT,
        "whole": Kind.INTEGER,
        "ratio": Kind.NUMBER,
        "either": Kind.NUMBER,
        "flag": Kind.BOOLEAN,
        "moment": Kind.DATETIME,
        "entries": Kind.OBJECT,
        "other": Kind.OBJECT,
        "token": Kind.STRING,
        "names": Kind.STRING,
        "tokens": Kind.STRING,
        "free": Kind.INTEGER,
        "null": Kind.STRING,
    }
    assert [name for name, each in fields.items() if each.multiple] == ["names", "tokens", "free"]
    assert [name for name, each in fields.items() if each.secret] == ["token", "tokens"]
    assert [name for name, each in fields.items() if each.required] == [
        "text_field",
        "entries",
        "token",
        "names",
    ]
    assert [name for name, each in fields.items() if each.allow_null] == ["null"]
    assert fields["flag"].control is Control.BATCHING
    assert fields["entries"].properties["inner"].name == "inner"


def test_the_fields_of_a_class_are_read_once():
    assert fields_of(Everything) is fields_of(Everything)


def _class(annotation, **facts):
    members = {"__annotations__": {"f": annotation}, "f": field(label="F", **facts)}
    return attrs.define(type("Wrong", (), members))


@pytest.mark.parametrize(
    ("annotation", "facts", "words"),
    [
        (bytes, {}, "no field can be annotated"),
        (tuple[str, ...], {}, "no field can be annotated"),
        (dict[str, int], {}, "no field can be annotated"),
        (str | int, {}, "no field can be annotated"),
        (list[list[str]], {}, "no field can be annotated"),
        (str, {"multiple": True}, "needs a list"),
        (str, {"secret": True}, "needs Secret"),
        (str, {"kind": "integer"}, "does not agree"),
        (int, {"kind": "number"}, "does not agree"),
        (bool, {"minimum": 1}, "mean nothing for a boolean"),
        (datetime, {"maximum": 1}, "mean nothing for a datetime"),
        (int, {"minimum": 2, "maximum": 1}, "minimum is above maximum"),
        (int, {"pattern": "x"}, "mean nothing for a integer"),
        (str, {"pattern": "("}, "not a regular expression"),
        (str, {"properties": {"a": Field(label="A")}}, "has no properties"),
        (str, {"control": "batching"}, "does not suit a string"),
        (dict[str, Any], {"default": {}}, "use attrs.Factory"),
        (int, {"default": attrs.Factory(id, takes_self=True)}, "made from the instance"),
        (str, {"required": when_absent("g")}, "which is no field"),
        (
            dict[str, Any],
            {"properties": {"a": Field(label="A", required=when_absent("b"))}},
            "which is no field",
        ),
        (
            dict[str, Any],
            {"properties": {"a": Field(label="A", kind="object", minimum=2, maximum=1)}},
            "f.a",
        ),
    ],
)
def test_a_class_that_makes_no_sense_is_refused(annotation, facts, words):
    with pytest.raises(TypeError, match=words) as caught:
        fields_of(_class(annotation, **facts))
    assert "Wrong" in str(caught.value)
    assert "f" in str(caught.value)


def test_a_class_that_is_none_is_refused():
    nones: list[Any] = [dict, Everything.__init__, "x", None]
    for none in nones:
        with pytest.raises(TypeError, match="is not an attrs class"):
            fields_of(none)


def test_an_attribute_nobody_can_fill_is_refused():
    @attrs.define
    class Plain:
        a: int

    with pytest.raises(TypeError, match=r"Plain\.a has no default and is not made with"):
        fields_of(Plain)


def test_an_annotation_that_exists_for_type_checkers_only_is_refused_with_the_reason():
    @attrs.define
    class Hidden:
        a: Decimal = field(label="A")

    with pytest.raises(TypeError, match="an annotation names Decimal"):
        fields_of(Hidden)


def test_two_fields_of_one_name_are_refused():
    @attrs.define
    class Twice:
        a: str = field(label="A", name="x")
        x: str = field(label="X")

    with pytest.raises(TypeError, match="two fields are named 'x'"):
        fields_of(Twice)
