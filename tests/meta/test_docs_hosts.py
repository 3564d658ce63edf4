"""What the pages on hosts show works in a host."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from tests.meta.pages import texts

import wharfinger
from wharfinger_sfmc_simulator import Simulator

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
    for code in texts(docs / "how-to/embed-in-a-host.md", "python"):
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
