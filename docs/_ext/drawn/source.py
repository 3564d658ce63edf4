"""What the source says of itself: who imports whom, and what members and hooks are said to be."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

from wharfinger import hookspecs

__all__ = ["Distribution", "distributions", "hooks", "members", "rooms"]

ROOT = Path(__file__).parents[3]


@attrs.frozen
class Distribution:
    """One distribution of the repository.

    Attributes:
        name: As it is installed.
        imports: Packages of the repository that it imports.
        offers: Groups of its entry points.
    """

    name: str
    imports: frozenset[str]
    offers: frozenset[str]

    @property
    def package(self) -> str:
        """What is imported."""
        return self.name.replace("-", "_")


@cache
def distributions() -> tuple[Distribution, ...]:
    """Return every distribution, core first."""
    files = [
        file
        for pattern in ("core", "plugins/*", "contrib/*")
        for file in sorted(ROOT.glob(f"{pattern}/pyproject.toml"))
    ]
    projects = [(file.parent, tomllib.loads(file.read_text())["project"]) for file in files]
    ours = {str(project["name"]).replace("-", "_") for _, project in projects}
    return tuple(
        Distribution(
            project["name"],
            frozenset(_imported(folder / "src") & ours) - {project["name"].replace("-", "_")},
            frozenset(project.get("entry-points", {})),
        )
        for folder, project in projects
    )


@cache
def rooms() -> dict[str, frozenset[str]]:
    """Return what each room of core imports, those that know the least first."""
    core = ROOT / "core/src/wharfinger"
    names = {path.stem for path in core.iterdir() if path.suffix == ".py" or _is_package(path)}
    names -= {"__init__", "__pycache__"}
    imports = {
        name: frozenset(_rooms_of(core / name if (core / name).is_dir() else core / f"{name}.py"))
        & names - {name}
        for name in names
    }
    ordered: dict[str, frozenset[str]] = {}
    while left := sorted(imports.keys() - ordered.keys()):
        ready = [name for name in left if imports[name] <= ordered.keys()]
        if not ready:
            raise ValueError(f"these rooms import each other in a circle: {', '.join(left)}")
        ordered |= {name: imports[name] for name in ready}
    return ordered


def members(cls: type) -> dict[str, str]:
    """Return the values of an enumeration, each with the text that stands below it."""
    (tree,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(tree, ast.ClassDef)
    return {
        str(node.value.value): " ".join(str(text.value.value).split())
        for node, text in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def hooks() -> dict[str, str]:
    """Return every hook with the moment it is asked at, as its docstring says."""
    found = {}
    for name, hook in vars(hookspecs).items():
        if hasattr(hook, f"{hookspecs.PROJECT}_spec"):
            text = inspect.getdoc(hook) or ""
            asked = re.search(r"^(?:Asked|Called) once\b([^.:]*)", text, re.MULTILINE)
            if asked is None:
                raise ValueError(f"the docstring of {name} does not say when it is asked")
            found[name] = " ".join(asked[1].split()).lstrip(", ")
    return found


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file()


def _trees(path: Path) -> Iterator[ast.Module]:
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        yield ast.parse(file.read_text(encoding="utf-8"))


def _modules(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is imported when it runs: a module, and the names taken from it."""
    for tree in _trees(path):
        for node in _at_run_time(tree):
            if isinstance(node, ast.Import):
                yield from ((name.name, ()) for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module, tuple(name.name for name in node.names)


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _at_run_time(child)


def _imported(path: Path) -> set[str]:
    return {module.partition(".")[0] for module, _ in _modules(path)}


def _rooms_of(path: Path) -> Iterator[str]:
    for module, names in _modules(path):
        top, _, rest = module.partition(".")
        if top == "wharfinger":
            yield from [rest.partition(".")[0]] if rest else names
