"""Previews of rows: every request that would be sent, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

ACTION = "send-event-to-data-extension"
FIELDS: dict[str, Any] = {
    "key": {"@path": "$.properties.key"},
    "id": {"@path": "$.properties.id"},
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": 1},
}


def event(order: str, **named: str) -> dict[str, Any]:
    return {"type": "track", "properties": {"order_id": order, **(named or {"key": "orders"})}}


@pytest.fixture
def preview(connect, cloud):
    async def preview(events: list[dict[str, Any]], **options: Any) -> list[list[str]]:
        connection = connect(ACTION, {**FIELDS, **options}, trigger='type = "track"')
        async with connection:
            shown = await connection.preview(events)
        assert cloud.requests == []
        assert not any(receipt.outcomes for receipt in shown.receipts)
        return [
            [row["keys"]["OrderId"] for row in json.loads(request.body)]
            for request in shown.requests
        ]

    return preview


async def test_rows_that_might_be_one_are_shown_one_after_the_other(preview):
    assert await preview([event("a"), event("A"), event("a ")]) == [["a"], ["A"], ["a "]]


async def test_every_part_of_a_large_batch_is_shown(preview):
    shown = await preview([event(f"o-{n}") for n in range(120)], api="auto")

    assert [len(rows) for rows in shown] == [50, 50, 20]


async def test_rows_that_wait_for_others_under_another_name_are_shown(preview):
    shown = await preview([event("a"), event("a", id="some-id"), event("a")])

    assert shown == [["a"], ["a"], ["a"]]
