"""The plugin keeps the contract that the kit tries anybody's plugin by, against the simulator."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import httpx
import tomlkit

from wharfinger.testing import DestinationContract, Example
from wharfinger_sfmc_simulator import Simulator, StandingClock

ACCOUNT, CLIENT = 510001234, "0sample0client0id00000000"
SECRET, SUBDOMAIN = "0sample0client0secret0000", "mcsample0sample0sample0sampl"
TENANT = {
    "tenant": {"subdomain": SUBDOMAIN, "eid": ACCOUNT},
    "accounts": [{"id": ACCOUNT, "name": "Sample"}],
    "clients": [{"id": CLIENT, "secret": SECRET, "account": ACCOUNT}],
    "data_extensions": [
        {
            "key": "orders",
            "name": "Orders",
            "fields": [
                {"name": "OrderId", "type": "Text", "length": 40, "primary_key": True},
                {"name": "Total", "type": "Decimal", "length": 12, "scale": 2},
                {"name": "Email", "type": "EmailAddress"},
            ],
        },
        {
            "key": "people",
            "name": "People",
            "fields": [
                {"name": "contactKey", "type": "Text", "length": 40, "primary_key": True},
                {"name": "Name", "type": "Text", "length": 40},
            ],
        },
    ],
    "event_definitions": [
        {
            "key": "welcome",
            "name": "Welcome Journey",
            "fields": [{"name": "OrderId", "type": "Text", "length": 40, "nullable": False}],
        }
    ],
}


def order(number: str, email: str = "ada@example.com") -> dict[str, Any]:
    properties = {"order_id": number, "total": 12, "email": email}
    return {"type": "track", "event": "Order", "userId": "c-1", "properties": properties}


def person(key: str) -> dict[str, Any]:
    return {"type": "identify", "userId": key, "traits": {"name": f"Name of {key}"}}


TRACK = 'type = "track"'
ORDERS = [order("o-1"), order("o-2"), order("o-3")]
PEOPLE = [person("c-1"), person("c-2")]
ORDER_ID = {"@path": "$.properties.order_id"}
ROW = {
    "key": "orders",
    "keys": {"OrderId": ORDER_ID},
    "values": {
        "Total": {"@path": "$.properties.total"},
        "Email": {"@path": "$.properties.email"},
    },
}
ROWS = Example(
    events=ORDERS,
    refused=[order("o-4", email="no address")],
    fields=ROW,
    trigger=TRACK,
)
ENTRIES = Example(
    events=ORDERS,
    fields={"eventDefinitionKey": "welcome", "data": {"OrderId": ORDER_ID}},
    trigger=TRACK,
)


class TestMarketingCloud(DestinationContract):
    destination = "salesforce-marketing-cloud"
    settings: Mapping[str, Any] = {
        "account_id": str(ACCOUNT),
        "client_id": CLIENT,
        "client_secret": SECRET,
        "subdomain": SUBDOMAIN,
    }
    examples: Mapping[str, Example] = {
        "create-contact": Example(events=PEOPLE),
        "send-api-event": ENTRIES,
        "send-api-events-in-batches": ENTRIES,
        "send-event-to-data-extension": ROWS,
        "send-contact-to-data-extension": Example(
            events=PEOPLE,
            fields={"key": "people", "values": {"Name": {"@path": "$.traits.name"}}},
        ),
        "send-rows-asynchronously": ROWS,
    }
    actions = tuple(examples)  # others may give it more
    # A rowset that is stored may be answered with nothing at all.
    status_confirms = ("send-event-to-data-extension", "send-contact-to-data-extension")

    @cached_property
    def transport(self) -> httpx.AsyncBaseTransport:
        return Simulator.from_mapping(TENANT, clock=StandingClock(step_s=30)).transport()

    async def answers(self, request: httpx.Request) -> httpx.Response:
        response = await self.transport.handle_async_request(request)
        await response.aread()
        return response

    def besides(self, request: httpx.Request) -> Any:
        delivers = request.method in ("POST", "PUT") and request.url.path != "/v2/token"
        return None if delivers else self.answers(request)


SIMULATED = """
import pickle
from pathlib import Path

from wharfinger_sfmc_simulator import Simulator, StandingClock

TENANT = pickle.loads(Path("tenant").read_bytes())
TRANSPORT = Simulator.from_mapping(TENANT, clock=StandingClock(step_s=30)).transport()


async def answers(request):
    response = await TRANSPORT.handle_async_request(request)
    await response.aread()
    return response


def besides(request):
    delivers = request.method in ("POST", "PUT") and request.url.path != "/v2/token"
    return None if delivers else answers(request)
"""


def test_the_kit_passes_for_the_installed_plugin_without_a_class(tmp_path):
    facts = {
        "settings": dict(TestMarketingCloud.settings),
        "actions": list(TestMarketingCloud.actions),
        "status_confirms": list(TestMarketingCloud.status_confirms),
        "answers": "simulated:answers",
        "besides": "simulated:besides",
        "examples": {
            slug: attrs.asdict(example) for slug, example in TestMarketingCloud.examples.items()
        },
    }
    (tmp_path / "contract.toml").write_text(tomlkit.dumps(facts))
    (tmp_path / "tenant").write_bytes(pickle.dumps(TENANT))
    (tmp_path / "simulated.py").write_text(SIMULATED)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull),
            *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed"),
            *("--wharfinger-destination", TestMarketingCloud.destination),
            *("--wharfinger-settings", "contract.toml"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "25 passed" in run.stdout
