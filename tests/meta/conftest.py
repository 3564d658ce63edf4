"""The workspace as files: its distributions, their modules and what these import."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.meta.terminal import terminal

__all__ = ["terminal"]

ROOT = Path(__file__).parents[2]


@attrs.frozen
class Import:
    """One import at run time: ``from module import names``, or ``import module``."""

    module: str
    names: tuple[str, ...]


@attrs.define(slots=False)
class Module:
    """One module of ours, read but not imported."""

    name: str
    path: Path

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]

    @property
    def room(self) -> str:
        """The part of core it belongs to: ``delivery`` for ``wharfinger.delivery.http``."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def where(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def imports(self) -> list[Import]:
        """What it imports when it runs; what only a type checker sees is left out."""
        return list(_imports(self.tree))


@attrs.frozen(slots=False)
class Distribution:
    """One distribution of the workspace."""

    folder: Path
    facts: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.facts["project"]["name"])

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        return self.folder / "src" / self.package

    @cached_property
    def modules(self) -> list[Module]:
        return [
            Module(_dotted(path.relative_to(self.source.parent)), path)
            for path in sorted(self.source.rglob("*.py"))
        ]


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(node: ast.AST) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                for other in orelse:
                    yield from _imports(other)
            case ast.Import(names=names):
                for name in names:
                    yield Import(name.name, ())
            case ast.ImportFrom(module=module, names=names, level=0):
                yield Import(str(module), tuple(name.name for name in names))
            case ast.ImportFrom():
                raise AssertionError("relative imports are not used here")
            case _:
                yield from _imports(child)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def docs() -> Path:
    return ROOT / "docs"


@pytest.fixture(scope="session")
def distributions() -> list[Distribution]:
    """Every distribution of the workspace, core first."""
    files = [
        file
        for pattern in ("core", "plugins/*", "contrib/*")
        for file in sorted(ROOT.glob(f"{pattern}/pyproject.toml"))
    ]
    return [Distribution(file.parent, tomllib.loads(file.read_text())) for file in files]


@pytest.fixture(scope="session")
def core(distributions: list[Distribution]) -> Distribution:
    return distributions[0]


@pytest.fixture(scope="session")
def others(distributions: list[Distribution]) -> list[Distribution]:
    """Plugins and contributions: what knows core by its public face only."""
    return distributions[1:]
