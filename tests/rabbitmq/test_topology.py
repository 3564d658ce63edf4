"""The forms of queues."""

from __future__ import annotations

from wharfinger_rabbitmq.topology import Topology


def test_dead_letters_may_be_looked_at_as_often_as_one_likes():
    # RabbitMQ 4 drops what went back to its place 20 times, where a queue says nothing of it.
    letters = Topology("wharfinger", 4, 100).letters("acme")
    assert letters.arguments["x-delivery-limit"] > 1_000_000
