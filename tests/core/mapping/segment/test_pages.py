"""Every example of the two pages about field mappings gives what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wharfinger.errors import MappingError, RejectedError
from wharfinger.mapping import BUILT_IN

PAGES = Path(__file__).parents[4] / "docs/reference"
DIFFERENCES = (PAGES / "segment-differences.md").read_text()
REFERENCE = (PAGES / "field-mappings.md").read_text()


def _sections(page: str) -> dict[str, str]:
    """Split a page at its headings, each named as links name it."""
    sections = {}
    for part in re.split(r"^##+ ", page, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        words = re.sub(r"[^\w -]", "", heading.lower())
        sections[words.strip().replace(" ", "-")] = text
    return sections


def _examples(page: str) -> list[Any]:
    return [
        pytest.param(name, json.loads(block), id=f"{name}-{number}")
        for name, text in _sections(page).items()
        for number, block in enumerate(
            re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL), 1
        )
    ]


def _check(run, example, expected):
    """Run an example; a text stands for a refusal or rejection with these words in it."""
    if isinstance(expected, str):
        kind, _, words = expected.partition(": ")
        error = {"refused": MappingError, "rejected": RejectedError}[kind]
        with pytest.raises(error, match=re.escape(words)):
            run(example["mapping"], example["event"])
        return
    result = run(example["mapping"], example["event"])
    assert json.loads(json.dumps(result)) == expected


@pytest.mark.parametrize(("name", "example"), _examples(DIFFERENCES))
def test_each_difference_is_as_the_page_shows_it(run, difference_of, our_result, name, example):
    assert example["segment"] != example["wharfinger"]
    _check(run, example, example["wharfinger"])
    theirs = _answer(example["segment"])
    ours = our_result(example["mapping"], example["event"])
    assert name in difference_of(example["mapping"], example["event"], ours, theirs)


def _answer(segment: Any) -> dict[str, Any]:
    if segment == "fails":
        return {"error": True}
    return {"output": json.loads(json.dumps(segment), parse_int=_double)}


def _double(digits: str) -> float:
    return float(digits) if abs(int(digits)) > 2**53 else int(digits)


def test_every_difference_has_its_section_and_no_other_has(difference_names):
    assert _sections(DIFFERENCES).keys() == difference_names
    assert {example.values[0] for example in _examples(DIFFERENCES)} == difference_names


@pytest.mark.parametrize(("_", "example"), _examples(REFERENCE))
def test_each_example_of_the_language_is_as_the_page_shows_it(run, _, example):
    _check(run, example, example["result"])


def test_every_directive_has_its_section_with_an_example():
    shown = {example.values[0] for example in _examples(REFERENCE)}
    assert {name.lower().removeprefix("@") for name in BUILT_IN} <= shown
