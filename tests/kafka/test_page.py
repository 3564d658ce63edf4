"""The commands of the page "Consume from Kafka", typed against mock brokers and the simulator."""

from __future__ import annotations

import pytest
from tests.meta.pages import DOCS, texts
from tests.meta.terminal import SECRET, SETTINGS, terminal

__all__ = ["terminal"]

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

PAGE = "docs/how-to/consume-from-kafka.md"
ORDERS = """
[connections.shop.mappings.orders]
action = "send-event-to-data-extension"
trigger = 'type = "track" and event = "Order Completed"'

[connections.shop.mappings.orders.fields]
key = "orders"
keys.OrderId = { "@path" = "$.properties.order_id" }
values.SubscriberKey = { "@path" = "$.userId" }
"""


def test_what_is_typed_delivers_what_is_in_the_topic(
    terminal, brokers, producer, sfmc, sfmc_address
):
    (inbox,) = texts(PAGE, "toml")
    topic = brokers.topics_of(12, "shop")
    shop = terminal.folder / "shop.toml"
    shop.write_text(inbox + SETTINGS.format(address=sfmc_address) + ORDERS)
    terminal.environment.setenv("SFMC_CLIENT_SECRET", SECRET)
    (url,) = (
        line.partition("=")[2].strip("'")
        for line in texts(PAGE, "console")[0].splitlines()
        if line.startswith("$ export WHARFINGER_ENGINE=")
    )
    terminal.replaced[url] = brokers.url(topic)
    terminal.skipped = ("pip",)
    terminal.added = {"wharfinger run": "--once"}
    setup, run = texts(PAGE, "console")[0].split("$ wharfinger run")
    assert terminal.type(setup) == 2
    producer.produce(topic, (DOCS / "tutorial/events.jsonl").read_bytes())
    assert producer.flush(10) == 0
    assert terminal.type(f"$ wharfinger run{run}") == 1
    assert len(sfmc.rows("orders")) == 1
