"""The second reading of a trigger does what Segment's engine does, bit for bit.

``segment_cases.jsonl`` holds what the engine itself said of each case: its tree and its answer,
or the message of its error. With ``WHARFINGER_PEER`` the engine is asked anew.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.errors import TriggerError
from wharfinger.trigger import compile_trigger, read_as_segment
from wharfinger.trigger.segment import SegmentCondition, SegmentNode
from wharfinger.trigger.segment.javascript import (
    from_units,
    member,
    number_text,
    to_number,
    unit_positions,
    units,
)

CASES = Path(__file__).with_name("segment_cases.jsonl").read_bytes().splitlines()
TRACK = {"type": "track", "event": "A"}


def as_json(node: SegmentNode) -> Any:
    """Return a tree as Segment's engine would print it."""
    if node is None:
        return None
    if not isinstance(node, SegmentCondition):
        children = [as_json(child) for child in node.children]
        return {"type": "group", "operator": node.operator, "children": children}
    tree: dict[str, Any] = {"type": node.kind, "operator": node.operator}
    if node.name is not None:
        tree["name"] = from_units(node.name)
    if node.value is not None:
        tree["value"] = from_units(node.value) if isinstance(node.value, str) else node.value
        if isinstance(node.value, float) and not math.isfinite(node.value):
            tree["value"] = None
    return tree


def agrees(case: dict[str, Any]) -> bool:
    trigger = read_as_segment(case["trigger"])
    if "error" in case:
        return trigger.error == case["error"] and not trigger.takes(case["event"])
    if trigger.error or ("tree" in case and as_json(trigger.tree) != case["tree"]):
        return False
    stops = trigger.stops(case["event"])
    return stops == case.get("stops") and trigger.takes(case["event"]) is case.get("takes", False)


@pytest.mark.parametrize("line", CASES, ids=lambda line: orjson.loads(line)["trigger"][:40])
def test_what_segments_engine_said_is_what_we_say(line):
    assert agrees(orjson.loads(line))


def test_the_recorded_cases_hold_all_that_can_happen():
    cases = [orjson.loads(line) for line in CASES]

    assert sum("error" in case for case in cases) > 50
    assert sum("stops" in case for case in cases) > 5
    assert sum(case.get("takes") is True for case in cases) > 150
    assert sum(case.get("takes") is False for case in cases) > 150


# --- the engine itself ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ask_segment():
    """Return a function that runs cases of trigger and event through Segment's engine."""
    folder = os.environ.get("WHARFINGER_PEER")
    if not folder or not os.environ.get("PEER_HOME"):
        pytest.skip("WHARFINGER_PEER and PEER_HOME name no installed engine of Segment")

    def ask(lines: bytes) -> list[dict[str, Any]]:
        script = ["node", str(Path(folder) / "fql.mjs"), "--ast"]
        run = subprocess.run(script, input=lines, capture_output=True, check=True)
        return [_recorded(orjson.loads(line)) for line in run.stdout.splitlines()]

    return ask


def _recorded(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    found = {"error" if error["stage"] == "parse" else "stops": error["message"]} if error else {}
    kept = {"tree": "ast", "takes": "match"}
    return found | {name: answer[key] for name, key in kept.items() if key in answer}


@pytest.fixture(scope="session")
def random_cases():
    """Return a function that makes lines of random cases from a seed."""

    def make(seed: int, profile: str) -> bytes:
        script = Path(os.environ["WHARFINGER_PEER"]) / "events.py"
        flags = ["--emit", "fql", "--n", "2000", "--seed", str(seed), "--profile", profile]
        return subprocess.run(
            [sys.executable, str(script), *flags], capture_output=True, check=True
        ).stdout

    return make


@pytest.mark.parametrize("profile", ["messy", "clean"])
@pytest.mark.parametrize("seed", range(1, 6))
def test_on_random_events_we_say_what_segments_engine_says(
    ask_segment, random_cases, seed, profile
):
    lines = random_cases(seed, profile)
    cases = [orjson.loads(line) for line in lines.splitlines()]

    for case, answer in zip(cases, ask_segment(lines), strict=True):
        assert agrees({"trigger": case["fql"], "event": case["event"], **answer}), case


def test_the_recorded_cases_are_what_segments_engine_says_today(ask_segment):
    cases = [orjson.loads(line) for line in CASES]
    lines = b"\n".join(
        orjson.dumps({"id": number, "fql": case["trigger"], "event": case["event"]})
        for number, case in enumerate(cases)
    )
    answers = ask_segment(lines)

    for case, answer in zip(cases, answers, strict=True):
        told = {key: answer[key] for key in ("error", "stops", "takes") if key in answer}
        assert told == {key: case[key] for key in ("error", "stops", "takes") if key in case}


# --- what a user of it can rely on --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("type = 'track'", """type = "'track'\""""),
        ('!(type = "track")', 'type = "track"'),
        ('type="track" and event="A" or event="B"', 'type = "track" or event = "A" or event = "B"'),
        ('match(event, "a?b")', 'match(event, "*\\\\?b")'),
        ('contains(event, "x")', 'typeof(event) = "string" and contains(event, "x")'),
        ("properties.a != 5", 'typeof(properties.a) = "number" and properties.a != 5'),
        ("properties = null", "properties.properties = null"),
        ('messageId = "x" and userId != null', "userId != null"),
        ('type in ["a"]', "bool(false)"),
        ("properties.a > +", "bool(false)"),
        ('properties.a < "Infinity"', 'typeof(properties.a) = "number"'),
        ("a = 1", "bool(false)"),
        (r"properties\. != x", "bool(true)"),
        (r"properties.\. != x", "bool(false)"),
        ('() and type = "track"', 'bool(false) and type = "track"'),
        (
            'type = "track" and (event = "a" or event = "b")',
            'type = "track" and (event = "a" or event = "b")',
        ),
    ],
)
def test_a_description_says_in_the_documented_language_what_segment_does(text, described):
    assert read_as_segment(text).describe() == described
    compile_trigger(described)


def test_segment_raises_for_no_event_and_so_takes_none():
    trigger = read_as_segment('type = "track"')

    assert trigger.stops(None) == "Cannot read properties of null (reading 'type')"
    assert not trigger.takes(None)
    assert trigger.stops(TRACK) is None


def test_an_engine_that_stops_on_the_way_takes_nothing():
    trigger = read_as_segment('() or type = "track"')

    assert trigger.stops(TRACK) is not None
    assert not trigger.takes(TRACK)
    assert read_as_segment('type = "track" or ()').takes(TRACK)


WORDS = st.sampled_from(
    [
        *('type = "x"', 'event != "x"', "userId = null", "name != null", "properties.a = 5"),
        *("properties.a != 5", "traits.a > 2.5", "context.b = true", "properties.a != true"),
        *('contains(properties.a, "x")', '!contains(event, "x")', 'match(name, "x*")'),
        *('match(event, "*x")', '!match(properties.a, "a?*")', "messageId = 5", "(", ")", "!("),
        *("and", "or", "not", "AND", "==", "<", "null", '"x"', "'x'", "5", "-", ".", ",", "[", "]"),
        *("type", "properties.a", "traits", r"context.b\.c", "contains(", "match(", "in", "x"),
    ]
)
LEAVES = st.sampled_from(["x", "ax", "xa", "", "5", "true", "null", 5, 7, -1, 2.5, True, False])
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "traits"]), LEAVES | st.none(), max_size=3)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["x", "track", "=", "'x'"])},
    optional={
        "event": st.sampled_from(["x", "ax", "5", "eos", "null"]),
        "name": st.sampled_from(["x", "xa", ""]),
        "userId": LEAVES,
        "properties": OBJECTS,
        "traits": OBJECTS,
        "context": OBJECTS,
    },
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=8).map(" ".join), st.lists(EVENTS, min_size=1, max_size=4))
def test_a_description_takes_the_events_that_segment_takes(text, events):
    trigger = read_as_segment(text)
    try:
        takes = compile_trigger(trigger.describe())
    except TriggerError as error:
        pytest.fail(f"{trigger.describe()} is no trigger: {error}")

    for event in events:
        if trigger.stops(event) is None:
            assert takes(event) is trigger.takes(event)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30), st.none() | st.integers() | st.text(max_size=3) | EVENTS)
def test_every_text_is_read_and_every_event_answered(text, event):
    trigger = read_as_segment(text)

    assert (trigger.error is None) is (trigger.tree is not None)
    assert trigger.takes(event) in (True, False)
    compile_trigger(trigger.describe())


@pytest.mark.parametrize(
    ("trigger", "event"),
    [
        ("properties.a.length = 2", {"properties": {"a": "😀"}}),
        ('properties.a.constructor.name = "String"', {"properties": {"a": "x"}}),
        ('properties.a.link.name = "link"', {"properties": {"a": "x"}}),
        ("properties.a.toFixed.length = 1", {"properties": {"a": 5}}),
        ("properties.a.valueOf != null", {"properties": {"a": True}}),
        ("properties.a.toSorted != null", {"properties": {"a": []}}),
        ("properties.__proto__.toString != null", {"properties": {}}),
        ("properties.__proto__.__proto__ = null", {"properties": {}}),
        ("properties.a.__proto__.__proto__.valueOf != null", {"properties": {"a": "x"}}),
        ("properties.toString.__proto__.call != null", {"properties": {}}),
        (r'properties.a\[1\] = "c"', {"properties": {"a": ["b", "c"]}}),
        (r"properties.a\[01\] = null", {"properties": {"a": ["b", "c"]}}),
        (r'properties.a\[1\] = "c"', {"properties": {"a": "bc"}}),
        ("properties.a.b = 0", {"properties": {"a": 0}}),
        ("properties.toString = null", {"properties": {"toString": None}}),
        ('match(event, "😀x")', {"event": "\ude00x"}),
        ("properties.a = 9007199254740992", {"properties": {"a": 2**53 + 1}}),
        ("properties.a > 5", {"properties": {"a": 10**400}}),
    ],
)
def test_what_javascript_finds_in_a_value_segment_finds(trigger, event):
    assert read_as_segment(trigger).takes(event)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("", 0.0), (" \ufeff7\n", 7.0), ("0x1F", 31.0), ("0b11", 3.0), ("0o17", 15.0)),
        *(("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("-Infinity", -math.inf)),
        *(("Infinity", math.inf), ("0x" + "f" * 400, math.inf), ("9" * 400, math.inf)),
    ],
)
def test_a_text_becomes_the_number_javascript_makes_of_it(text, number):
    assert to_number(text) == number


@pytest.mark.parametrize("text", ["x", "1_0", "1e", "0x", "--1", "infinity", "nan", "1 2", "+0x1"])
def test_a_text_that_is_no_number_to_javascript_becomes_none(text):
    assert math.isnan(to_number(text))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((5.0, "5"), (-0.0, "0"), (0.1, "0.1"), (1e20, "1" + "0" * 20), (1e21, "1e+21")),
        *((1.5e300, "1.5e+300"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.25e-10, "1.25e-10")),
        *(
            (math.nan, "NaN"),
            (-math.inf, "-Infinity"),
            (123456789012345680000.0, "123456789012345680000"),
        ),
    ],
)
def test_a_number_becomes_the_text_javascript_makes_of_it(number, text):
    assert number_text(number) == text


@given(st.text())
def test_taking_a_text_apart_and_together_again_changes_nothing(text):
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    assert from_units(units(whole)) == whole
    assert len(units(whole)) == len(whole.encode("utf-16-le")) // 2
    places = unit_positions(whole)
    assert places is None or len(places) == len(units(whole)) + 1


def test_places_are_those_of_the_text_as_written():
    trigger = read_as_segment('type = "😀" ')

    assert trigger.tree is not None
    (condition,) = trigger.tree.children
    assert isinstance(condition, SegmentCondition)
    assert condition.span == (0, 10)


def test_what_is_no_json_has_no_members():
    assert member(b"x", "length") is None
    assert member(None, "x") is None
