"""The oldest versions the distributions name are those that are tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.release.minimum import constraints, floors

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path):
    """Two distributions that need one thing at different floors."""
    for folder, needs in (
        ("core", '"attrs>=25.1", "pluggy>=1.7,<2"'),
        ("contrib/host", '"attrs>=25.3", "wharfinger>=0.1"'),
    ):
        (tmp_path / folder).mkdir(parents=True)
        name = "wharfinger" if folder == "core" else "wharfinger-host"
        (tmp_path / folder / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\ndependencies = [{needs}]\n'
        )
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ntest = ["pytest"]\n')
    (tmp_path / "constraints.txt").write_text("attrs==26.1.0\npytest==9.1.1\nsix==1.17.0\n")
    return tmp_path


def test_the_highest_floor_counts_and_ours_have_none(workspace):
    assert floors(workspace) == {"attrs": Version("25.3"), "pluggy": Version("1.7")}


def test_floors_are_held_and_tools_stay_where_they_are(workspace):
    assert list(constraints(workspace)) == ["attrs==25.3", "pluggy==1.7", "pytest==9.1.1"]


def test_a_requirement_without_a_floor_is_refused(workspace):
    file = workspace / "core/pyproject.toml"
    file.write_text(file.read_text().replace("attrs>=25.1", "attrs"))
    with pytest.raises(ValueError, match="wharfinger needs attrs without a floor"):
        floors(workspace)


def test_everything_that_users_install_has_a_floor_below_its_pin():
    pins = (line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    pinned = {canonicalize_name(name): Version(version) for name, version in pins}
    for name, floor in floors(ROOT).items():
        assert floor <= pinned[name], name
    assert all(Requirement(line) for line in constraints(ROOT))


def test_everything_that_users_install_is_on_the_page_of_what_comes_with_it():
    page = (ROOT / "docs/explanation/supply-chain.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("|")]
    missing = [name for name in floors(ROOT) if not any(f"`{name}`" in row for row in rows)]
    assert missing == []


def test_the_tests_of_every_distribution_are_run_with_the_oldest_versions():
    rule = (ROOT / "Makefile").read_text().partition("\ntest-minimum:")[2].partition("\n\n")[0]
    run = set(re.findall(r"tests/(\w+)", rule)) - {"release"}
    others = {"bench", "e2e", "meta", "release"}  # of no distribution alone
    there = {path.relative_to(ROOT).parts[1] for path in ROOT.glob("tests/*/**/test_*.py")}
    assert run == there - others
