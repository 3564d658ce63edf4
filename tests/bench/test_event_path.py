"""What one event costs on its way to a payload, beside the same work written by hand.

Each group is measured in one run; the numbers in parentheses are the ratios. Nothing is asserted
of them: a machine that is busy must not fail a build.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

import wharfinger
from wharfinger.mapping import compile_mapping, parse
from wharfinger_sfmc.actions.send_contact_to_data_extension import SendContactToDataExtension

pytestmark = pytest.mark.bench

EVENT: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "timestamp": "2026-03-01T08:00:00Z",
    "properties": {
        "order_id": "O-1",
        "total": 129.5,
        "currency": "EUR",
        "coupon": None,
        "shipping": {"city": "København", "zip": "1050"},
        "products": [{"sku": "a-1", "price": 10.0}, {"sku": "a-2", "price": 119.5}],
    },
    "context": {"page": {"url": "https://shop.example/thanks"}, "locale": "da-DK"},
}

FIELDS: dict[str, Any] = {
    "key": "orders",
    "keys": {"contactKey": {"@path": "$.userId"}},
    "values": {
        "OrderId": {"@path": "$.properties.order_id"},
        "Total": {"@path": "$.properties.total"},
        "Currency": {"@case": {"operator": "lower", "value": {"@path": "$.properties.currency"}}},
        "City": {"@path": "$.properties.shipping.city"},
        "Zip": {"@path": "$.properties.shipping.zip"},
        "FirstSku": {"@path": "$.properties.products[0].sku"},
        "Url": {"@path": "$.context.page.url"},
        "Locale": {"@path": "$.context.locale"},
        "At": {"@path": "$.timestamp"},
        "Coupon": {"@path": "$.properties.coupon"},
        "Missing": {"@path": "$.properties.not_there"},
        "Line": {"@template": "{{properties.order_id}} to {{properties.shipping.city}}"},
        "Gift": {"@if": {"exists": {"@path": "$.properties.gift"}, "then": "yes", "else": "no"}},
        "Source": "web",
    },
}
TRIGGER = 'type = "track" and event = "Order Completed" and properties.total > 100'

CONNECTION = {
    "destination": "salesforce-marketing-cloud",
    "settings": {
        "account_id": "1",
        "client_id": "c",
        "client_secret": "s",
        "subdomain": "mc00000000000000000000000000",
    },
    "mappings": {
        "orders": {
            "action": "send-contact-to-data-extension",
            "trigger": TRIGGER,
            "fields": FIELDS,
        }
    },
}

ABSENT: Any = object()


def _fields_by_hand(event: dict[str, Any]) -> dict[str, Any]:
    """Trust the event to have everything that it should have."""
    properties, context = event["properties"], event["context"]
    shipping = properties["shipping"]
    values = {
        "OrderId": properties["order_id"],
        "Total": properties["total"],
        "Currency": properties["currency"].lower(),
        "City": shipping["city"],
        "Zip": shipping["zip"],
        "FirstSku": properties["products"][0]["sku"],
        "Url": context["page"]["url"],
        "Locale": context["locale"],
        "At": event["timestamp"],
        "Coupon": properties["coupon"],
        "Line": f"{properties['order_id']} to {shipping['city']}",
        "Gift": "no" if properties.get("gift") is None else "yes",
        "Source": "web",
    }
    if "not_there" in properties:
        values["Missing"] = properties["not_there"]
    return {"key": "orders", "keys": {"contactKey": event["userId"]}, "values": values}


def _fields_by_careful_hand(event: dict[str, Any]) -> dict[str, Any]:
    """Take absent objects and values as they come; leave absent values out."""
    properties, context = event.get("properties") or {}, event.get("context") or {}
    shipping, page = properties.get("shipping") or {}, context.get("page") or {}
    products = properties.get("products") or [{}]
    currency = properties.get("currency", ABSENT)
    values = {
        "OrderId": properties.get("order_id", ABSENT),
        "Total": properties.get("total", ABSENT),
        "Currency": currency.lower() if isinstance(currency, str) else currency,
        "City": shipping.get("city", ABSENT),
        "Zip": shipping.get("zip", ABSENT),
        "FirstSku": products[0].get("sku", ABSENT),
        "Url": page.get("url", ABSENT),
        "Locale": context.get("locale", ABSENT),
        "At": event.get("timestamp", ABSENT),
        "Coupon": properties.get("coupon", ABSENT),
        "Missing": properties.get("not_there", ABSENT),
        "Line": f"{properties.get('order_id', '')} to {shipping.get('city', '')}",
        "Gift": "no" if properties.get("gift") is None else "yes",
        "Source": "web",
    }
    values = {name: value for name, value in values.items() if value is not ABSENT}
    return {"key": "orders", "keys": {"contactKey": event.get("userId")}, "values": values}


def _checked_by_hand(fields: dict[str, Any]) -> Any:
    contact_key = fields["keys"]["contactKey"]
    if not isinstance(contact_key, str) or not contact_key.strip():
        raise ValueError("Contact Key is missing.")
    return SendContactToDataExtension(
        key=fields["key"], keys=fields["keys"], values=fields["values"]
    )


def _payload_by_hand(event: dict[str, Any]) -> Any:
    return _checked_by_hand(_fields_by_hand(event))


def _payload_by_careful_hand(event: dict[str, Any]) -> Any:
    return _checked_by_hand(_fields_by_careful_hand(event))


def _row_by_hand(event: dict[str, Any]) -> bytes:
    payload = _payload_by_hand(event)
    # In the form of a row, null leaves its column out.
    values = {name: value for name, value in payload.values.items() if value is not None}
    return orjson.dumps({"keys": payload.keys, "values": values})


def _trigger_by_hand(event: dict[str, Any]) -> bool:
    total = event.get("properties", {}).get("total")
    return (
        event.get("type") == "track"
        and event.get("event") == "Order Completed"
        and isinstance(total, (int, float))
        and not isinstance(total, bool)
        and total > 100
    )


@pytest.fixture(scope="module")
def ours() -> dict[str, Callable[[dict[str, Any]], Any]]:
    orders = wharfinger.load_plugins().connect(CONNECTION).mappings["orders"]

    def row(event: dict[str, Any]) -> bytes:
        item = orders.prepare(0, event)
        assert not isinstance(item, wharfinger.Outcome)
        return item.body

    return {
        "trigger of three terms": orders.matches,
        "map 15 values": compile_mapping(parse(FIELDS)).function,
        "map and validate 15 values": orders.payload,
        "event to encoded row": row,
    }


BY_HAND: dict[str, dict[str, Callable[[dict[str, Any]], Any]]] = {
    "trigger of three terms": {"hand": _trigger_by_hand},
    "map 15 values": {"hand": _fields_by_hand, "careful hand": _fields_by_careful_hand},
    "map and validate 15 values": {
        "hand": _payload_by_hand,
        "careful hand": _payload_by_careful_hand,
    },
    "event to encoded row": {"hand": _row_by_hand},
}


@pytest.mark.parametrize(
    ("road", "by"), [(road, by) for road in BY_HAND for by in ("wharfinger", *BY_HAND[road])]
)
def test_one_event(benchmark, ours, road, by):
    function = ours[road] if by == "wharfinger" else BY_HAND[road][by]
    assert function(EVENT) == BY_HAND[road]["hand"](EVENT)
    benchmark.group = road
    benchmark.name = by
    benchmark(function, EVENT)
