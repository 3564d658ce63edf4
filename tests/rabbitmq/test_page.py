"""The commands of the page "Scale out with RabbitMQ", typed against a node and the simulator."""

from __future__ import annotations

import pytest
from tests.meta.pages import DOCS, texts
from tests.meta.terminal import SECRET, SETTINGS, terminal

__all__ = ["terminal"]

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("rabbitmq")]

PAGE = "docs/how-to/scale-out-with-rabbitmq.md"
ORDERS = """
[inbox]
file = "shop.db"

[connections.shop.mappings.orders]
action = "send-event-to-data-extension"
trigger = 'type = "track" and event = "Order Completed"'

[connections.shop.mappings.orders.fields]
key = "orders"
keys.OrderId = { "@path" = "$.properties.order_id" }
values.SubscriberKey = { "@path" = "$.userId" }
"""


def test_what_is_typed_delivers_what_was_published(terminal, url, sfmc, sfmc_address):
    (terminal.folder / "shop.toml").write_text(SETTINGS.format(address=sfmc_address) + ORDERS)
    (terminal.folder / "events.jsonl").write_bytes((DOCS / "tutorial/events.jsonl").read_bytes())
    terminal.environment.setenv("SFMC_CLIENT_SECRET", SECRET)
    begin, status = texts(PAGE, "console")[:2]
    terminal.replaced["amqp://USER:PASSWORD@mq1,mq2,mq3/"] = url
    # What receives events goes on until it is told to stop, and has a page of its own.
    terminal.skipped = ("pip", "wharfinger serve")
    terminal.added = {"wharfinger run": "--once"}
    setup, run = begin.split("$ wharfinger run")
    assert terminal.type(setup) == 2
    terminal.shows("wharfinger accept shop.toml events.jsonl", "")
    terminal.shows("wharfinger engine status shop.toml", "shop: 0 workers, 0 dead letters\n...")
    assert terminal.type(f"$ wharfinger run{run}") == 1
    assert terminal.type(status) == 1
    assert len(sfmc.rows("orders")) == 1
