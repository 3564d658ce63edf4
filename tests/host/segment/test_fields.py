"""What becomes of the fields of a subscription, and of all that Segment keeps among them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from wharfinger_host.segment.differences import differences

ROW = {
    "key": "orders",
    "keys": {"id": {"@path": "$.userId"}},
    "values": {"a": 1},
}


def _mapping(found: Any) -> dict[str, Any]:
    [connection] = tomllib.loads(found.text)["connections"].values()
    [mapping] = connection["mappings"].values()
    return dict(mapping)


def test_what_fits_is_taken_as_it_is(importing: Any) -> None:
    found = importing.one({**ROW, "enable_batching": True, "batch_size": 10})
    assert found.code == 0
    assert found.mapping["state"] == "taken"
    assert _mapping(found)["fields"] == {**ROW, "enable_batching": True, "batch_size": 10}
    [note] = found.notes(kind="taken")
    assert note["message"] == (
        "Taken as they are: the trigger and the fields key, keys, values, enable_batching, "
        "batch_size."
    )


def test_the_output_of_a_save_hook_becomes_a_fixed_value_and_it_is_said(importing: Any) -> None:
    hook = {"inputs": {"operation": "select"}, "outputs": {"id": "shelf-9", "name": "Orders"}}
    fields = {k: v for k, v in ROW.items() if k != "key"}
    found = importing.one({**fields, "onMappingSave": hook}, actionSlug="crateV2")
    assert found.code == 0
    assert _mapping(found)["fields"] == {**fields, "id": "shelf-9"}
    assert found.mapping["state"] == "changed"
    [note] = found.notes("onMappingSave.outputs.id")
    assert (note["kind"], note["severity"]) == ("changed", "info")
    assert 'now the fixed value of id: "shelf-9"' in note["message"]
    [note] = found.notes("onMappingSave.outputs.name")
    assert (note["kind"], note["severity"]) == ("left out", "info")


def test_the_ordinary_save_hook_counts_before_that_of_reverse_etl(importing: Any) -> None:
    hooks = {
        "retlOnMappingSave": {"outputs": {"id": "second"}},
        "onMappingSave": {"outputs": {"id": "first"}},
    }
    found = importing.one({**ROW, **hooks})
    assert _mapping(found)["fields"]["id"] == "first"
    [note] = found.notes("retlOnMappingSave.outputs.id")
    assert note["severity"] == "warning"
    assert '"second"' in note["message"]


@pytest.mark.parametrize("hook", [None, {}, {"inputs": {}}, {"outputs": {}}, {"outputs": None}])
def test_a_save_hook_without_outputs_is_left_out(importing: Any, hook: Any) -> None:
    found = importing.one({**ROW, "onMappingSave": hook})
    assert found.code == 0
    assert "id" not in _mapping(found)["fields"]
    [note] = found.notes("onMappingSave")
    assert "nothing was chosen" in note["message"]


def test_an_output_without_a_field_is_a_warning(importing: Any) -> None:
    fields = {"to": "x", "onMappingSave": {"outputs": {"id": "de-1"}}}
    found = importing.one(fields, actionSlug="callPerson")
    [note] = found.notes("onMappingSave.outputs.id")
    assert (note["kind"], note["severity"]) == ("left out", "warning")
    assert '"de-1"' in note["message"]


def test_reserved_keys_are_left_out_and_said(importing: Any) -> None:
    reserved = {
        "__segment_internal_sync_mode": "delete",
        "__segment_internal_matching_key": {"@literal": "email"},
    }
    found = importing.one({**ROW, **reserved})
    assert _mapping(found)["fields"] == ROW
    [mode] = found.notes("sync_mode")
    [key] = found.notes("matching_key")
    assert '"delete"' in mode["message"]
    assert '"email"' in key["message"]
    assert mode["severity"] == key["severity"] == "warning"


def test_a_root_directive_is_kept(importing: Any) -> None:
    fields = {
        "__segment_internal_directive": {"@transform": {"apply": {"u": {"@path": "$.userId"}}}},
        "to": {"@path": "$.u"},
    }
    found = importing.one(fields, actionSlug="callPerson")
    assert found.code == 0, found.report
    assert _mapping(found)["fields"] == fields


def test_a_field_the_action_does_not_have_is_left_out_with_those_it_has(importing: Any) -> None:
    found = importing.one({**ROW, "colour": {"@path": "$.x"}})
    assert found.code == 0
    assert "colour" not in _mapping(found)["fields"]
    [note] = found.notes("colour")
    assert note["severity"] == "warning"
    assert note["next_step"].endswith("map it to one of: key, id, keys, values.")


def test_batching_of_an_action_that_cannot_be_batched_is_left_out_with_the_reason(
    importing: Any,
) -> None:
    fields = {"to": "x", "enable_batching": True, "batch_size": 5}
    found = importing.one(fields, actionSlug="callPerson")
    assert found.code == 0
    assert _mapping(found)["fields"] == {"to": "x"}
    [note] = found.notes("enable_batching")
    assert "a person answers one call at a time" in note["message"]
    assert note["severity"] == "warning"


def test_batching_without_fields_for_it_becomes_a_batch_table(importing: Any) -> None:
    batching = {"enable_batching": True, "batch_size": "20", "batch_bytes": 5_000}
    found = importing.one({"text": "x", **batching}, actionSlug="line")
    assert found.code == 0
    assert _mapping(found)["batch"] == {"rows": 20, "bytes": 5_000}
    assert _mapping(found)["fields"] == {"text": "x"}


def test_a_bound_above_that_of_the_plugin_changes_nothing(importing: Any) -> None:
    batching = {"enable_batching": True, "batch_size": 1_000, "batch_bytes": 4_000_000}
    found = importing.one({"text": "x", **batching}, actionSlug="line")
    assert "batch" not in _mapping(found)
    [note] = found.notes("batch_size")
    assert note["message"] == "1000 is more than the 50 that travel in one request here."


def test_batching_that_is_off_stays_off(importing: Any) -> None:
    off = importing.one({"text": "x", "enable_batching": False, "batch_size": 9}, actionSlug="line")
    assert _mapping(off)["batch"] == {"rows": 1}
    off = importing.one({**ROW, "enable_batching": {"@literal": False}})
    assert _mapping(off)["fields"]["enable_batching"] is False


def test_batching_that_segment_leaves_off_is_pointed_out(importing: Any) -> None:
    [note] = importing.one(ROW).notes("enable_batching")
    assert note["kind"] == "differs"
    assert "enable_batching = false" in note["next_step"]


def test_text_that_stands_for_a_number_becomes_one(importing: Any) -> None:
    found = importing.one({**ROW, "enable_batching": "true", "batch_size": "5"})
    assert found.code == 0
    fields = _mapping(found)["fields"]
    assert (fields["enable_batching"], fields["batch_size"]) == (True, 5)


@pytest.mark.parametrize("size", ["many", -1, 0, 1.5, [5], True, "9" * 5_000, {"@path": "$.n"}])
def test_a_batch_size_that_is_no_number_is_left_out(importing: Any, size: Any) -> None:
    found = importing.one({**ROW, "enable_batching": True, "batch_size": size})
    assert found.code == 0
    assert "batch_size" not in _mapping(found)["fields"]
    [note] = found.notes("batch_size")
    assert note["severity"] == "warning"


def test_batch_keys_are_left_out(importing: Any) -> None:
    found = importing.one({**ROW, "enable_batching": True, "batch_keys": ["key"]})
    assert "batch_keys" not in _mapping(found)["fields"]
    assert found.notes("batch_keys", kind="left out")


def test_a_default_that_applies_here_and_not_in_segment_is_pointed_out(importing: Any) -> None:
    found = importing.one({}, actionSlug="callPerson")
    assert found.code == 0
    [note] = found.notes("to")
    assert note["kind"] == "differs"


def test_what_core_finds_wrong_is_in_the_report_of_the_mapping(importing: Any) -> None:
    fields = {"key": "k", "keys": {"id": {"@pathh": "$.a"}}, "values": {"a": {"@bogus": 1}}}
    found = importing.one({**fields, "enable_batching": 5})
    assert found.code == 1
    assert not found.report["ok"]
    problems = found.notes(kind="problem")
    assert {note["where"] for note in problems} == {
        "fields.keys.id.@pathh",
        "fields.values.a.@bogus",
        "fields.enable_batching",
    }
    assert all(note["severity"] == "error" for note in problems)
    assert 'Did you mean "@path"?' in problems[0]["message"] + problems[1]["message"]


def test_required_fields_that_are_missing_are_in_the_report(importing: Any) -> None:
    found = importing.one({"key": "k"})
    assert {note["where"] for note in found.notes(kind="problem")} == {
        "fields.keys",
        "fields.values",
    }


@pytest.mark.parametrize(
    ("value", "where", "said"),
    [
        ({"@path": "$.p['a.b']"}, "@path", "Segment never reaches it"),
        ({"@path": "$.p['a[0]']"}, "@path", "Segment never reaches it"),
        ({"@path": "$['o'].x"}, "@path", "right after $."),
        ({"@path": "$.traits.[vip]"}, "@path", "Segment keeps the brackets"),
        ({"@path": "$.name.length"}, "@path", "what JavaScript has"),
        ({"@path": "$.a.__proto__.b"}, "@path", "what JavaScript has"),
        ({"@template": "{{{a}}}"}, "@template", "not read as a template again"),
        ({"@template": "x {{ a['b.c'] }}"}, "@template", "Segment never reaches it"),
        ({"@arrayPath": ["$.a['b.c']"]}, "@arrayPath[0]", "Segment never reaches it"),
        ({"@if": {"exists": {"@path": "$.x"}, "then": 1, "else": 0}}, "@if.else", "0 is given"),
        ({"@if": {"exists": {"@path": "$.x"}, "then": 1, "else": ""}}, "@if.else", "Empty text"),
        ({"@if": {"exists": {"@path": "$.x"}, "then": 1, "else": None}}, "@if.else", "Null is"),
        ({"@if": {"exists": False, "then": 1}}, "@if.exists", "Segment refuses it"),
        ({"@json": {"mode": "ENCODE", "value": {"@path": "$.x"}}}, "@json.mode", '"encode" here'),
        ({"@json": {"mode": "encode", "value": 0}}, "@json.value", "Segment refuses it"),
        ({"@merge": {"objects": [{"a": 1}], "direction": "LEFT"}}, "@merge.direction", '"right"'),
        ([{"b": 2**53 + 1}], "values.a[0].b", "Segment rounds it"),
    ],
)
def test_a_mend_that_may_matter_is_found_by_looking_at_the_mapping(
    importing: Any, value: Any, where: str, said: str
) -> None:
    found = importing.one({**ROW, "values": {"a": value}})
    notes = found.notes(where, kind="differs")
    assert said in " ".join(note["message"] for note in notes)
    assert {note["severity"] for note in notes} == {"warning"}


@pytest.mark.parametrize(
    "value",
    [
        {"@path": "$.properties.total"},
        {"@path": "$.o['p q']"},
        {"@path": "$.items[0].n"},
        {"@template": "{{a}} {{ b.c }}"},
        {"@if": {"exists": {"@path": "$.x"}, "then": 1, "else": {"@path": "$.y"}}},
        {"@json": {"mode": "encode", "value": {"@path": "$.x"}}},
        {"@merge": {"objects": [{"a": 1}], "direction": "left"}},
        {"@merge": {"objects": [{"a": 1}], "direction": "right"}},
        2**53,
        False,
    ],
)
def test_what_reads_the_same_in_both_is_not_warned_of(importing: Any, value: Any) -> None:
    found = importing.one({**ROW, "values": {"a": value}})
    assert not found.notes(kind="differs", severity="warning")


@pytest.mark.parametrize("text", ["{" * 200_000, "{{a" * 50_000, "['" * 100_000, "[ " * 100_000])
def test_a_hostile_text_is_looked_at_quickly(text: str) -> None:
    mapping = {"a": {"@template": text}, "b": {"@path": text}}
    assert len(list(differences(mapping))) < 5
