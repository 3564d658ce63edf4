from __future__ import annotations

import ast
import inspect
import re
import typing

import pytest

from wharfinger import hookspecs

HOOKS = {
    name: hook
    for name, hook in vars(hookspecs).items()
    if inspect.isfunction(hook) and hasattr(hook, f"{hookspecs.PROJECT}_spec")
}


def test_the_hooks_of_the_contract_are_all_there():
    assert set(HOOKS) == {
        "wharfinger_actions",
        "wharfinger_authentication",
        "wharfinger_batch_delivered",
        "wharfinger_batching",
        "wharfinger_destinations",
        "wharfinger_diagnostics",
        "wharfinger_directives",
        "wharfinger_settings",
    }
    assert set(HOOKS) <= set(hookspecs.__all__)


def _text(name):
    text = inspect.getdoc(HOOKS[name])
    assert text is not None
    return text


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_named_typed_and_plain(name):
    hook = HOOKS[name]
    assert name.startswith(f"{hookspecs.PROJECT}_")
    hints = typing.get_type_hints(hook)
    assert set(hints) == {*inspect.signature(hook).parameters, "return"}
    assert not inspect.iscoroutinefunction(hook)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_when_it_is_asked_what_it_takes_and_what_it_gives(name):
    hook = HOOKS[name]
    text = _text(name)
    first, blank, *_ = text.splitlines()
    assert first.endswith(".")
    assert blank == ""
    assert re.search(r"^(Asked|Called) once", text, re.MULTILINE)
    parameters = inspect.signature(hook).parameters
    assert ("\nArgs:\n" in text) == bool(parameters)
    for parameter in parameters:
        assert re.search(rf"^    {parameter}: \S", text, re.MULTILINE)
    gives = typing.get_type_hints(hook)["return"] is not type(None)
    assert ("\nReturns:\n" in text) == gives


@pytest.mark.parametrize("name", HOOKS)
def test_the_example_of_a_hook_is_python_that_implements_it(name):
    _, found, example = _text(name).partition("Example:\n    ::\n")
    assert found
    tree = ast.parse(inspect.cleandoc(example))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name in functions
    assert [ast.unparse(mark) for mark in functions[name].decorator_list] == ["wharfinger.hookimpl"]
    taken = {argument.arg for argument in functions[name].args.args}
    assert taken <= set(inspect.signature(HOOKS[name]).parameters)


def test_every_hook_has_its_heading_and_its_entry_in_the_reference(root):
    page = (root / "docs/reference/hooks.md").read_text()
    headings = re.findall(r"^## `(\w+)`$", page, re.MULTILINE)
    entries = re.findall(r"autofunction:: wharfinger\.hookspecs\.(\w+)$", page, re.MULTILINE)
    assert sorted(headings) == sorted(HOOKS)
    assert sorted(entries) == sorted(HOOKS)


def test_every_hook_has_a_test_of_its_own(root):
    tests = {
        node.name
        for path in (root / "tests/core").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {f"test_hook_{name}" for name in HOOKS} - tests == set()
