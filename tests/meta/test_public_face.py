from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from importlib import import_module

import pytest

import wharfinger

# What these decorators take is reached through them: by a plugin manager, by a command line.
HANDED_OVER = re.compile(r"(hookimpl(\(.*\))?|\.command\(.*\)|\.callback\(.*\))$", re.DOTALL)


def _defined(tree):
    """Yield the public classes and functions a module defines itself."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            marks = [ast.unparse(mark) for mark in node.decorator_list]
            if not node.name.startswith("_") and not any(map(HANDED_OVER.search, marks)):
                yield node.name


def _exported(tree):
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return list(ast.literal_eval(value))
            case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value):
                return list(ast.literal_eval(value))
    return None


def _bound(tree):
    """Return every name a module has after it ran."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name)
    return names


def test_every_module_lists_what_it_defines(distributions):
    wrong = []
    for module in (module for d in distributions for module in d.modules):
        defined, exported = set(_defined(module.tree)), _exported(module.tree)
        if exported is None:
            wrong += [f"{module.where} has no __all__"] * bool(defined)
            continue
        wrong += [f"{module.where} hides {name}" for name in sorted(defined - set(exported))]
        unbound = set(exported) - _bound(module.tree)
        wrong += [f"{module.where} lists {name}, which it has not" for name in sorted(unbound)]
        wrong += [f"{module.where} lists private {n}" for n in exported if n.startswith("_")]
        wrong += [f"{module.where} lists a name twice"] * (len(set(exported)) < len(exported))
    assert not wrong, "\n".join(wrong)


def test_the_public_face_is_sorted():
    def order(name):
        return (not name.isupper(), not name[0].isupper(), name)

    assert sorted(wharfinger.__all__, key=order) == list(wharfinger.__all__)


def test_the_public_face_is_complete(core):
    (face,) = (module for module in core.modules if module.name == "wharfinger")
    ours = [imported for imported in face.imports if imported.module.startswith("wharfinger.")]
    assert sorted(name for i in ours for name in i.names) == sorted(wharfinger.__all__)


def test_every_public_name_can_be_had_and_is_listed_where_it_is_defined(core):
    (face,) = (module for module in core.modules if module.name == "wharfinger")
    for imported in face.imports:
        if imported.module.startswith("wharfinger."):
            home = import_module(imported.module)
            for name in imported.names:
                assert getattr(wharfinger, name) is getattr(home, name)
                assert name in home.__all__


def test_every_public_name_is_documented(core):
    notes = {name for module in core.modules for name in _documented_values(module.tree)}
    missing = []
    for name in wharfinger.__all__:
        thing = getattr(wharfinger, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            documented = bool((thing.__doc__ or "").strip())
        else:
            # A value is documented by the text below it, or by the library that made it.
            documented = name in notes or bool(inspect.getdoc(type(thing)))
        if not documented:
            missing.append(name)
    assert missing == []


def _documented_values(tree):
    """Yield the names of values with a string right below them."""
    for value, text in zip(tree.body, tree.body[1:], strict=False):
        match value, text:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str())),
            ):
                yield name


def test_the_version_is_that_of_the_distribution(core):
    assert wharfinger.__version__ == core.facts["project"]["version"]
    assert "__version__" not in vars(wharfinger)


def test_an_unknown_name_is_an_ordinary_attribute_error():
    assert getattr(wharfinger, "nothing_like_this", None) is None


_PARTS = 4  # each takes seconds, and workers share them

# Each module is imported into an interpreter that holds nothing of its distribution, not even the
# package's own __init__: a circle of imports, or a hidden need for another module, breaks here.
IMPORT_ALONE = """
import builtins, functools, importlib, json, sys, types, traceback

builtins.compile = functools.cache(compile)  # what classes are made of, hundreds of times the same
broken = {}
for name, folder in json.load(sys.stdin):
    for loaded in [n for n in sys.modules if n.partition(".")[0].startswith("wharfinger")]:
        del sys.modules[loaded]
    top = name.partition(".")[0]
    if name != top:
        sys.modules[top] = types.ModuleType(top)
        sys.modules[top].__path__ = [folder]
    try:
        importlib.import_module(name)
    except BaseException:
        broken[name] = traceback.format_exc()
json.dump(broken, sys.stdout)
"""


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_module_imports_alone(distributions, part):
    modules = [(m.name, str(d.source)) for d in distributions for m in d.modules][part::_PARTS]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALONE],
        input=json.dumps(modules),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {}


def test_importing_core_and_loading_plugins_imports_no_test_tool():
    code = "import sys, wharfinger; wharfinger.load_plugins(); print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert loaded.isdisjoint({"pytest", "hypothesis", "wharfinger.testing"})
