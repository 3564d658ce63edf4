"""A tenant for what Segment's connector is weak at, and how events are sent to it."""

from __future__ import annotations

from typing import Any

import wharfinger
from wharfinger_sfmc_simulator import Simulator

ACCOUNT, SUBDOMAIN = 510001234, "mcsample0sample0sample0sampl"
ORDER_FIELDS = [
    {"name": "OrderId", "type": "Text", "length": 40, "primary_key": True},
    {"name": "Total", "type": "Number"},
    {"name": "Email", "type": "EmailAddress"},
    {"name": "Note", "type": "Text", "length": 4000},
]
TENANT: dict[str, Any] = {
    "tenant": {"subdomain": SUBDOMAIN, "eid": ACCOUNT},
    "accounts": [{"id": ACCOUNT, "name": "Sample"}],
    "clients": [{"id": "client", "secret": "sample-secret", "account": ACCOUNT}],
    "data_extensions": [
        {"key": "orders", "name": "Orders", "fields": ORDER_FIELDS},
        {"key": "a/b #1 & c", "name": "Odd", "fields": ORDER_FIELDS},
        {
            "key": "people",
            "name": "People",
            "fields": [
                {"name": "contactKey", "type": "Text", "length": 254, "primary_key": True},
                {"name": "Vip", "type": "Boolean"},
            ],
        },
    ],
    "event_definitions": [
        {"key": "welcome", "fields": [{"name": "OrderId", "type": "Text", "length": 40}]}
    ],
}
ALL = 'type = "track"'
FIELDS: dict[str, dict[str, Any]] = {
    "orders": {
        "key": {"@path": "$.properties.table"},
        "keys": {"OrderId": {"@path": "$.properties.id"}},
        "values": {
            "Total": {"@path": "$.properties.total"},
            "Email": {"@path": "$.properties.email"},
            "Note": {"@path": "$.properties.note"},
        },
    },
    "people": {"key": "people", "values": {"Vip": {"@path": "$.properties.vip"}}},
    "journey": {"eventDefinitionKey": "welcome", "data": {"OrderId": {"@path": "$.properties.id"}}},
    "contacts": {},
}
ACTIONS = {
    "orders": "send-event-to-data-extension",
    "people": "send-contact-to-data-extension",
    "journey": "send-api-event",
    "contacts": "create-contact",
}


def track(number: int, **properties: Any) -> dict[str, Any]:
    usual = {"id": f"o-{number}", "total": number, "table": "orders", "vip": True}
    return {"type": "track", "userId": f"c-{number}", "properties": {**usual, **properties}}


async def outcomes_of(connection: wharfinger.Connection, events: Any, name: str) -> list[Any]:
    async with connection:
        return [receipt.outcomes[name] for receipt in await connection.deliver(events)]


def statuses(outcomes: Any) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


def calls(simulator: Simulator, path: str, method: str = "POST") -> int:
    return sum(path in r.path and r.method == method for r in simulator.requests)
