"""What the pages on hosts show works in a host."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import kombu.serialization
import orjson
import pytest
import stamina
from tests.meta.pages import texts

import wharfinger
from wharfinger_sfmc_simulator import Fault, Simulator

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


SECRET = "samplesecret000000000001"


def _run(page, monkeypatch):
    """Run the blocks of a page one after the other, as one module."""
    monkeypatch.setenv("SFMC_CLIENT_SECRET", SECRET)
    namespace: dict[str, Any] = {"__name__": "shop"}
    for code in texts(page, "python"):
        exec(compile(code, str(page), "exec"), namespace)
    return namespace


async def test_the_application_of_the_page_on_fastapi_answers_with_outcomes(
    docs, hosted, monkeypatch
):
    simulator, connection = hosted
    namespace = _run(docs / "how-to/deliver-from-fastapi.md", monkeypatch)
    assert "/events" in namespace["app"].openapi()["paths"]
    app = namespace["make_app"](connection)
    network = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=network, base_url="http://shop.example") as client,
    ):
        answers = await asyncio.gather(*(client.post("/events", json=e) for e in PEOPLE))
        assert (await client.post("/events", json=["no object"])).status_code == 422
    assert {answer.status_code for answer in answers} == {200}
    found = [answer.json()["contacts"] for answer in answers]
    assert [outcome["status"] for outcome in found] == ["delivered", "rejected", "filtered"]
    assert found[1]["message"].startswith("Contact Key is missing")
    assert "c-71" in simulator.contacts


@pytest.fixture
def celery(docs, monkeypatch, sfmc_address):
    """The module of the page on Celery, its tasks carried out where they are asked for."""
    namespace = _run(docs / "how-to/deliver-from-celery.md", monkeypatch)
    namespace["CONFIGURATION"]["route"] = sfmc_address
    namespace["CONFIGURATION"]["retry"] = {"attempts": 1}
    namespace["app"].conf.task_always_eager = True
    yield namespace
    namespace["close"]()


def test_the_task_of_the_page_on_celery_delivers(celery, sfmc, capsys):
    celery["deliver"].delay("contacts", PEOPLE).get()
    assert "c-71" in sfmc.contacts
    assert capsys.readouterr().out.startswith("contacts rejected Contact Key is missing")


def test_the_task_of_the_page_on_celery_sends_again_only_what_is_to_be_sent_again(celery, sfmc):
    people = [{**PEOPLE[0], "userId": f"c-{number}"} for number in range(3)]
    sfmc.inject(Fault(kind="server-error", path="/contacts/v1/contacts"))
    celery["deliver"].delay("contacts", people).get()
    assert {person["userId"] for person in people} <= set(sfmc.contacts)
    assert len([r for r in sfmc.requests if r.path == "/contacts/v1/contacts"]) == 4


def test_the_task_of_the_page_on_celery_keeps_what_was_tried_too_often(celery, sfmc, capsys):
    celery["deliver"].max_retries = 2
    sfmc.inject(Fault(kind="server-error", path="/contacts/v1/contacts", times=3))
    celery["deliver"].delay("contacts", PEOPLE[:1]).get()
    assert len([r for r in sfmc.requests if r.path == "/contacts/v1/contacts"]) == 3
    assert capsys.readouterr().out.startswith("contacts retry")


def test_what_the_tasks_of_the_page_on_celery_hand_on_can_be_written_down(celery, monkeypatch):
    handed = []
    monkeypatch.setattr(celery["keep"], "delay", lambda *arguments: handed.append(arguments))
    celery["deliver"].delay("contacts", PEOPLE).get()
    (arguments,) = handed
    _, _, body = kombu.serialization.dumps(arguments, serializer="json")
    assert "m-2" in body


def test_the_task_of_the_page_on_celery_does_not_repeat_a_journey_event(celery, sfmc, capsys):
    facts = {"order_id": "o-1"}
    order = {"type": "track", "event": "Order Completed", "userId": "c-1", "properties": facts}
    sfmc.inject(Fault(kind="drop", path="/interaction/v1/events"))
    stamina.set_testing(True)
    try:
        celery["deliver"].delay("order-journey", [order]).get()
    finally:
        stamina.set_testing(False)
    assert capsys.readouterr().out.startswith("order-journey unknown")
    assert len([r for r in sfmc.requests if r.path == "/interaction/v1/events"]) == 1


def test_the_report_of_the_page_on_debugging_plugins_is_printed(docs, capsys):
    (code,) = texts(docs / "how-to/debug-plugins.md", "python")
    exec(compile(code, "debug-plugins.md", "exec"), {"wharfinger": wharfinger})
    assert "salesforce-marketing-cloud wharfinger-sfmc" in capsys.readouterr().out
