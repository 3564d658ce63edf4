"""Options: fields that say how an action works for one mapping."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

import wharfinger
from wharfinger import Control, field, fields_of

DEFAULT = {"delivery": "once"}


def _mapping(**fields):
    return {"m": {"action": "stow", "fields": fields}}


def _problems(harbour, **fields):
    with pytest.raises(wharfinger.ConfigurationError) as caught:
        harbour(mappings=_mapping(**fields))
    return {problem.where: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize("written", ["often", {"@literal": "often"}, ["often"]])
async def test_an_option_reaches_the_payload_the_outline_and_the_batching_hook(
    harbour, track, written
):
    connection = harbour(mappings=_mapping(delivery=written))
    mapping = connection.mappings["m"]
    assert mapping.payload(track()).delivery == "often"
    assert mapping.outline.constants["delivery"] == "often"
    assert harbour.asked == [(connection.settings, {"delivery": "often"})]
    assert mapping.policy.rows == 7
    [explained] = (await connection.explain(track())).mappings
    assert explained.payload["delivery"] == "often"


@pytest.mark.parametrize("fields", [{}, {"delivery": None}])
def test_an_option_that_is_left_out_has_its_default_everywhere(harbour, track, fields):
    connection = harbour(mappings=_mapping(**fields))
    mapping = connection.mappings["m"]
    assert mapping.payload(track()).delivery == "once"
    assert mapping.outline.constants["delivery"] == "once"
    assert harbour.asked == [(connection.settings, DEFAULT)]


@pytest.mark.parametrize("value", [{"@path": "$.how"}, {"@template": "{{how}}"}])
def test_an_option_must_be_the_same_for_every_event(harbour, value):
    problems = _problems(harbour, delivery=value)
    assert problems == {
        "mappings.m.fields.delivery": "Delivery must be a fixed value, not one that differs "
        "per event."
    }
    assert [options for _, options in harbour.asked] == [DEFAULT]


def test_an_option_must_be_one_of_its_choices_and_the_hook_never_sees_another(harbour):
    [(where, message)] = _problems(harbour, delivery="twice").items()
    assert where == "mappings.m.fields.delivery"
    assert message.startswith("Delivery must be ")
    assert [options for _, options in harbour.asked] == [DEFAULT]


def test_an_option_belongs_to_its_own_action(harbour):
    ring = {"action": "ring-bell", "trigger": 'type = "track"', "fields": {"delivery": "once"}}
    with pytest.raises(wharfinger.ConfigurationError, match="Ring Bell has no field delivery"):
        harbour(mappings={"bell": ring})


def test_a_field_of_an_action_is_not_taken_for_what_steers_another_one(harbour, track):
    @attrs.define(kw_only=True)
    class Parcel:
        batch_size: str = field(label="Size", control=Control.OPTION)
        enable_batching: str = field(label="Stamp")
        delivery: str = field(label="Delivery", default="once", control=Control.OPTION)

    fields = {"batch_size": "large", "enable_batching": {"@path": "$.event"}}
    connection = harbour(mappings=_mapping(**fields), payload=Parcel, default_fields={})
    payload = connection.mappings["m"].payload(track(event="Sent"))
    assert (payload.batch_size, payload.enable_batching) == ("large", "Sent")


def test_an_action_that_is_batched_anyway_may_be_asked_to_batch(harbour):
    assert harbour(mappings=_mapping(enable_batching=True)).mappings["m"].policy.rows == 1
    assert harbour(mappings=_mapping(enable_batching={"@literal": "true"})).mappings.keys() == {"m"}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("batch_size", 5, "cannot be batched: it has no such choice"),
        ("enable_batching", "?", "must be true or false"),
        ("enable_batching", {"@path": "$.batched"}, "must be a fixed value"),
    ],
)
def test_what_else_steers_only_other_actions_is_refused(harbour, name, value, message):
    assert message in _problems(harbour, **{name: value})[f"mappings.m.fields.{name}"]


def test_a_plugin_that_describes_an_action_hears_the_defaults(harbour, plugins):
    @attrs.define(kw_only=True)
    class Made:
        sizes: list[int] = field(
            label="Sizes", default=attrs.Factory(lambda: [1]), control=Control.OPTION
        )
        delivery: str = field(label="Delivery", default="once", control=Control.OPTION)
        note: str | None = field(label="Note", default=None, control=Control.OPTION)

    harbour(mappings=_mapping(sizes=["2", 3]), payload=Made, default_fields={})
    harbour(mappings=_mapping(), payload=Made, default_fields={})
    usual = {"delivery": "once", "note": None}
    assert [options for _, options in harbour.asked] == [
        {"sizes": [2, 3], **usual},
        {"sizes": [1], **usual},
    ]


def test_an_option_may_be_of_any_type_and_travels_with_the_payload():
    @attrs.define(kw_only=True)
    class Options:
        flag: bool = field(label="Flag", default=True, control="option")
        many: list[str] = field(label="Many", control=Control.OPTION)
        table: dict[str, Any] | None = field(label="Table", default=None, control="option")
        rows: int | None = field(label="Rows", default=None, control=Control.BATCH_ROWS)

    found = {each.name: (each.control, each.in_payload) for each in fields_of(Options)}
    assert found == {
        **dict.fromkeys(("flag", "many", "table"), (Control.OPTION, True)),
        "rows": (Control.BATCH_ROWS, False),
    }
