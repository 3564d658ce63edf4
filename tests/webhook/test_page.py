"""What the page "Send to a webhook" says can be done, can be done."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.webhook.conftest import track
from tests.webhook.test_signing import SECRET
from tests.webhook.test_verdicts import TABLE

import wharfinger

PAGE = (Path(__file__).parents[2] / "docs/how-to/send-to-a-webhook.md").read_text()
PLACES = {
    "ORDERS_SIGNING_SECRET": SECRET,
    "ORDERS_TOKEN": "token-0123456789",
    "orders.headers": "X-Tenant-Key: tenant-0123456789",
}


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def connect_as_written(plugins, paper):
    """Connect as a block of the page says, each reference replaced by what is at its place."""

    def connect_as_written(index):
        (config,) = tomllib.loads(_blocks("toml")[index])["connections"].values()
        for name, value in config["settings"].items():
            if isinstance(value, dict) and value.keys() & {"env", "file"}:
                (place,) = value.values()
                config["settings"][name] = PLACES[place]
        return plugins.connect(config, transport=paper)

    return connect_as_written


async def test_the_first_configuration_sends_events_and_batches(connect_as_written, paper):
    connection = connect_as_written(0)
    assert connection.warnings == ()
    assert connection.mappings["archive"].policy.rows == 500
    async with connection:
        receipts = await connection.deliver([track(n, event="Order Completed") for n in (1, 2)])
    found = {outcome.status.value for r in receipts for outcome in r.outcomes.values()}
    assert found == {"delivered"}
    kinds = sorted(type(orjson.loads(request.content)).__name__ for request in paper.requests)
    assert kinds == ["dict", "dict", "list"]
    assert {request.headers["x-tenant-key"] for request in paper.requests} == {"tenant-0123456789"}


async def test_the_bodies_of_the_page_are_made(connect_as_written, paper):
    order = track(properties={"order_id": "o-7", "total": 2000})
    for index in (1, 2):
        async with connect_as_written(index) as connection:
            await connection.deliver([order])
    chat, legacy = paper.requests
    assert orjson.loads(chat.content) == {"text": "Order o-7 over 2000", "channel": "#orders"}
    assert legacy.content == b"<order id='o-7'/>"
    assert legacy.headers["content-type"] == "application/xml"


async def test_the_receiver_of_the_page_knows_what_is_ours(connect, paper):
    (code,) = _blocks("python")
    namespace: dict[str, Any] = {}
    exec(compile(code, "send-to-a-webhook.md", "exec"), namespace)
    is_ours = namespace["is_ours"]
    async with connect(signing_secret=SECRET) as connection:
        await connection.deliver([track()])
    headers, body = paper.request.headers, paper.request.content
    now_s = int(headers["webhook-timestamp"])
    assert is_ours(headers, body, SECRET, now_s)
    assert not is_ours(headers, body + b" ", SECRET, now_s)
    assert not is_ours({**headers, "webhook-id": "m-2"}, body, SECRET, now_s)
    assert not is_ours(headers, body, SECRET, now_s + 301)
    other = "whsec_" + "A" * 32
    assert not is_ours(headers, body, other, now_s)


def _settings_in_the_table():
    cells = re.findall(r"^\| (`[^|]+) \|", PAGE.partition("| setting |")[2], re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_setting_is_in_the_table(plugins):
    fields = wharfinger.fields_of(plugins.settings("webhook").schema)
    assert _settings_in_the_table() == [field.name for field in fields]


def test_the_table_of_answers_names_every_code_and_no_other():
    table = PAGE.partition("| answer |")[2].partition("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    listed = {code for row in rows for code in re.findall(r"`([\w-]+)`", row.split("|")[3])}
    known = {code for *_, code in TABLE} | {"batch-too-large", "address-refused"}
    assert listed - {"unreachable", "timed-out", "connection-lost"} == known


@pytest.mark.parametrize(("status", "harmless", "once", "code"), TABLE)
def test_the_table_of_answers_says_what_a_status_becomes(status, harmless, once, code):
    table = PAGE.partition("| answer |")[2].partition("\n\n")[0]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| ")]
    exact = [r for r in rows if re.search(rf"\b{status}\b", r[1])]
    family = [r for r in rows if f"{status // 100}xx" in r[1]]
    (row, *_) = exact or family
    assert f"`{code}`" in row[3]
    assert f"`{harmless.value}`" in row[2]
    if once is not harmless:
        assert f"`{once.value}`" in row[2]
