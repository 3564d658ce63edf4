"""The distributions agree with each other, with the pins and with the tools' configuration."""

from __future__ import annotations

import hashlib
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


@pytest.fixture(scope="session")
def pins(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines), "exact pins, no hosts"
    return {
        canonicalize_name(name): Version(v) for name, _, v in (x.partition("==") for x in lines)
    }


def _requirements(distribution):
    project = distribution.facts["project"]
    extras = project.get("optional-dependencies", {}).values()
    lines = (*project["dependencies"], *(line for extra in extras for line in extra))
    return [Requirement(line) for line in lines]


def test_what_the_distributions_ask_of_each_other_is_what_there_is(distributions):
    versions = {d.name: Version(d.facts["project"]["version"]) for d in distributions}
    asked = [
        (d.name, requirement)
        for d in distributions
        for requirement in _requirements(d)
        if requirement.name in versions
    ]
    assert len(asked) >= 2
    for name, requirement in asked:
        assert versions[requirement.name] in requirement.specifier, (name, str(requirement))


def test_a_range_on_one_of_ours_has_a_floor_and_a_ceiling_but_no_pin(distributions):
    ours = {d.name for d in distributions}
    for d in distributions:
        for requirement in _requirements(d):
            if requirement.name in ours:
                operators = {specifier.operator for specifier in requirement.specifier}
                assert operators == {">=", "<"}, (d.name, str(requirement))


def test_every_pin_is_within_the_ranges(distributions, pins):
    ours = {d.name for d in distributions}
    for d in distributions:
        for requirement in _requirements(d):
            if requirement.name not in ours:
                name = canonicalize_name(requirement.name)
                assert pins[name] in requirement.specifier, (d.name, str(requirement))


def test_every_tool_that_a_group_names_is_pinned(root, pins):
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    named = {line for group in groups.values() for line in group if isinstance(line, str)}
    assert {canonicalize_name(Requirement(line).name) for line in named} <= set(pins)


def test_core_needs_no_plugin_and_no_host(distributions, core):
    ours = {d.name for d in distributions}
    assert ours.isdisjoint(requirement.name for requirement in _requirements(core))


@pytest.mark.parametrize("key", ["version", "requires-python", "license", "authors"])
def test_the_distributions_share_their_common_facts(distributions, key):
    facts = [distribution.facts["project"][key] for distribution in distributions]
    assert facts == [facts[0]] * len(facts)


def test_every_distribution_is_typed_licensed_and_described(distributions, root):
    licence = (root / "LICENSE").read_bytes()
    for distribution in distributions:
        assert (distribution.source / "py.typed").is_file()
        assert (distribution.folder / "LICENSE").read_bytes() == licence
        assert (distribution.folder / "README.md").read_text().startswith(f"# {distribution.name}")
        assert distribution.facts["project"]["description"]


def test_the_licence_is_the_apache_licence_to_the_letter(root):
    digest = hashlib.sha256((root / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_an_entry_point_is_named_after_the_destination(distributions):
    plugins = [
        d for d in distributions if "wharfinger" in d.facts["project"].get("entry-points", {})
    ]
    for plugin in plugins:
        for name in plugin.facts["project"]["entry-points"]["wharfinger"]:
            assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)


def test_the_tools_know_every_distribution(distributions, root):
    tools = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    sources = [str(d.source.parent.relative_to(root)) for d in distributions]
    packages = [d.package for d in distributions]
    assert sorted(tools["ruff"]["src"]) == sorted(sources)
    assert sorted(tools["mypy"]["mypy_path"]) == sorted(sources)
    assert sorted(tools["mypy"]["files"]) == sorted([*sources, "tests"])
    assert sorted(tools["coverage"]["run"]["source_pkgs"]) == sorted(packages)
    makefile = (root / "Makefile").read_text()
    listed = re.search(r"^DISTRIBUTIONS := (.*)$", makefile, re.MULTILINE)
    assert listed is not None
    assert sorted(listed[1].split()) == sorted(
        str(d.folder.relative_to(root)) for d in distributions
    )
