"""An imported configuration makes the requests of one that was written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FIELDS = {
    "key": {
        "@if": {
            "exists": {"@path": "$.properties.shelf"},
            "then": {"@path": "$.properties.shelf"},
            "else": "orders",
        }
    },
    "keys": {"id": {"@path": "$.properties.order_id"}},
    "values": {
        "total": {"@path": "$.properties.total"},
        "who": {"@template": "{{traits.first}} {{ traits.last }}"},
        "lines": {"@arrayPath": ["$.properties.items", {"sku": {"@path": "$.sku"}}]},
        "gone": None,
        "say \"hé\"\n'x' \\ #": {"@literal": ["#", "\u2028", 1.5, -3, True]},
    },
    "enable_batching": True,
    "batch_size": 2,
}

BY_HAND = """
[connections.depot-north]
destination = "depot"
settings = { account_id = "77", api_key = { env = "DEPOT_NORTH_API_KEY" } }

[connections.depot-north.mappings.orders]
action = "store-crate"
trigger = 'type = "track" and event = "Order Completed"'
fields_file = "by-hand.json"

[connections.depot-north.mappings.calls]
action = "call-person"
trigger = 'type = "identify"'
fields = { text = { "@path" = "$.traits.first" } }

[connections.depot-north.mappings.off]
action = "print-line"
trigger = 'type = "track"'
enabled = false
fields = { text = "x" }
"""


def _events() -> list[dict[str, Any]]:
    def order(number: int, **properties: Any) -> dict[str, Any]:
        return {
            "type": "track",
            "event": "Order Completed",
            "userId": f"u{number}",
            "traits": {"first": "Ada", "last": "L."},
            "properties": {"order_id": number, "total": 9.5, "items": [{"sku": "a"}], **properties},
        }

    return [
        *(order(number) for number in range(5)),
        order(9, shelf="special"),
        {"type": "identify", "userId": "u1", "traits": {"first": "Ünal"}},
        {"type": "identify"},
        {"type": "page"},
    ]


@pytest.fixture
def preview(cli: Any, events: Any, tmp_path: Path) -> Any:
    """Give what a configuration would send."""
    file = events.write(tmp_path / "events.jsonl", *_events())

    def show(config: str) -> tuple[int, Any]:
        result = cli("preview", config, file, "--json")
        return result.exit_code, json.loads(result.stdout)

    return show


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPOT_NORTH_API_KEY", "x")


@pytest.mark.usefixtures("secrets")
def test_an_imported_configuration_makes_the_same_requests_as_one_written_by_hand(
    importing: Any, preview: Any, cli: Any, tmp_path: Path
) -> None:
    document = importing.both(
        importing.subscription(settings=FIELDS),
        importing.subscription(
            name="Calls",
            actionSlug="callPerson",
            trigger='type = "identify"',
            settings={"text": {"@path": "$.traits.first"}, "enable_batching": False},
        ),
        importing.subscription(
            name="Off",
            actionSlug="line",
            trigger='type = "track"',
            enabled=False,
            settings={"text": "x"},
        ),
    )
    found = importing.run(document)
    assert found.code == 0, found.report
    assert cli("check", found.report["output"]).exit_code == 0
    (tmp_path / "by-hand.toml").write_text(BY_HAND)
    (tmp_path / "by-hand.json").write_text(json.dumps(FIELDS))
    code, imported = preview(found.report["output"])
    assert (code, imported) == preview("by-hand.toml")
    assert code == 1  # an identify event without a user is rejected by both
    assert [request["lines"] for request in imported["requests"]] == [
        [1, 2],
        [3, 4],
        [5],
        [6],
        [7],
    ]


@pytest.mark.usefixtures("secrets")
def test_fields_that_toml_can_hold_stand_in_the_configuration_itself(
    importing: Any, preview: Any
) -> None:
    values = {k: v for k, v in FIELDS["values"].items() if v is not None}  # type: ignore[attr-defined]  # an object
    found = importing.one({**FIELDS, "values": values})
    assert found.report["fields_files"] == []
    with_file = importing.one(FIELDS)
    assert with_file.report["fields_files"] != []
    bodies = [
        [request["body"] for request in preview(each.report["output"])[1]["requests"]]
        for each in (found, with_file)
    ]
    for row in (row for body in bodies[1] for row in body):
        assert row["values"].pop("gone") is None
    assert bodies[0] == bodies[1]


SFMC_BY_HAND = """
[connections.shop]
destination = "salesforce-marketing-cloud"

[connections.shop.settings]
account_id = "510001234"
client_id = "0example0client0id000000"
client_secret = { env = "SHOP_CLIENT_SECRET" }
subdomain = "mcexample0subdomain000000000"

[connections.shop.mappings.contacts]
action = "create-contact"

[connections.shop.mappings.orders]
action = "send-event-to-data-extension"
trigger = 'type = "track" and event = "Order Completed"'
[connections.shop.mappings.orders.fields]
key = "orders"
keys.OrderId = { "@path" = "$.properties.order_id" }
values.Total = { "@path" = "$.properties.total" }
enable_batching = true
batch_size = 10

[connections.shop.mappings.people]
action = "send-contact-to-data-extension"
[connections.shop.mappings.people.fields]
id = "1f2e3d4c"
keys.contactKey = { "@path" = "$.userId" }
values.First = { "@path" = "$.traits.first" }
enable_batching = true

[connections.shop.mappings.journey]
action = "send-api-event"
trigger = 'type = "track" and event = "Order Completed"'
[connections.shop.mappings.journey.fields]
eventDefinitionKey = "APIEvent-1"
contactKey = { "@path" = "$.userId" }
data.total = { "@path" = "$.properties.total" }
"""


def _sfmc_subscriptions() -> list[dict[str, Any]]:
    order = 'type = "track" and event = "Order Completed"'
    return [
        {
            "name": "Contacts",
            "actionId": "hh0000000000000000000A",
            "trigger": 'type = "identify"',
            "settings": {"contactKey": {"@path": "$.userId"}},
        },
        {
            "name": "Orders",
            "actionSlug": "dataExtension",
            "trigger": order,
            "settings": {
                "key": "orders",
                "keys": {"OrderId": {"@path": "$.properties.order_id"}},
                "values": {"Total": {"@path": "$.properties.total"}},
                "enable_batching": True,
                "batch_size": 10,
            },
        },
        {
            "name": "People",
            "actionSlug": "contactDataExtension",
            "trigger": 'type = "identify"',
            "settings": {
                "onMappingSave": {"inputs": {}, "outputs": {"id": "1f2e3d4c", "name": "People"}},
                "keys": {"contactKey": {"@path": "$.userId"}},
                "values": {"First": {"@path": "$.traits.first"}},
                "enable_batching": True,
            },
        },
        {
            "name": "Journey",
            "partnerAction": "apiEvent",
            "subscribe": order,
            "mapping": {
                "eventDefinitionKey": "APIEvent-1",
                "contactKey": {"@path": "$.userId"},
                "data": {"total": {"@path": "$.properties.total"}},
                "enable_batching": False,
            },
        },
    ]


def test_a_destination_of_the_real_plugin_makes_the_same_requests(
    importing: Any, preview: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "salesforce-marketing-cloud")
    monkeypatch.setenv("SHOP_CLIENT_SECRET", "x")
    destination = {
        "id": "d0",
        "name": "Shop",
        "metadata": {
            "slug": "actions-salesforce-marketing-cloud",
            "actions": [{"id": "hh0000000000000000000A", "slug": "contact"}],
        },
        "settings": {
            "account_id": "510001234",
            "client_id": "0example0client0id000000",
            "client_secret": importing.secret,
            "subdomain": "mcexample0subdomain000000000",
        },
    }
    document = {"data": {"destination": destination, "subscriptions": _sfmc_subscriptions()}}
    found = importing.run(document)
    assert found.code == 0, found.report
    (tmp_path / "by-hand.toml").write_text(SFMC_BY_HAND)
    code, imported = preview(found.report["output"])
    assert (code, imported) == preview("by-hand.toml")
    assert {request["action"] for request in imported["requests"]} == {
        "create-contact",
        "send-event-to-data-extension",
        "send-contact-to-data-extension",
        "send-api-event",
    }
