"""The reference says what the code says."""

from __future__ import annotations

import ast
import re
from typing import Any

import attrs
import pytest
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


# Which heading of the page is about the codes of which distributions.
CODES = {
    ("core", "Salesforce Marketing Cloud", "findings"): ("wharfinger", "wharfinger-sfmc"),
    ("the host",): ("wharfinger-host",),
    ("transactional messages",): ("wharfinger-sfmc-extras",),
    ("webhooks",): ("wharfinger-webhook",),
}


def _tables(docs):
    """Return the codes that are listed below each heading."""
    page = (docs / "reference/outcomes.md").read_text()
    _, *parts = re.split(r"^## Codes of (.*)$", page, flags=re.MULTILINE)
    codes = [re.findall(r"^\| `([\w-]+)` \|", part, re.MULTILINE) for part in parts[1::2]]
    return dict(zip(parts[::2], codes, strict=True))


def _code_of(call):
    """Give what stands for a code in a call: by its name, or by its place where it has one."""
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "code")
    called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    place = {"error": 3, "warning": 3, "Unreadable": 1, "facts": 0}.get(called)
    if place is not None:
        yield from call.args[place : place + 1]


def _given(trees):
    return {
        code.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for code in _code_of(node)
        if isinstance(code, ast.Constant)
    }


def _trees(distributions, names):
    modules = [m for d in distributions if d.name in names for m in d.modules]
    return [module.tree for module in modules if module.room != "testing"]


@pytest.mark.parametrize(("headings", "names"), CODES.items())
def test_every_code_of_an_outcome_is_in_the_reference_and_no_other(
    docs, distributions, headings, names
):
    listed = [code for heading in headings for code in _tables(docs)[heading]]
    trees = _trees(distributions, names)
    written = {
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    assert len(listed) > 8
    assert _given(trees) - set(listed) == set()
    assert set(listed) - written == set()
    assert sorted(listed) == sorted(set(listed))


def test_whoever_gives_codes_has_a_heading_in_the_reference(docs, distributions):
    assert {heading for headings in CODES for heading in headings} == set(_tables(docs))
    known = {name for names in CODES.values() for name in names}
    others = {d.name for d in distributions} - known - {"wharfinger-sfmc-simulator"}
    assert others
    assert _given(_trees(distributions, others)) == set()


@pytest.mark.parametrize(
    ("heading", "page", "beside"),
    [
        ("transactional messages", "send-transactional-messages", {"definition-inactive"}),
        ("webhooks", "send-to-a-webhook", set()),
    ],
)
def test_the_codes_of_a_page_are_those_of_the_reference(docs, heading, page, beside):
    rows = re.findall(
        r"^\|[^|\n]+\|[^|\n]+\|([^|\n]+)\|$", (docs / f"how-to/{page}.md").read_text(), re.MULTILINE
    )
    shown = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    tables = _tables(docs)
    assert set(tables[heading]) == (shown - set(tables["core"])) | beside


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
