"""How many calls it takes to find the rows that SFMC refuses, counted at the simulator."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Final

import wharfinger
from wharfinger_sfmc_simulator import Simulator

ROWS: Final = 50
REFUSED: Final = (0, 1, 2, 5, 10, 25, 50)
_TURNS: Final = 10

_TENANT: Final[dict[str, Any]] = {
    "tenant": {"subdomain": "mcsample0sample0sample0sampl", "eid": 510001234},
    "accounts": [{"id": 510001234, "name": "Sample"}],
    "clients": [{"id": "client", "secret": "sample-secret", "account": 510001234}],
    "data_extensions": [
        {
            "key": "orders",
            "id": "5b6f8f1a-0000-4f11-b859-48df37dc1380",
            "fields": [
                {"name": "OrderId", "type": "Text", "length": 40, "primary_key": True},
                {"name": "Total", "type": "Number"},
            ],
        }
    ],
}
_CONNECTION: Final[dict[str, Any]] = {
    "destination": "salesforce-marketing-cloud",
    "settings": {
        "account_id": "510001234",
        "client_id": "client",
        "client_secret": "sample-secret",
        "subdomain": "mcsample0sample0sample0sampl",
    },
    "mappings": {
        "orders": {
            "action": "send-event-to-data-extension",
            "trigger": 'type = "track"',
            "fields": {
                "key": "orders",
                "keys": {"OrderId": {"@path": "$.properties.order"}},
                "values": {"Total": {"@path": "$.properties.total"}},
                "empties": "clear",
            },
            "batch": {"lanes": 1},
        }
    },
}


def calls(refused: int) -> float:
    """Return the calls that 50 rows need, on average over where the refused ones stand.

    Args:
        refused: How many of them SFMC refuses and we cannot know of.
    """
    plugins = wharfinger.load_plugins()
    drawn = random.Random(refused)
    return asyncio.run(_calls(plugins, refused, drawn)) / _TURNS


async def _calls(plugins: wharfinger.Plugins, refused: int, drawn: random.Random) -> int:
    # Only the tenant knows that it takes no empty text for a number.
    simulator = Simulator.from_mapping(_TENANT, switches={"empty_text": "refuse"})
    connection = plugins.connect(_CONNECTION, transport=simulator.transport())
    async with connection:
        for turn in range(_TURNS):
            bad = set(drawn.sample(range(ROWS), refused))
            events = [
                {
                    "type": "track",
                    "properties": {"order": f"{turn}-{n}", "total": "" if n in bad else n},
                }
                for n in range(ROWS)
            ]
            receipts = await connection.deliver(events)
            statuses = [receipt.outcomes["orders"].status for receipt in receipts]
            assert statuses.count(wharfinger.Status.REJECTED) == refused
    return sum(request.path.endswith("/rowset") for request in simulator.requests)
