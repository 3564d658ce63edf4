"""Envelopes of Segment's API, and files that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wharfinger
from wharfinger_host.segment.reading import read_export


def _snake(value: dict[str, Any]) -> dict[str, Any]:
    names = {
        "actionSlug": "action_slug",
        "actionId": "action_id",
        "destinationId": "destination_id",
        "modelId": "model_id",
    }
    return {names.get(key, key): inner for key, inner in value.items()}


ENVELOPES: dict[str, Callable[[Any, Any], Any]] = {
    "the two replies, joined": lambda d, s: [
        {"data": {"destination": d}},
        {"data": {"subscriptions": [s], "pagination": {"current": "MA=="}}},
    ],
    "one data object": lambda d, s: {"data": {"destination": d, "subscriptions": [s]}},
    "a client's wrapping of the reply": lambda d, s: {
        "data": {"data": {"destinations": [d], "subscriptions": [s]}}
    },
    "one subscription of its own": lambda d, s: [
        {"data": {"destination": d}},
        {"data": {"subscription": s}},
    ],
    "a subscription just made": lambda d, s: [d, {"data": {"destinationSubscription": s}}],
    "bare objects": lambda d, s: [d, s],
    "subscriptions inside": lambda d, s: {**d, "subscriptions": [s]},
    "snake case": lambda d, s: [
        {"destination": d},
        {"destination_subscriptions": [_snake(s)]},
    ],
    "as actions are run": lambda d, s: {
        "settings": d["settings"],
        "subscriptions": [
            {
                "name": s["name"],
                "subscribe": s["trigger"],
                "partnerAction": s["actionSlug"],
                "mapping": s["settings"],
            }
        ],
    },
    "fields as JSON text": lambda d, s: [d, {**s, "settings": json.dumps(s["settings"])}],
}


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
def test_every_envelope_holds_the_same(envelope: Callable[[Any, Any], Any], importing: Any) -> None:
    source, wanted = importing.destination(), importing.subscription()
    [found] = read_export(json.dumps(envelope(source, wanted)).encode()).destinations
    assert found.settings == source["settings"]
    [read] = found.subscriptions
    assert read.action[0] == "crate"
    assert (read.name, read.trigger) == (wanted["name"], wanted["trigger"])
    assert read.fields == wanted["settings"]
    assert read.enabled


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
def test_every_envelope_is_imported(envelope: Callable[[Any, Any], Any], importing: Any) -> None:
    found = importing.run(envelope(importing.destination(), importing.subscription()))
    assert found.code == 0, found.report
    assert found.mapping["name"] == "orders"
    assert found.mapping["action"] == "store-crate"


def test_subscriptions_go_to_the_destination_they_name(importing: Any) -> None:
    north, south = importing.destination(), importing.destination(id="d1", name="Depot South")
    subscriptions = [
        importing.subscription(name=name, destinationId=owner)
        for name, owner in (("a", "d1"), ("b", "d0"), ("c", "d1"))
    ]
    document = {"data": {"destinations": [north, south], "subscriptions": subscriptions}}
    found = importing.run(document)
    assert found.code == 0
    assert {c["name"]: [m["name"] for m in c["mappings"]] for c in found.report["connections"]} == {
        "depot-north": ["b"],
        "depot-south": ["a", "c"],
    }


WRONG: dict[str, tuple[Any, str]] = {
    "not JSON": (b"data: {}", "this is not JSON"),
    "half a file": (b'{"data": {"subscriptions": [{"name": "a", "tri', "ends too early"),
    "nothing at all": (b" \n", "it is empty"),
    "not UTF-8": ('{"name": "é"}'.encode("utf-16"), "is not UTF-8"),
    "an empty list": ([], "there is nothing to import"),
    "an empty list inside": (
        {"data": {"subscriptions": []}},
        "data.subscriptions: is an empty list",
    ),
    "an empty object": ({}, "is neither a destination nor a subscription"),
    "a number": (5, "must be an object or a list, but it is a number"),
    "text in a list": ([{"data": {"subscription": "a"}}], "[0].data.subscription: must be"),
    "null": ({"data": None}, "data: must be an object or a list, but it is null"),
    "something else": ({"data": {"sources": [{}]}}, "Its keys: sources."),
    "an error reply": (
        {"errors": [{"type": "forbidden", "message": "no access"}]},
        "This is an error reply, not an export. no access",
    ),
    "too deep": (b"[" * 300 + b"]" * 300, "nested deeper than"),
    "far too deep": (b"[" * 100_000, "this is not JSON"),
    "a catalogue alone": (
        {"data": {"destinationMetadata": {"actions": []}}},
        "There is no destination and no subscription in it.",
    ),
}


@pytest.mark.parametrize(("document", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_export_is_refused_with_its_place_and_nothing_is_written(
    document: Any, said: str, importing: Any, tmp_path: Path
) -> None:
    found = importing.run(document)
    assert found.code == 2
    assert said in found.said
    assert "export.json" in found.said
    assert found.said.endswith("nothing was written\n")
    assert not list(tmp_path.glob("wharfinger*"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trigger": 5}, "[1].trigger: must be text, but it is a number."),
        ({"trigger": {"type": "group"}}, "[1].trigger: must be text, but it is an object."),
        ({"name": ["a"]}, "[1].name: must be text, but it is a list."),
        ({"enabled": "yes"}, "[1].enabled: must be true or false, but it is text."),
        ({"settings": [1]}, "[1].settings: must be an object, but it is a list."),
        ({"settings": "{"}, "[1].settings: must be an object, but it is text that is not JSON"),
        ({"settings": "[]"}, "[1].settings: must be an object, but it is a list."),
        ({"actionSlug": "", "actionId": None}, "[1]: names no action"),
    ],
)
def test_wrong_types_are_named_with_their_place(
    changes: dict[str, Any], said: str, importing: Any
) -> None:
    found = importing.run([importing.destination(), importing.subscription(**changes)])
    assert found.code == 2
    assert said in found.said


def test_everything_wrong_is_said_at_once(importing: Any) -> None:
    document = [
        importing.destination(settings=[]),
        importing.subscription(trigger=1, enabled=2),
        7,
    ]
    said = importing.run(document).said
    for place in ("[0].settings", "[1].trigger", "[1].enabled", "[2]"):
        assert f"export.json: {place}: must be" in said


def test_a_file_that_is_too_large_is_refused(
    importing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wharfinger_host.segment.reading.MOST_BYTES", 1024 * 1024)
    found = importing.run(b" " * (1024 * 1024) + b"{}")
    assert found.code == 2
    assert "it is larger than 1 MB" in found.said


def test_a_list_that_goes_on_in_another_page_is_an_error(importing: Any) -> None:
    document = importing.both(importing.subscription())
    document[1]["data"]["pagination"]["next"] = "Mg=="
    found = importing.run(document)
    assert found.code == 1
    [note] = found.report["notes"]
    assert note["where"] == "[1].data.pagination"
    assert note["severity"] == "error"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "destination", "subscriptions", "trigger", "settings", "actionSlug", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused_with_reasons(document: Any) -> None:
    try:
        export = read_export(json.dumps(document).encode())
    except wharfinger.ConfigurationError as error:
        said = [problem.message for problem in error.problems]
        export = None
    assert export.destinations if export else all(said)
    assert export or said
