"""Our engine against Segment's: the same result, or a difference that has a name.

``recorded.jsonl`` holds what Segment's engine gave: the mapping, the event, and its output, or
that it failed. With ``WHARFINGER_PEER`` and ``PEER_HOME`` the engine is asked anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

RECORDED = Path(__file__).with_name("recorded.jsonl")
DIRECTIVES = {
    "@path", "@template", "@literal", "@if", "@case", "@replace", "@arrayPath", "@flatten",
    "@json", "@merge", "@transform", "@excludeWhenNull", "@liquid",
}  # fmt: skip


@pytest.fixture
def judge(our_result, agree, difference_of):
    """Return a function that names the difference of one case, ``""`` where both agree."""

    def judge(mapping: Any, event: Any, theirs: dict[str, Any]) -> str | None:
        ours = our_result(mapping, event)
        return "" if agree(ours, theirs) else difference_of(mapping, event, ours, theirs)

    return judge


@pytest.fixture(scope="session")
def recorded():
    return [json.loads(line) for line in RECORDED.read_bytes().splitlines()]


def test_recorded_cases_agree_or_differ_as_they_did(judge, recorded):
    for case in recorded:
        assert judge(case["mapping"], case["event"], _doubled(case["segment"])) == case["differs"]


def test_recorded_cases_hold_every_directive_and_most_of_them_agree(recorded):
    text = RECORDED.read_text()
    assert {name for name in DIRECTIVES if f'"{name}"' not in text} == set()
    assert len(recorded) >= 500
    assert sum(case["differs"] == "" for case in recorded) > len(recorded) / 2


def test_a_wrong_result_has_no_name(judge, our_result, recorded):
    # Where a date is odd, or a mapping refused, the name does not depend on Segment's result.
    cases = [case for case in recorded if "date" not in str(case["mapping"])]
    cases = [case for case in cases if "error" not in our_result(case["mapping"], case["event"])]
    assert len(cases) > 400
    for case in cases:
        assert judge(case["mapping"], case["event"], {"output": {"v": "wrong"}}) is None


@pytest.fixture(scope="session")
def ask_segment():
    """Return a function that runs pairs of mapping and event through Segment's engine."""
    folder = os.environ.get("WHARFINGER_PEER")
    if not folder or not os.environ.get("PEER_HOME"):
        pytest.skip("WHARFINGER_PEER and PEER_HOME name no installed engine of Segment")

    def ask(cases: list[tuple[Any, Any]]) -> list[dict[str, Any]]:
        lines = [
            orjson.dumps({"id": number, "mapping": mapping, "event": event})
            for number, (mapping, event) in enumerate(cases)
        ]
        script = ["node", str(Path(folder) / "mapping.mjs")]
        run = subprocess.run(script, input=b"\n".join(lines), capture_output=True, check=True)
        return [_answer(json.loads(line)) for line in run.stdout.splitlines()]

    return ask


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        return {"error": True}
    return dict(_doubled({"output": answer["output"]} if "output" in answer else {}))


def _doubled(value: Any) -> Any:
    """Read numbers as JavaScript means them: whole ones beyond 2**53 are doubles, too."""
    if isinstance(value, dict):
        if value.keys() == {"$number"}:
            return float(value["$number"])
        return {key: _doubled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_doubled(item) for item in value]
    big = isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53
    return float(value) if big else value


def _unnamed(judge, cases, answers) -> list[Any]:
    counts: Counter[str | None] = Counter()
    unnamed = []
    for (mapping, event), theirs in zip(cases, answers, strict=True):
        counts[name := judge(mapping, event, theirs)] += 1
        if name is None:
            unnamed.append((mapping, event, theirs))
    print(len(cases), dict(counts.most_common()))  # noqa: T201  # what -s shows is the report
    return unnamed


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("profile", ["messy", "clean"])
def test_usual_mappings_agree_with_segments_engine(ask_segment, judge, seed, profile):
    script = Path(os.environ["WHARFINGER_PEER"]) / "events.py"
    flags = ["--emit", "mapping", "--n", "1500", "--seed", str(seed), "--profile", profile]
    made = subprocess.run([sys.executable, str(script), *flags], capture_output=True, check=True)
    lines = map(orjson.loads, made.stdout.splitlines())
    cases = [(line["mapping"], line["event"]) for line in lines]
    assert _unnamed(judge, cases, ask_segment(cases)) == []


@pytest.mark.parametrize("seed", range(1, 6))
def test_random_mappings_agree_with_segments_engine(ask_segment, judge, maker, seed):
    make = maker(seed)
    cases = [make.case() for _ in range(2000)]
    assert _unnamed(judge, cases, ask_segment(cases)) == []


@pytest.mark.parametrize("seed", range(1, 6))
def test_random_liquid_agrees_with_segments_engine(ask_segment, judge, maker, seed):
    make = maker(seed)
    cases = [({"v": {"@liquid": make.liquid(2)}}, make.event()) for _ in range(1000)]
    assert _unnamed(judge, cases, ask_segment(cases)) == []


def test_the_differences_are_what_segments_engine_gives_today(ask_segment, agree):
    page = (Path(__file__).parents[4] / "docs/reference/segment-differences.md").read_text()
    blocks = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    examples = [json.loads(block) for block in blocks]
    answers = ask_segment([(example["mapping"], example["event"]) for example in examples])
    for example, answer in zip(examples, answers, strict=True):
        theirs = "fails" if "error" in answer else answer.get("output")
        assert agree(theirs, _doubled(example["segment"]))


def test_recorded_cases_are_what_segments_engine_gives_today(ask_segment, recorded):
    answers = ask_segment([(case["mapping"], case["event"]) for case in recorded])
    assert answers == [_doubled(case["segment"]) for case in recorded]
