"""Sends events by Segment's SDK for Python, as its users would; a program of its own.

Its arguments are the address of the server, the write key, and how many events to send. It says in
JSON how many could not be sent.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from segment.analytics.client import Client  # type: ignore[import-untyped]  # it has no types

LOST: list[Any] = []


def main(address: str, write_key: str, events: int) -> None:
    client = Client(
        write_key,
        host=address,
        max_queue_size=2 * events,
        gzip=True,
        on_error=lambda _, items: LOST.extend(items),
    )
    for number in range(events):
        queued, _ = client.track(f"u-{number % 100}", "Order Completed", {"number": number})
        if not queued:
            LOST.append(number)
    client.flush()
    client.join()
    sys.stdout.write(json.dumps({"lost": len(LOST)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
