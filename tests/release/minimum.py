"""The oldest versions that the distributions say they work with, as constraints for pip.

    python -m tests.release.minimum > minimum.txt

What the distributions name themselves is held at its floor; the tools of the tests stay where
``constraints.txt`` has them; everything else is pip's to choose.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

__all__ = ["constraints", "floors"]

_ROOT = Path(__file__).parents[2]
# Each version of the first needs just one of the second.
_FOLLOWS = {canonicalize_name("opentelemetry-sdk"): canonicalize_name("opentelemetry-api")}
# Extras ask for them, too, but the other tools set the version of the one and that of the other.
_OF_THE_TESTS = {"pytest", "pytest-httpx"}
_FREE = {"fastapi"}  # each version needs a newer one of what we need; pip finds one that fits


def floors(root: Path) -> dict[NormalizedName, Version]:
    """Return the highest floor that a distribution of ours sets, by the name of what it needs.

    Raises:
        ValueError: A requirement has no floor.
    """
    ours = {str(facts["project"]["name"]) for facts in _facts(root)}
    found: dict[NormalizedName, Version] = {}
    for facts in _facts(root):
        for requirement in _requirements(facts["project"]):
            name = canonicalize_name(requirement.name)
            if name in ours:
                continue
            lowest = [
                Version(each.version) for each in requirement.specifier if each.operator == ">="
            ]
            if not lowest:
                raise ValueError(f"{facts['project']['name']} needs {requirement} without a floor")
            found[name] = max(lowest[0], found.get(name, lowest[0]))
    return found


def constraints(root: Path) -> Iterator[str]:
    """Yield lines for ``pip install -c``: floors, and pins of what only the tools need."""
    held = {name: floor for name, floor in floors(root).items() if name not in _OF_THE_TESTS}
    held |= {name: held[other] for name, other in _FOLLOWS.items() if other in held}
    for name, version in sorted(held.items()):
        yield f"{name}=={version}"
    tools = _tools(root) - held.keys() - _FREE
    for line in (root / "constraints.txt").read_text().splitlines():
        if canonicalize_name(line.partition("==")[0]) in tools:
            yield line


def _facts(root: Path) -> Iterator[dict[str, dict[str, object]]]:
    for pattern in ("core", "plugins/*", "contrib/*"):
        for file in sorted(root.glob(f"{pattern}/pyproject.toml")):
            yield tomllib.loads(file.read_text())


def _requirements(project: dict[str, object]) -> Iterator[Requirement]:
    extras = project.get("optional-dependencies", {})
    assert isinstance(extras, dict)
    for lines in (project["dependencies"], *extras.values()):
        assert isinstance(lines, list)
        for line in lines:
            yield Requirement(line)


def _tools(root: Path) -> set[NormalizedName]:
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    lines = [line for group in groups.values() for line in group if isinstance(line, str)]
    return {canonicalize_name(Requirement(line).name) for line in lines}


if __name__ == "__main__":
    print("\n".join(constraints(_ROOT)))  # noqa: T201  # its output is what it is for
