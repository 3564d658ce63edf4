"""The plugin keeps the contract of a destination."""

from collections.abc import Mapping
from typing import Any

import httpx
import orjson
import wharfinger_postbox

from wharfinger.testing import DestinationContract, Example


def letter(address: str) -> dict[str, Any]:
    """Return an event that becomes a letter to an address."""
    return {"type": "track", "event": "Order", "context": {"traits": {"address": address}}}


class TestPostbox(DestinationContract):
    """Tries the plugin in every way that a host and Postbox can."""

    destination = "postbox"
    plugin = wharfinger_postbox
    settings: Mapping[str, Any] = {"api_key": "made-up-key-0123"}
    examples: Mapping[str, Example] = {
        "send-letter": Example(
            events=[letter("Quay 1"), letter("Quay 2")],
            refused=[letter("Nowhere")],
            fields={"text": {"@template": "Hello {{event}}"}},
        )
    }

    def answers(self, request: httpx.Request) -> httpx.Response:
        """Reply as Postbox does while it works."""
        letters = orjson.loads(request.content) if request.content else []
        verdicts = ["unknown address" if each["to"] == "Nowhere" else "sent" for each in letters]
        return httpx.Response(200, json={"verdicts": verdicts})
