"""What the pages on Marketing Cloud say becomes of events, becomes of them."""

from __future__ import annotations

import re
import subprocess
import sys

import orjson
import pytest
from tests.meta.pages import account_of, texts

import wharfinger
from wharfinger_sfmc.permissions import NEEDED, words
from wharfinger_sfmc_simulator import Simulator


def test_the_configuration_of_the_page_on_tenants_has_nothing_wrong_with_it(docs):
    (text,) = texts(docs / "how-to/connect-a-tenant.md", "toml")
    connection = wharfinger.load_plugins().connect(account_of(text, "s3cr3t"))
    assert connection.warnings == ()
    assert set(connection.mappings) == {"contacts", "orders"}


async def _delivered(text, events):
    """Deliver events of a page to the sample tenant, to which its configuration belongs."""
    simulator = Simulator.sample()
    connection = wharfinger.load_plugins().connect(
        account_of(text, simulator.catalogue.clients[0].secret), transport=simulator.transport()
    )
    async with connection:
        found = [*await connection.test(), *connection.findings]
        assert {finding.level for finding in found} == {"ok"}
        receipts = await connection.deliver(events)
    return simulator, [receipt.outcomes["orders"].status.value for receipt in receipts]


async def test_the_page_on_rows_tells_what_becomes_of_its_events(docs):
    page = docs / "how-to/send-rows.md"
    (text,), (lines,) = texts(page, "toml"), texts(page, "json")
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
    (text,) = texts(docs / "how-to/send-journey-events.md", "toml")
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
    (code,) = texts(docs / "how-to/test-with-the-simulator.md", "python")
    (tmp_path / "test_orders.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_orders.py"]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, check=False, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout
    assert "4 passed" in run.stdout


def test_the_page_on_access_names_what_each_action_needs(docs):
    page = (docs / "how-to/grant-access.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")]
    ticks = {re.sub(r"\]\(.*?\)|\[", "", cells[1]).strip(): cells[2] for cells in rows}
    plugins = wharfinger.load_plugins(block=["sfmc-extras"])  # it adds an action of its own
    actions = plugins.actions("salesforce-marketing-cloud").values()
    assert {action.slug for action in actions} == set(NEEDED)
    for action in actions:
        title = action.title
        cell = ticks[title].replace("the same two", ticks["Send API Event"])
        named = re.findall(r"\*([\w ]+: \w+)\*", cell)
        needed = re.findall(r'"(.*?)"', words(NEEDED[action.slug]))
        assert sorted(named) == sorted(needed), title
    assert set(ticks) >= {action.title for action in actions}
