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
from wharfinger.trigger import compile_trigger

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
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {
        "ContactKey": {"@path": "$.userId"},
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
        "Source": "web",
    },
}


def _by_hand(event: dict[str, Any]) -> dict[str, Any]:
    properties, context = event["properties"], event["context"]
    shipping = properties["shipping"]
    values = {
        "ContactKey": event["userId"],
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
        "Source": "web",
    }
    if "not_there" in properties:
        values["Missing"] = properties["not_there"]
    return {"key": "orders", "keys": {"OrderId": properties["order_id"]}, "values": values}


def _row_by_hand(event: dict[str, Any]) -> bytes:
    row = _by_hand(event)
    return orjson.dumps({"keys": row["keys"], "values": row["values"]})


def _trigger_by_hand(event: dict[str, Any]) -> bool:
    total = event.get("properties", {}).get("total")
    return (
        event.get("type") == "track"
        and event.get("event") == "Order Completed"
        and isinstance(total, (int, float))
        and not isinstance(total, bool)
        and total > 100
    )


def _row() -> Callable[[dict[str, Any]], bytes]:
    connection = wharfinger.load_plugins().connect(
        {
            "destination": "salesforce-marketing-cloud",
            "settings": {
                "account_id": "1",
                "client_id": "c",
                "client_secret": "s",
                "subdomain": "mc00000000000000000000000000",
            },
            "mappings": {
                "orders": {
                    "action": "send-event-to-data-extension",
                    "trigger": TRIGGER,
                    "fields": FIELDS,
                }
            },
        }
    )
    prepare = connection.mappings["orders"].prepare

    def row(event: dict[str, Any]) -> bytes:
        item = prepare(0, event)
        assert not isinstance(item, wharfinger.Outcome)
        return item.body

    return row


TRIGGER = 'type = "track" and event = "Order Completed" and properties.total > 100'

ROADS: dict[str, tuple[Callable[[], Callable[..., Any]], Callable[..., Any]]] = {
    "trigger of three terms": (lambda: compile_trigger(TRIGGER), _trigger_by_hand),
    "field mapping of 14 values": (lambda: compile_mapping(parse(FIELDS)).function, _by_hand),
    "event to encoded row": (_row, _row_by_hand),
}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("by", ["wharfinger", "hand"])
def test_one_event(benchmark, road, by):
    make_ours, by_hand = ROADS[road]
    ours = make_ours()
    assert ours(EVENT) == by_hand(EVENT)
    benchmark.group = road
    benchmark.name = by
    benchmark(ours if by == "wharfinger" else by_hand, EVENT)
