"""Where our reading and Segment's part on recorded events, a documented class says why.

The classes are the codes of the linter; `docs/reference/triggers` explains each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from wharfinger.errors import TriggerError
from wharfinger.trigger import compile_trigger, lint_trigger, read_as_segment
from wharfinger.trigger.lint import RULES

CASES = [
    orjson.loads(line)
    for line in Path(__file__).with_name("segment_cases.jsonl").read_bytes().splitlines()
]


@cache
def predicate(text: str) -> Any:
    try:
        return compile_trigger(text)
    except TriggerError:
        return lambda _event: False


@cache
def classes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(remark.code for remark in lint_trigger(text)))


def differences() -> Counter[str]:
    """Count the recorded cases that differ, by each class that the trigger falls under."""
    found: Counter[str] = Counter()
    for case in CASES:
        if predicate(case["trigger"])(case["event"]) is not case.get("takes", False):
            found.update(classes(case["trigger"]) or ["unexplained"])
            found["all"] += 1
    return found


# What the recorded cases differ in; a case under two classes counts in both.
COUNTS = {
    "all": 72,
    "unknown-field": 16,
    "negation-of-missing": 11,
    "order-of-no-number": 10,
    "argument-as-text": 9,
    "item-of-list": 6,
    "brackets": 5,
    "call-in-group": 5,
    "negated-group": 5,
    "not-a-number": 5,
    "unquoted-argument": 5,
    "unquoted-text": 5,
    "call-on-type": 4,
    "function": 4,
    "inherited-name": 4,
    "mixed-connectives": 4,
    "pattern": 4,
    "space-after-negation": 4,
    "single-quotes": 3,
    "below-text": 2,
    "call-argument": 2,
    "escaped-dot": 2,
    "membership": 2,
    "not-a-bool": 2,
    "number-or-bool-as-text": 2,
    "operator-without-space": 2,
    "other-operator": 2,
    "quote-without-space": 2,
    "segment-differs": 2,
    "dangling-connective": 1,
    "escape-in-text": 1,
    "exponent": 1,
    "extra-parenthesis": 1,
    "key-is-a-word": 1,
    "list-value": 1,
    "lone-field": 1,
    "nested-group": 1,
    "not-word": 1,
    "upper-case-word": 1,
    "value-first": 1,
    "whole-object": 1,
}


@pytest.fixture(scope="module")
def counted():
    return differences()


@pytest.mark.parametrize(("code", "cases"), COUNTS.items())
def test_recorded_cases_differ_by_a_documented_class(counted, code, cases):
    assert counted[code] == cases


def test_no_recorded_case_differs_for_another_reason(counted):
    assert counted.keys() == COUNTS.keys()
    assert counted["unexplained"] == 0


def test_most_recorded_cases_agree(counted):
    assert counted["all"] / len(CASES) < 1 / 5


@pytest.mark.parametrize("profile", ["messy", "clean"])
@pytest.mark.parametrize("seed", range(1, 7))
def test_random_cases_agree_or_differ_by_a_documented_class(seed, profile):
    folder = os.environ.get("WHARFINGER_PEER")
    if not folder:
        pytest.skip("WHARFINGER_PEER names no folder that makes random cases")
    flags = ["--emit", "fql", "--n", "2000", "--seed", str(seed), "--profile", profile]
    script = [sys.executable, str(Path(folder) / "events.py"), *flags]
    run = subprocess.run(script, capture_output=True, check=True)
    known = {rule.code for rule in RULES}

    for case in map(orjson.loads, run.stdout.splitlines()):
        text, event = case["fql"], case["event"]
        if predicate(text)(event) is not read_as_segment(text).takes(event):
            assert classes(text), case
            assert set(classes(text)) <= known, case
