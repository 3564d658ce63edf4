from __future__ import annotations

import ast
import inspect
import re
import sys
import types
import typing

import httpx
import orjson
import pytest

import wharfinger
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


def _example(name):
    _, found, example = _text(name).partition("Example:\n    ::\n")
    assert found
    return inspect.cleandoc(example)


@pytest.mark.parametrize("name", HOOKS)
def test_the_example_of_a_hook_is_python_that_implements_it(name):
    tree = ast.parse(_example(name))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name in functions
    assert [ast.unparse(mark) for mark in functions[name].decorator_list] == ["wharfinger.hookimpl"]
    taken = {argument.arg for argument in functions[name].args.args}
    assert taken <= set(inspect.signature(HOOKS[name]).parameters)


# What the examples name and leave to the author of a plugin.
REST = """
import attrs
import httpx
import wharfinger


class ApiKeyAuth(httpx.Auth):
    def __init__(self, settings):
        self._key = settings.api_key

    def auth_flow(self, request):
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


async def test_credentials(session):
    return [wharfinger.Finding(level="ok", subject="API Key", message="It is accepted.")]


async def compare_clocks(session, outlines):
    return [wharfinger.Finding(level="ok", subject="Clock", message="It is right.")]


@attrs.define(kw_only=True)
class Note:
    text: str = wharfinger.field(label="Text")


async def send_note(session, batch):
    texts = [note.text for note in batch.payloads]
    await session.request("POST", "https://api.acme.example/notes", json=texts)
    return [wharfinger.Outcome.delivered() for _ in batch.payloads]


class ROWS(dict):
    def labels(self, mapping):
        self.mapping = mapping
        return self

    def inc(self, count):
        self[self.mapping] = self.get(self.mapping, 0) + count


ROWS = ROWS()
"""
ACME = {
    "destination": "acme",
    "settings": {"api_key": "made-up-key-0123"},
    "mappings": {
        "notes": {
            "action": "send-note",
            "trigger": 'type = "track"',
            "fields": {"text": {"@reverse": {"@path": "$.event"}}},
        }
    },
}


async def test_the_examples_of_the_hooks_are_a_plugin_together(monkeypatch):
    acme = types.ModuleType("acme")
    monkeypatch.setitem(sys.modules, "acme", acme)
    for code in (REST, *map(_example, HOOKS)):
        exec(compile(code, "acme.py", "exec"), vars(acme))
    plugins = wharfinger.load_plugins(allow=(), extra=[acme])
    (status,) = (each for each in plugins.report.plugins if each.state != "blocked")
    assert (status.state, status.reason) == ("loaded", "")
    assert set(status.hooks) == set(HOOKS)

    action = plugins.action("acme", "send-note")
    assert plugins.batching(action, None) == wharfinger.BatchPolicy(rows=100, bytes=1_000_000)
    sent = []

    def vendor(request):
        sent.append(request)
        return httpx.Response(200)

    connection = plugins.connect(ACME, transport=httpx.MockTransport(vendor))
    async with connection:
        assert {finding.message for finding in await connection.diagnose()} == {
            "It is accepted.",
            "It is right.",
        }
        receipts = await connection.deliver([{"type": "track", "event": "Sent"}] * 3)
    assert {receipt.outcomes["notes"].status for receipt in receipts} == {"delivered"}
    (request,) = sent
    assert request.headers["Authorization"] == "Bearer made-up-key-0123"
    assert orjson.loads(request.content) == ["tneS"] * 3
    assert vars(acme)["ROWS"] == {"notes": 3}


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
