"""The reference says what the code says."""

from __future__ import annotations

import ast
import re
from typing import Any

import attrs
from tests.meta.pages import texts

import wharfinger
import wharfinger.sync
from wharfinger import configuration
from wharfinger.delivery.http import Timeouts
from wharfinger_sfmc.values import conversion


def _values_table():
    """Return the table of the conversion's docstring as Markdown.

    A first cell that ends with a comma goes on in the next line.
    """
    _, head, body, _ = re.split(r"^(?==+  =)", conversion.__doc__, flags=re.MULTILINE)
    ruler, *lines = f"{head}{body.partition(chr(10))[2]}".splitlines()
    width = ruler.rindex(" ") + 1
    rows: list[list[str]] = []
    for line in lines:
        name, text = line[:width].strip(), line[width:].strip()
        if name and not (rows and rows[-1][0].endswith(",")):
            rows.append([name, text])
        else:
            rows[-1] = [f"{rows[-1][0]} {name}".strip(), f"{rows[-1][1]} {text}".strip()]
    return [f"| {name} | {text.replace('``', '`')} |" for name, text in rows]


def test_the_page_on_values_has_the_table_of_the_conversion(docs):
    page = (docs / "reference/sfmc-values.md").read_text()
    head, *rows = _values_table()
    assert len(rows) > 10
    assert [line for line in page.splitlines() if line.startswith("| ")] == [head, *rows]


def test_every_key_of_a_configuration_is_in_the_reference(docs):
    page = (docs / "reference/configuration.md").read_text()
    classes = [
        configuration.ConnectionConfig,
        configuration.MappingConfig,
        configuration.BatchOverride,
        wharfinger.RetryPolicy,
        Timeouts,
    ]
    keys = {attribute.name for cls in classes for attribute in attrs.fields(cls)}
    assert {key for key in keys if f"| `{key}` |" not in page} == set()


def test_the_defaults_in_the_reference_are_those_of_the_code(docs):
    page = (docs / "reference/configuration.md").read_text()
    for cls in (wharfinger.RetryPolicy, Timeouts):
        for attribute in attrs.fields(cls):
            assert f"| `{attribute.name}` | {attribute.default} |" in page


def _codes(call):
    """What a call gives as a code: by name, or last to what makes a finding."""
    by_name = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    maker = call.func.id if isinstance(call.func, ast.Name) else ""
    return by_name + (call.args[3:4] if maker in ("error", "warning") else [])


def test_every_code_of_an_outcome_is_in_the_reference_and_no_other(docs, distributions):
    page = (docs / "reference/outcomes.md").read_text()
    _, *tables = re.split(r"^## Codes of .*$", page, flags=re.MULTILINE)
    listed = [
        code for table in tables for code in re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    ]
    modules = [m for d in distributions[:2] for m in d.modules]
    sources = [module.tree for module in modules if module.room != "testing"]
    given = {
        code.value
        for tree in sources
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for code in _codes(node)
        if isinstance(code, ast.Constant)
    }
    assert {"permission-advised", "rate-limited"} <= given
    written = {
        node.value for tree in sources for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    assert given - set(listed) == set()
    assert set(listed) - written == set()
    assert sorted(listed) == sorted(set(listed))


def test_every_code_has_a_meaning_and_a_next_step(docs):
    page = (docs / "reference/outcomes.md").read_text()
    rows = re.findall(r"^\| `[\w-]+` \|.*$", page.partition("## Codes")[2], re.MULTILINE)
    assert len(rows) > 80
    assert [row for row in rows if not re.fullmatch(r"(\| [^|]+ ){4}\|", row)] == []


def test_every_status_is_in_the_reference(docs):
    page = (docs / "reference/outcomes.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \|", page.partition("## Codes")[0], re.MULTILINE)
    assert listed == [status.value for status in wharfinger.Status]


def test_every_public_name_is_in_the_reference(docs):
    page = (docs / "reference/public-api.md").read_text()
    listed = re.findall(
        r"^\.\. (?:auto\w+|py:data):: wharfinger\.(\w+)(?:\(\))?$", page, re.MULTILINE
    )
    assert sorted([*listed, "hookimpl"]) == sorted(wharfinger.__all__)
    sync = re.findall(r"^\.\. auto\w+:: wharfinger\.sync\.(\w+)(?:\(\))?$", page, re.MULTILINE)
    assert sorted(sync) == sorted(wharfinger.sync.__all__)


def test_the_triggers_of_the_reference_can_be_read_and_explained(docs):
    (triggers,), (code,) = (
        texts(docs / "reference/triggers.md", each) for each in ("text", "python")
    )
    for trigger in triggers.splitlines():
        assert wharfinger.lint_trigger(trigger) is not None
    namespace: dict[str, Any] = {}
    exec(compile(code, "triggers.md", "exec"), namespace)
    assert not namespace["explained"].takes
    (value, *_) = namespace["explained"].condition.conditions[1].values
    assert value.value == "120"
