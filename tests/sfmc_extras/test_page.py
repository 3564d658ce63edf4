"""What the page "Send transactional messages" says can be done, can be done."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import orjson
from tests.sfmc_extras.conftest import SETTINGS, order

import wharfinger
from wharfinger_sfmc_extras import audit, batching

FOLDER = Path(__file__).parents[2]
PAGE = (FOLDER / "docs/how-to/send-transactional-messages.md").read_text()
PLUGIN_PAGE = (FOLDER / "docs/how-to/write-a-plugin.md").read_text()


def _table(head):
    table = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0]
    return [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ")]


async def test_the_configuration_of_the_page_sends_a_message(plugins, paper):
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (config,) = tomllib.loads(text)["connections"].values()
    assert set(config["settings"]) == set(SETTINGS)
    connection = plugins.connect({**config, "settings": SETTINGS}, transport=paper)
    async with connection:
        (receipt,) = await connection.deliver([order(7)])
    assert receipt.outcomes["receipts"].status is wharfinger.Status.DELIVERED
    (recipient,) = orjson.loads(paper.messages[0].content)["recipients"]
    assert set(recipient["attributes"]) == {"Total", "EmailHash"}


def test_every_field_is_in_the_table_with_its_default(plugins):
    action = plugins.actions("salesforce-marketing-cloud")["send-transactional-message"]
    fields = wharfinger.fields_of(action.payload)
    rows = _table("field")
    assert sorted(row[0].strip() for row in rows) == sorted(f"`{f.name}`" for f in fields)
    paths = {name: mapped["@path"] for name, mapped in action.default_fields.items()}
    given = {**{f.name: f.default for f in fields if f.default}, **paths}
    assert {row[0].strip(" `"): row[1].strip(" `") for row in rows if row[1].strip()} == given


def test_every_code_is_in_the_table_and_no_other():
    source = FOLDER / "contrib/sfmc-extras/src/wharfinger_sfmc_extras/replies.py"
    outcomes = source.read_text().partition("def definition_finding(")[0]
    written = set(re.findall(r'(?:facts\(|code=)"([\w-]+)"', outcomes))
    listed = {code for row in _table("reply") for code in re.findall(r"`([\w-]+)`", row[2])}
    assert listed == written | {"delivered", "payload-invalid"}


def test_the_variables_of_the_page_are_those_of_the_code(monkeypatch, plugins):
    (text,) = re.findall(rf"export {batching.VARIABLE}='(.*)'", PAGE)
    monkeypatch.setenv(batching.VARIABLE, text)
    action = plugins.actions("salesforce-marketing-cloud")["send-event-to-data-extension"]
    outline = wharfinger.Outline(mapping="m", action=action.slug, constants={"key": "orders"})
    policy = plugins.batching(action, None, outline=outline)
    assert policy == wharfinger.BatchPolicy(rows=10, age_s=0.5)
    assert f"export {audit.VARIABLE}=" in PAGE


def test_the_override_on_the_page_for_authors_overrides():
    (code,) = re.findall(
        r"^```python\n(import wharfinger\n.*?tryfirst.*?)^```$",
        PLUGIN_PAGE,
        re.MULTILINE | re.DOTALL,
    )
    namespace: dict[str, object] = {}
    exec(compile(code, "write-a-plugin.md", "exec"), namespace)
    override = type("Override", (), {"wharfinger_batching": namespace["wharfinger_batching"]})
    plugins = wharfinger.load_plugins(allow=["salesforce-marketing-cloud"], extra=[override])
    action = plugins.actions("salesforce-marketing-cloud")["send-event-to-data-extension"]
    for key, rows in (("orders", 10), ("other", 50)):
        outline = wharfinger.Outline(mapping="m", action=action.slug, constants={"key": key})
        policy = plugins.batching(action, None, outline=outline)
        assert isinstance(policy, wharfinger.BatchPolicy)
        assert policy.rows == rows
