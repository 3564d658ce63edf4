"""What the documentation says can be done, can be done."""

from __future__ import annotations

import ast
import asyncio
import re
import subprocess
import sys
import tomllib
from typing import Any

import attrs
import orjson
import pytest

import wharfinger
import wharfinger.sync
from wharfinger import configuration
from wharfinger.delivery.http import Timeouts
from wharfinger_sfmc.values import conversion
from wharfinger_sfmc_simulator import Simulator


@pytest.fixture
def docs(root):
    return root / "docs"


def _blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def _connection(text, secret):
    """Read the one connection of a configuration, its secret put in place as a host would."""
    (config,) = tomllib.loads(text)["connections"].values()
    assert set(config["settings"]["client_secret"]) == {"env"}
    return {**config, "settings": {**config["settings"], "client_secret": secret}}


async def test_the_readme_connects_a_tenant_and_its_host_code_delivers(root, capsys):
    (toml,) = _blocks(root / "README.md", "toml")
    (code,) = _blocks(root / "README.md", "python")
    config = _connection(toml, "secret")
    wharfinger.load_plugins().connect(config)

    simulator = Simulator.sample()
    client, account = simulator.catalogue.clients[0], simulator.catalogue.accounts[0]
    config["settings"] = {
        "account_id": str(account.id),
        "client_id": client.id,
        "client_secret": client.secret,
        "subdomain": simulator.catalogue.tenant.subdomain,
    }
    config["mappings"] = {"contacts": config["mappings"]["contacts"]}
    events = [
        {"messageId": "m-1", "type": "identify", "userId": "c-77"},
        {"messageId": "m-2", "type": "identify"},
        {"messageId": "m-3", "type": "page"},
    ]
    namespace: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), namespace)
    async with simulator.serving("127.0.0.1", 0) as address:
        await namespace["deliver"]({**config, "route": address}, events)
    assert "c-77" in simulator.contacts
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("m-2 contacts rejected Contact Key is missing")


async def test_the_tutorial_delivers_its_event_to_the_sample_tenant(docs):
    text = (docs / "tutorial/first.toml").read_text()
    event = orjson.loads((docs / "tutorial/events.jsonl").read_bytes())
    page = (docs / "tutorial/first-delivery.md").read_text()
    (secret,) = re.findall(r"SFMC_CLIENT_SECRET=(\w+)", page)
    simulator = Simulator.sample()
    connection = wharfinger.load_plugins().connect(
        _connection(text, secret), transport=simulator.transport()
    )
    async with connection:
        assert {finding.level for finding in await connection.test()} == {"ok"}
        (receipt,) = await connection.deliver([event])
    assert receipt.outcomes["orders"].status is wharfinger.Status.DELIVERED
    (row,) = simulator.rows("orders")
    assert row["orderid"] == event["properties"]["order_id"]


HOSTED = {
    "destination": "salesforce-marketing-cloud",
    "mappings": {"contacts": {"action": "create-contact", "trigger": 'type = "identify"'}},
}


@pytest.fixture
def hosted():
    """Connect to the sample tenant of the simulator, within this process."""
    simulator = Simulator.sample()
    client, account = simulator.catalogue.clients[0], simulator.catalogue.accounts[0]
    settings = {
        "account_id": str(account.id),
        "client_id": client.id,
        "client_secret": client.secret,
        "subdomain": simulator.catalogue.tenant.subdomain,
    }
    connection = wharfinger.load_plugins().connect(
        {**HOSTED, "settings": settings}, transport=simulator.transport()
    )
    return simulator, connection


def _hosts(docs):
    """Run the blocks of the page on hosts; each defines a function."""
    namespace: dict[str, Any] = {}
    for code in _blocks(docs / "how-to/embed-in-a-host.md", "python"):
        exec(compile(code, "embed-in-a-host.md", "exec"), namespace)
    return namespace


PEOPLE = [
    {"messageId": "m-1", "type": "identify", "userId": "c-71"},
    {"messageId": "m-2", "type": "identify"},
    {"messageId": "m-3", "type": "page"},
]


async def test_the_hosts_of_the_how_to_copy_a_source(docs, hosted):
    simulator, connection = hosted
    again, [(mapping, event, message)] = await _hosts(docs)["copy"](connection, PEOPLE)
    assert (again, mapping, event["messageId"]) == ([], "contacts", "m-2")
    assert message.startswith("Contact Key is missing")
    assert "c-71" in simulator.contacts


class Inbox:
    """As small an inbox as the page's host can work with."""

    def __init__(self, events):
        self.events = list(events)
        self.lines = []

    async def next(self):
        return self.events.pop(0) if self.events else None

    async def sending(self, mapping, tokens):
        self.lines.append((mapping, *tokens))

    def record(self, token, receipt):
        self.lines.append((token, *(outcome.status.value for outcome in receipt.outcomes.values())))


async def test_the_hosts_of_the_how_to_run_a_flow(docs, hosted, capsys):
    simulator, connection = hosted
    inbox = Inbox(PEOPLE)
    await _hosts(docs)["run"](connection, inbox, asyncio.Event())
    assert sorted(inbox.lines) == [
        ("m-1", "delivered"),
        ("m-2", "rejected"),
        ("m-3", "filtered"),
    ]
    assert "c-71" in simulator.contacts
    assert capsys.readouterr().out == ""


def test_the_hosts_of_the_how_to_work_without_an_event_loop(docs, hosted):
    simulator, connection = hosted
    lines = [orjson.dumps(event) for event in PEOPLE]
    counts = _hosts(docs)["copy_file"](connection, lines, orjson.loads)
    assert counts == {"delivered": 1, "rejected": 1, "filtered": 1}
    assert "c-71" in simulator.contacts


def test_the_configuration_of_the_page_on_tenants_has_nothing_wrong_with_it(docs):
    (text,) = _blocks(docs / "how-to/connect-a-tenant.md", "toml")
    connection = wharfinger.load_plugins().connect(_connection(text, "s3cr3t"))
    assert connection.warnings == ()
    assert set(connection.mappings) == {"contacts", "orders"}


def test_the_configuration_of_the_reference_is_toml(docs):
    (text,) = _blocks(docs / "reference/configuration.md", "toml")
    assert set(tomllib.loads(text)["connections"]["shop"]) == {
        "destination",
        "settings",
        "mappings",
    }


async def _delivered(text, events):
    """Deliver events of a page to the sample tenant, to which its configuration belongs."""
    simulator = Simulator.sample()
    connection = wharfinger.load_plugins().connect(
        _connection(text, simulator.catalogue.clients[0].secret), transport=simulator.transport()
    )
    async with connection:
        found = [*await connection.test(), *connection.findings]
        assert {finding.level for finding in found} == {"ok"}
        receipts = await connection.deliver(events)
    return simulator, [receipt.outcomes["orders"].status.value for receipt in receipts]


async def test_the_page_on_rows_tells_what_becomes_of_its_events(docs):
    page = docs / "how-to/send-rows.md"
    (text,), (lines,) = _blocks(page, "toml"), _blocks(page, "json")
    simulator, statuses = await _delivered(text, [orjson.loads(e) for e in lines.splitlines()])
    assert statuses == ["delivered", "rejected", "delivered", "delivered"]
    assert [request.path for request in simulator.requests if "rowset" in request.path] == [
        "/hub/v1/dataevents/key:orders/rowset"
    ]
    rows = {row["orderid"]: row for row in simulator.rows("orders")}
    assert set(rows) == {"o-1", "o-3"}
    assert (rows["o-1"]["total"], rows["o-1"]["currency"]) == ("13.00", "EUR")
    assert (rows["o-3"]["total"], rows["o-3"]["currency"]) == ("", "")


@pytest.mark.parametrize("action", ["send-api-event", "send-api-events-in-batches"])
async def test_the_configuration_of_the_page_on_journeys_enters_a_contact(docs, action):
    (text,) = _blocks(docs / "how-to/send-journey-events.md", "toml")
    event = orjson.loads((docs / "tutorial/events.jsonl").read_bytes())
    text = text.replace('"send-api-event"', f'"{action}"')
    assert f'action = "{action}"' in text
    simulator, statuses = await _delivered(text, [event])
    assert statuses == ["delivered"]
    (entry,) = simulator.entries
    assert entry.data["OrderId"] == event["properties"]["order_id"]


@pytest.mark.parametrize("field", ["nulls", "empties", "api", "delivery"])
def test_the_how_tos_name_the_choices_and_the_default_of_each_option(docs, field):
    page = "send-journey-events.md" if field == "delivery" else "send-rows.md"
    action = "send-api-event" if field == "delivery" else "send-event-to-data-extension"
    payload = wharfinger.load_plugins().action("salesforce-marketing-cloud", action).payload
    (declared,) = [each for each in wharfinger.fields_of(payload) if each.name == field]
    text = (docs / "how-to" / page).read_text()
    assert all(f"`{choice}`" in text for choice in declared.choices)
    lines = [line for line in text.splitlines() if line.startswith("|") and "default" in line]
    heads = [line for line in text.splitlines() if line.startswith("|") and "`omit`" in line]
    if field in ("nulls", "empties"):
        cells = next(line for line in lines if f"| `{field}`" in line).split("|")
        column = heads[0].split("|").index(f" `{declared.default}` ")
        assert cells[column].strip().startswith("default: ")
    else:
        assert any(f"`{declared.default}`, the default" in line for line in lines)


def test_the_tests_of_the_page_on_the_simulator_pass(docs, tmp_path):
    (code,) = _blocks(docs / "how-to/test-with-the-simulator.md", "python")
    (tmp_path / "test_orders.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_orders.py"]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, check=False, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout
    assert "4 passed" in run.stdout


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


def test_every_code_of_an_outcome_is_in_the_reference_and_no_other(docs, distributions):
    page = (docs / "reference/outcomes.md").read_text()
    _, *tables = re.split(r"^## Codes of .*$", page, flags=re.MULTILINE)
    listed = [
        code for table in tables for code in re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    ]
    sources = [m.tree for d in distributions[:2] for m in d.modules if m.room != "testing"]
    given = {
        keyword.value.value
        for tree in sources
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    written = {
        node.value for tree in sources for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    assert given - set(listed) == set()
    assert set(listed) - written == set()
    assert sorted(listed) == sorted(set(listed))


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


def test_every_page_is_reached_from_the_index(docs):
    pages = {page for page in docs.rglob("*.md") if not {"_build", "changelog"} & set(page.parts)}
    reached = {docs / "index.md"}
    for page in [docs / "index.md", *sorted(docs.glob("*/index.md"))]:
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), re.DOTALL):
            names = [line for line in tree.splitlines() if line and not line.startswith(":")]
            reached |= {page.parent / f"{name}.md" for name in names}
    assert pages == reached


def test_a_changelog_fragment_has_a_type_that_is_known(root, docs):
    types = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["towncrier"]["type"]
    known = {kind["directory"] for kind in types}
    fragments = sorted((docs / "changelog").iterdir())
    wrong = [
        path.name
        for path in fragments
        if path.name != ".gitignore"
        and not re.fullmatch(rf"(\d+|\+[\w-]+)\.({'|'.join(known)})(\.\d+)?\.md", path.name)
    ]
    assert not wrong, "\n".join(wrong)
    assert "<!-- towncrier release notes start -->" in (root / "CHANGELOG.md").read_text()
