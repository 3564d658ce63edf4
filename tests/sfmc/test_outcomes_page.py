"""The reference page of SFMC's replies is the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wharfinger_sfmc.errors import RULES
from wharfinger_sfmc.errors.page import outcomes_page

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_the_page_is_what_the_table_gives():
    written = (REFERENCE / "sfmc-outcomes.md").read_text(encoding="utf-8")

    assert written == outcomes_page(), "run python -m wharfinger_sfmc.errors.page"


def test_each_row_of_the_table_is_one_line_of_six_cells():
    lines = [line for line in outcomes_page().splitlines() if line.startswith("| `")]

    assert [re.findall(r"[\w-]+", line)[0] for line in lines] == [rule.name for rule in RULES]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {7}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_code_of_the_table_is_among_the_codes_of_outcomes(rule):
    page = (REFERENCE / "outcomes.md").read_text(encoding="utf-8")

    assert f"| `{rule.code}` |" in page


def test_no_brace_of_the_table_is_left_over():
    assert "{" not in outcomes_page()
